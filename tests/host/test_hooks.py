"""Prolific's webhook: only what is signed and fresh is heard, and a duplicate does nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from support.local_prolific import TOKEN, local_prolific
from support.paying import PLACE, Paying, paying_host
from support.walker import change, rows
from werkzeug.test import TestResponse

from diptych import models
from diptych.ground.settings import Settings

SECRET = "the secret of the workspace"
Tell = Callable[..., TestResponse]


@pytest.fixture
def paying(settings: Settings, tmp_path: Path) -> Iterator[Paying]:
    with local_prolific() as prolific:
        folder = tmp_path / "studies"
        yield paying_host(settings, folder, prolific, prolific_webhook_secret=SECRET)
        assert prolific.asked == []  # what is told is signed


@pytest.fixture
def tell(paying: Paying) -> Tell:
    def say(
        body: Any, *, secret: str = SECRET, at: float | None = None, signature: str | None = None
    ) -> TestResponse:
        timestamp = str(int(time.time() if at is None else at))
        data = json.dumps(body).encode()
        signed = hmac.new(secret.encode(), timestamp.encode() + data, hashlib.sha256).digest()
        headers = {
            "X-Prolific-Request-Timestamp": timestamp,
            "X-Prolific-Request-Signature": signature or base64.b64encode(signed).decode(),
            "X-Event-ID": "event1",
            "Content-Type": "application/json",
        }
        return paying.app.test_client().post("/hooks/prolific", data=data, headers=headers)

    return say


def returned(paying: Paying, session: int, status: str = "RETURNED") -> dict[str, str]:
    submission = paying.prolific.submissions[paying.submission(session)]
    return {
        "resource_id": submission.id,
        "event_type": "submission.status.change",
        "participant_id": submission.participant,
        "status": status,
    }


def status(app: Flask, session: int) -> str:
    found: str = rows(app, models.Session, id=session)[0]["status"]
    return found


def test_a_returned_submission_ends_its_session_once(paying: Paying, tell: Tell) -> None:
    gone, late, other = (paying.session(status="running") for _ in range(3))
    assert tell(returned(paying, gone)).status_code == 204
    assert tell(returned(paying, late, "TIMED-OUT")).status_code == 204
    ended_at = rows(paying.app, models.Session, id=gone)[0]["ended_at"]
    assert tell(returned(paying, gone)).status_code == 204
    assert rows(paying.app, models.Session, id=gone)[0]["ended_at"] == ended_at
    assert [status(paying.app, n) for n in (gone, late, other)] == [
        "returned", "timed_out", "running",
    ]  # fmt: skip


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_what_is_not_signed_or_old_is_not_heard(paying: Paying, tell: Tell) -> None:
    session = paying.session(status="running")
    event = returned(paying, session)
    assert tell(event, secret="another").status_code == 403
    assert tell(event, secret=TOKEN).status_code == 403
    assert tell(event, signature="é").status_code == 403
    assert tell(event, at=time.time() - 3600).status_code == 403
    assert paying.app.test_client().post("/hooks/prolific", json=event).status_code == 403
    assert status(paying.app, session) == "running"


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize(
    "changes",
    [
        {"status": "APPROVED"},
        {"status": None},
        {"participant_id": "somebody else"},
        {"resource_id": "another"},
        {"event_type": "study.status.change"},
        {"participant_id": "\ud800"},
        {"participant_id": "\0"},
        {"participant_id": ["a", {}]},
        {"resource_id": "\udfff"},
        {"status": "\ud800"},
        {"status": None},
    ],
)
def test_other_news_change_nothing(paying: Paying, tell: Tell, changes: dict[str, Any]) -> None:
    session = paying.session(status="running")
    assert tell(returned(paying, session) | changes).status_code == 204
    assert tell([1, "x"]).status_code == 204
    assert status(paying.app, session) == "running"


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_an_ended_session_stays_as_it_ended(paying: Paying, tell: Tell) -> None:
    session = paying.session()
    assert tell(returned(paying, session)).status_code == 204
    assert status(paying.app, session) == "completed"
    # Somebody who has taken another place since goes on with that one.
    running = paying.session(status="running")
    event = returned(paying, running)
    other = {"STUDY_ID": PLACE, "SESSION_ID": "another"}
    change(paying.app, models.Arrival, {"parameters": other}, session_id=running)
    assert tell(event).status_code == 204
    assert status(paying.app, running) == "running"


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_without_a_secret_there_is_no_such_place(app: Flask) -> None:
    assert app.test_client().post("/hooks/prolific", json={}).status_code == 404
