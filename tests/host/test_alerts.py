"""Alerts: what is worth one, and that each is sent once, by mail and by webhook."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as Handler
from click.testing import CliRunner
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from support.dashboard import researcher
from support.servers import free_port
from support.tiny_studies import category_study
from support.walker import Walker, change, open_study, rows

from diptych import models
from diptych.alerts.delivery import watch
from diptych.alerts.reasons import Limits, StudyNumbers, reasons
from diptych.app import create_app
from diptych.cli import cli
from diptych.ground.settings import Settings

NOTHING = StudyNumbers("open", False, 10, 0.5, 0, 0, 0, 0, 0, 0)
LIMITS = Limits(24, 40)


def kinds(limits: Limits = LIMITS, **changes: Any) -> set[str]:
    return {kind for kind, _ in reasons(replace(NOTHING, **changes), limits)}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, set()),
        ({"full": True}, {"full"}),
        ({"full": True, "hours_quiet": 99.0}, {"full"}),
        ({"full": True, "state": "paused"}, set()),
        ({"hours_quiet": 23.9}, set()),
        ({"hours_quiet": 24.0}, {"quiet"}),
        ({"ended": 9, "left": 9}, set()),
        ({"ended": 10, "left": 3}, set()),
        ({"ended": 10, "left": 4}, {"dropout"}),
        ({"with_errors": 2}, set()),
        ({"with_errors": 3}, {"errors"}),
        ({"budget": 1000, "spent": 799}, set()),
        ({"budget": 1000, "spent": 800, "state": "closed"}, {"budget"}),
        ({"in_doubt": 1, "state": "closed"}, {"payments"}),
    ],
)
def test_what_is_worth_an_alert(changes: dict[str, Any], expected: set[str]) -> None:
    assert kinds(**changes) == expected


@given(
    hours=st.floats(0, 1e5), ended=st.integers(0, 20), left=st.integers(0, 20), full=st.booleans()
)
def test_limits_can_be_switched_off(hours: float, ended: int, left: int, full: bool) -> None:
    numbers = {"hours_quiet": hours, "ended": ended, "left": min(left, ended), "full": full}
    assert kinds(Limits(0, 100), **numbers) <= {"full"}


class Mails(Handler):
    """Keeps what a mail server was given; refuses while `away`."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[Any] = []
        self.away = False

    def handle_message(self, message: Any) -> None:
        self.kept.append(message)

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if self.away:
            return "451 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"


