"""The wall clock of a running host is set to and fro: nothing that was answered depends on it."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults.conftest import open_here
from faults.invariants import hold, report
from flask import Flask
from sqlalchemy import update
from support.crowd import PATIENCE, Crowd
from support.rows import count, query
from support.servers import LiveServer
from support.set_clock import DAY, HOUR, MINUTE, Clock
from support.tiny_studies import category_study
from support.walker import Walker, open_study

from diptych import models
from diptych.accounts import throttle
from diptych.ground.database import now_ms, table, writing
from diptych.ground.keys import study_key
from diptych.ground.settings import Settings

pytestmark = pytest.mark.slow


@pytest.fixture
def wound(settings: Settings, steady: Path, clock: Clock) -> Iterator[LiveServer]:
    """A running host that lives by the clock."""
    made = LiveServer(
        {
            "DIPTYCH_HOME": str(settings.home),
            "DIPTYCH_DATABASE_URL": settings.database_url,
            "DIPTYCH_STUDIES": str(settings.studies),
            "DIPTYCH_SECRET_KEY": settings.secret_key,
        },
        settings.home.parent / "server.log",
    )
    open_here(settings, steady)
    made.environment |= clock.environment
    yield made
    made.stop()


def statuses(settings: Settings) -> dict[str, int]:
    rows = query(settings, "SELECT status, count(*) FROM sessions GROUP BY status")
    return dict(tuple(row) for row in rows)


def go_on(crowd: Crowd, seconds: float) -> None:
    """Let so much time pass, and more until everybody may have answered something."""
    until, before = time.monotonic() + seconds, len(crowd.books.acknowledged)
    while time.monotonic() < until or len(crowd.books.acknowledged) - before < crowd.people:
        assert time.monotonic() < until + PATIENCE, "nobody answers"
        time.sleep(0.05)


def test_the_clock_is_set_back_again_and_again(
    wound: LiveServer, clock: Clock, settings: Settings, seconds: float, record_property
) -> None:
    """By minutes, hours, a year: no session is ended by it, and no token refused."""
    offsets = [400 * DAY, 400 * DAY - 10 * MINUTE, 399 * DAY, 30 * DAY, 5 * HOUR, 0]
    clock.set(offsets[0])
    wound.start()
    crowd = Crowd(wound.url, "steady", study_key(settings.secret(), "simulate", "steady"))
    with crowd:
        for offset in offsets[1:]:
            go_on(crowd, seconds / len(offsets))
            clock.set(offset)
        go_on(crowd, seconds / len(offsets))
    hold(settings, wound.url, crowd.books)
    assert set(statuses(settings)) == {"completed"}
    backwards = query(
        settings,
        "SELECT count(*) FROM responses r JOIN responses s ON s.session_id = r.session_id "
        "AND s.trial_index = r.trial_index + 1 WHERE s.received_at < r.received_at",
    )
    assert backwards[0][0] > 0, "no session saw the clock go back: nothing was shown"
    report(record_property, crowd, len(offsets) - 1)


def test_the_clock_jumps_to_and_fro(
    wound: LiveServer, clock: Clock, settings: Settings, seconds: float, record_property
) -> None:
    """A jump over the time within which a session may be gone on with ends it as timed out."""
    wound.start()
    rng, jumps = random.Random(6), 0
    crowd = Crowd(wound.url, "steady", study_key(settings.secret(), "simulate", "steady"))
    with crowd:
        end = time.monotonic() + seconds
        ended = crowd.books.ended.values()
        # Until a jump forwards has found somebody in the middle.
        while time.monotonic() < end or "timed_out" not in ended:
            assert time.monotonic() < end + PATIENCE, "nobody was ever timed out"
            crowd.wait_for_answers(rng.randrange(2, 24))
            clock.set(rng.choice([-3 * DAY, -4 * HOUR, -MINUTE, 0, MINUTE, 4 * HOUR, 3 * DAY]))
            jumps += 1
        clock.set(0)
        until = time.monotonic() + PATIENCE
        while "completed" not in ended and time.monotonic() < until:
            time.sleep(0.1)
    hold(settings, wound.url, crowd.books)
    found = statuses(settings)
    assert set(found) == {"completed", "timed_out"}, found
    report(record_property, crowd, jumps)


def test_a_clock_set_back_locks_nobody_out(app: Flask) -> None:
    """A failed log-in was noted a year ahead: the wait is as long as its count says, no longer."""
    attempt = throttle.Attempt.of(b"secret", "ada", "10.0.0.1")
    failures = table(models.LoginFailure)
    with app.app_context():
        for _ in range(throttle.FREE_FOR_NAME):
            throttle.begin(attempt)
        with writing() as connection:
            connection.execute(update(failures).values(last_at=now_ms() + 365 * DAY * 1000))
        with pytest.raises(throttle.TooMany) as told:
            throttle.begin(attempt)
    assert told.value.wait_ms <= throttle.wait_after(throttle.FREE_FOR_NAME, throttle.FREE_FOR_NAME)


#: A host begins, its clock is set, and the hour comes in which it looks for what to delete.
HOUSEKEEPING = """
import sys
from pathlib import Path
from diptych import create_app
from diptych.privacy import retention
app = create_app()
host = app.extensions["diptych"]
Path(sys.argv[1]).write_text(sys.argv[2])
host.retention_due = 0
retention.now_and_then(app, host).join()
"""


@pytest.mark.parametrize("known", ["set while it runs", "wrong from the beginning"])
def test_a_clock_set_forwards_deletes_nothing(
    known: str, app: Flask, settings: Settings, studies_folder: Path, clock: Clock
) -> None:
    """Answers are kept for a year; the clock says that ten years have passed."""
    category_study(studies_folder / "tiny", changes={"privacy": {"answers_days": 365}})
    open_study(app, studies_folder / "tiny")
    Walker(app.test_client(), "tiny").start(participant="ada").finish()
    answers = count(settings, "responses")
    if known == "wrong from the beginning":
        clock.set(3650 * DAY)
    done = subprocess.run(
        [sys.executable, "-c", HOUSEKEEPING, str(clock.file), f"+{3650 * DAY}s"],
        env={
            **os.environ,
            **clock.environment,
            "DIPTYCH_HOME": str(settings.home),
            "DIPTYCH_DATABASE_URL": settings.database_url,
            "DIPTYCH_STUDIES": str(settings.studies),
            "DIPTYCH_SECRET_KEY": settings.secret_key,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    # Who shares a machine, and its clock, with the database can't know that it was always wrong.
    unknowing = known == "wrong from the beginning" and settings.database_url.startswith("sqlite")
    assert count(settings, "responses") == (0 if unknowing else answers), done.stderr
    assert ("are not applied" in done.stderr) is not unknowing
