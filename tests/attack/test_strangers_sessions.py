"""A token opens the session that it was made for, also once the session's row has gone."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

import pytest
from flask import Flask
from itsdangerous import TimestampSigner
from sqlalchemy import delete, text
from support.walker import Walker, change, link, open_study, rows

from diptych import models
from diptych.ground.database import now_ms, writing
from diptych.journey import state

pytestmark = pytest.mark.both_databases


@pytest.fixture
def tiny(app: Flask, studies_folder: Path) -> Flask:
    open_study(app, studies_folder / "tiny")
    return app


def forget(app: Flask, number: int) -> None:
    """Take the last session out of the database; its number comes again, as after a restore."""
    with app.app_context(), writing() as connection:
        for model in (models.Event, models.Response, models.Trial, models.Arrival):
            connection.execute(delete(model).where(model.session_id == number))
        connection.execute(delete(models.Session).where(models.Session.id == number))
        if connection.dialect.name == "postgresql":  # SQLite gives it out again by itself
            again = text("SELECT setval(pg_get_serial_sequence('sessions', 'id'), :it, false)")
            connection.execute(again, {"it": number})


def old_token(app: Flask, number: int, at: float) -> str:
    """A token as version 0.1 made it: with the number of the row."""
    secret = app.extensions["diptych"].secret

    class Then(TimestampSigner):
        def get_timestamp(self) -> int:
            return int(at)

    signer = Then(secret, salt="diptych session", digest_method=hashlib.sha256)
    return signer.sign(str(number)).decode()


def number_of(app: Flask, walker: Walker) -> int:
    (row,) = rows(app, models.Session, public_id=walker.public_id)
    return int(row["id"])


def opened(app: Flask, token: str) -> str | None:
    """The public id of the session that a token opens."""
    reply = app.test_client().get("/api/v1/session", headers={"Authorization": f"Bearer {token}"})
    if reply.status_code == 200:
        return str(reply.json["session"]["id"])
    assert (reply.status_code, reply.json["error"]["code"]) == (401, "bad_token")
    return None


def test_the_next_person_gets_the_number_but_not_the_token(tiny: Flask) -> None:
    """A preview is purged, and its number goes to a participant."""
    spy = Walker(tiny.test_client()).start(**link(tiny, "preview", "tiny"))
    number, pictures = number_of(tiny, spy), spy.trial["images"]
    assert opened(tiny, str(spy.token)) == spy.public_id
    forget(tiny, number)
    assert opened(tiny, str(spy.token)) is None
    victim = Walker(tiny.test_client()).start()
    assert number_of(tiny, victim) == number
    assert opened(tiny, str(spy.token)) is None
    assert not set(victim.trial["images"]) & set(pictures)


def test_tokens_of_an_older_version_go_on_for_a_day(tiny: Flask) -> None:
    walker = Walker(tiny.test_client()).start()
    number = number_of(tiny, walker)
    token = old_token(tiny, number, time.time())
    assert opened(tiny, token) == walker.public_id
    # Whoever came after the token was made is somebody else.
    hour_ago = old_token(tiny, number, time.time() - 3600)
    assert opened(tiny, hour_ago) is None
    change(tiny, models.Session, {"entered_at": now_ms() - 3_601_000}, public_id=walker.public_id)
    assert opened(tiny, hour_ago) == walker.public_id
    change(tiny, models.Session, {"entered_at": now_ms() - 90_000_000}, public_id=walker.public_id)
    assert opened(tiny, old_token(tiny, number, time.time() - state.OLD_TOKENS_S - 5)) is None


@pytest.mark.parametrize("name", ["", "0", "-1", "1.5", "9" * 17, "9" * 40, "x" * 32, "' OR 1=1"])
def test_a_name_that_is_no_session_opens_nothing(tiny: Flask, name: str) -> None:
    """Signed with the right key, so that nothing but the name is wrong."""
    Walker(tiny.test_client()).start()
    token = tiny.extensions["diptych"].tokens.make(name)
    assert opened(tiny, token) is None