class Posts:
    """Keeps what a webhook was given; answers with `status`."""

    def __init__(self) -> None:
        self.kept: list[tuple[dict[str, str], bytes]] = []
        self.status = 200
        posts = self

        class Listener(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if posts.status == 200:
                    posts.kept.append((dict(self.headers), body))
                self.send_response(posts.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook/s3cret"


@pytest.fixture
def mails() -> Iterator[tuple[Mails, int]]:
    handler, port = Mails(), free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, port
    controller.stop()


@pytest.fixture
def posts() -> Iterator[Posts]:
    made = Posts()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@pytest.fixture
def alerting(settings: Settings, mails: tuple[Mails, int], posts: Posts, tmp_path: Path) -> Flask:
    changed = settings.model_copy(
        update={
            "smtp_host": "127.0.0.1",
            "smtp_port": mails[1],
            "smtp_security": "none",
            "alert_emails": "ada@example.org, bob@example.org",
            "alert_webhook": posts.url,
        }
    )
    app = create_app(changed)
    changes = {"recruitment": {"participants": 1}}
    open_study(app, category_study(tmp_path / "tiny", training=1, test=1, changes=changes))
    return app


def look(app: Flask) -> int:
    with app.app_context():
        return watch(app.extensions["diptych"].settings)


def try_now(app: Flask) -> None:
    change(app, models.Alert, {"next_try_at": 0})


def test_a_full_study_is_told_once_by_both_ways(
    alerting: Flask, mails: tuple[Mails, int], posts: Posts
) -> None:
    assert look(alerting) == 0
    Walker(alerting.test_client()).start(participant="a").finish()
    assert [look(alerting) for _ in range(3)] == [2, 0, 0]
    try_now(alerting)
    assert look(alerting) == 0, "what was sent is not sent again"
    (mail,) = mails[0].kept
    assert mail["Subject"] == "Diptych: tiny"
    assert mail["To"] == "ada@example.org, bob@example.org"
    assert "The only place is taken." in mail.get_payload()
    ((_, body),) = posts.kept
    told = json.loads(body)
    assert (told["study"], told["kind"]) == ("tiny", "full")
    assert told["address"].endswith("/dashboard/studies/tiny")


def test_a_server_that_is_away_hurts_nothing_and_is_tried_again(
    alerting: Flask, mails: tuple[Mails, int], posts: Posts, caplog: pytest.LogCaptureFixture
) -> None:
    mails[0].away, posts.status = True, 500
    Walker(alerting.test_client()).start(participant="a").finish()
    with caplog.at_level(logging.WARNING, "diptych"):
        assert look(alerting) == 0
    assert "was not sent" in caplog.text and "s3cret" not in caplog.text
    assert look(alerting) == 0, "not at once again"
    (row,) = rows(alerting, models.Alert)
    assert (row["tries"], row["mailed_at"], row["posted_at"]) == (1, None, None)
    page = researcher(alerting, "viewer").get("/studies/tiny/alerts").text
    assert "e-mail to 2 addresses" in page and "The only place is taken." in page
    assert "the webhook answered 500" in page and "next try" in page
    mails[0].away = False
    try_now(alerting)
    assert look(alerting) == 1, "the mail, but not the webhook"
    posts.status = 200
    try_now(alerting)
    assert look(alerting) == 1
    assert (len(mails[0].kept), len(posts.kept)) == (1, 1)


def test_a_reason_that_comes_back_the_same_day_is_not_told_again(
    alerting: Flask, posts: Posts
) -> None:
    change(alerting, models.StudyVersion, {"opened_at": 1})
    assert look(alerting) == 2  # nobody came since 1970
    Walker(alerting.test_client()).enter(participant="a")
    assert look(alerting) == 0
    (row,) = rows(alerting, models.Alert)
    assert row["kind"] == "quiet" and row["ended_at"] is not None
    change(alerting, models.Session, {"entered_at": 1})
    assert look(alerting) == 0
    change(alerting, models.Alert, {"since": 1, "ended_at": 2})
    assert look(alerting) == 2
    assert len(posts.kept) == 2


@pytest.mark.parametrize(
    ("format_", "where"),
    [
        ("slack", lambda body: json.loads(body)["text"]),
        ("teams", lambda body: json.loads(body)["attachments"][0]["content"]["body"][1]["text"]),
        ("ntfy", lambda body: body.decode()),
    ],
)
def test_each_service_gets_its_format(
    settings: Settings, posts: Posts, format_: str, where: Any
) -> None:
    environment = {
        "DIPTYCH_DATABASE_URL": settings.database_url,
        "DIPTYCH_HOME": str(settings.home),
        "DIPTYCH_ALERT_WEBHOOK": posts.url,
        "DIPTYCH_ALERT_WEBHOOK_FORMAT": format_,
    }
    done = CliRunner().invoke(cli, ["alerts", "test"], env=environment)
    assert (done.exit_code, done.output) == (0, "webhook: sent\n")
    headers, body = posts.kept[0]
    assert "This is a test" in where(body)
    assert format_ != "ntfy" or headers["Title"] == "Diptych: test"
    posts.status = 404
    failed = CliRunner().invoke(cli, ["alerts", "test"], env=environment)
    assert (failed.exit_code, failed.output) == (1, "webhook: the webhook answered 404\n")
