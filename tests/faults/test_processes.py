"""Processes that die under load, and a machine that misbehaves: nothing acknowledged is lost."""

from __future__ import annotations

import contextlib
import os
import random
import resource
import signal
import sqlite3
import time
from pathlib import Path

import pytest
from faults.conftest import open_here
from faults.invariants import hold, report
from support.crowd import Crowd
from support.servers import LiveServer

from diptych import migrate
from diptych.ground.settings import Settings

pytestmark = pytest.mark.slow


def until(seconds: float) -> float:
    return time.monotonic() + seconds


def workers(server: LiveServer) -> list[int]:
    """Process ids of gunicorn's workers."""
    master = server.pid
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    return [int(child) for child in children]


def test_workers_are_killed(
    server: LiveServer, crowd: Crowd, settings: Settings, seconds: float, record_property
) -> None:
    rng, kills = random.Random(1), 0
    with crowd:
        end = until(seconds)
        while time.monotonic() < end or kills < 3:
            crowd.wait_for_answers(rng.randrange(2, 24))
            alive = workers(server)
            # A process that has ended by now can't be killed any more.
            with contextlib.suppress(IndexError, ProcessLookupError):
                os.kill(rng.choice(alive), signal.SIGKILL)
                kills += 1
    hold(settings, server.url, crowd.books)
    report(record_property, crowd, kills)


def test_the_whole_server_is_killed(
    server: LiveServer, crowd: Crowd, settings: Settings, seconds: float, record_property
) -> None:
    kills = 0
    with crowd:
        end = until(seconds)
        while time.monotonic() < end or kills < 2:
            crowd.wait_for_answers(crowd.people)
            server.restart()
            kills += 1
    hold(settings, server.url, crowd.books)
    report(record_property, crowd, kills)


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_the_disk_is_full_for_a_while(
    server: LiveServer, crowd: Crowd, settings: Settings, seconds: float, record_property
) -> None:
    """The kernel refuses every write of the workers beyond some bytes, as a quota would."""
    full = 0
    with crowd:
        end = until(seconds)
        while time.monotonic() < end or full < 2:
            crowd.wait_for_answers(crowd.people)
            pids = workers(server)
            for pid in pids:
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
            before = len(crowd.books.acknowledged)
            crowd.wait_for_refusals(3 * crowd.people)
            during = len(crowd.books.acknowledged) - before
            assert during <= crowd.people, "answers were acknowledged while nothing can be written"
            for pid in pids:
                resource.prlimit(
                    pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
                )
            full += 1
    hold(settings, server.url, crowd.books)
    with sqlite3.connect(settings.home.parent / "diptych.sqlite3") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    report(record_property, crowd, full)


def test_the_database_is_migrated_while_sessions_run(
    server: LiveServer, crowd: Crowd, settings: Settings, record_property
) -> None:
    """Stop, take the tables back one revision and up again, start: the sessions go on."""
    with crowd:
        for _ in range(2):
            crowd.wait_for_answers(crowd.people)
            server.stop()
            migrate.downgrade(settings.sqlalchemy_url, "0001", settings.key_of_identities())
            migrate.upgrade(settings.sqlalchemy_url, "head", settings.key_of_identities())
            server.start()
        crowd.wait_for_answers(crowd.people)
    hold(settings, server.url, crowd.books)
    report(record_property, crowd, 2)


def test_the_study_is_changed_while_sessions_run(
    server: LiveServer, crowd: Crowd, settings: Settings, steady: Path, record_property
) -> None:
    versions = 1
    with crowd:
        for number in range(3):
            crowd.wait_for_answers(crowd.people)
            (steady / "debrief.md").write_text(f"# Thank you\n\nNumber {number}.\n")
            open_here(settings, steady)
            versions += 1
    hold(settings, server.url, crowd.books)
    report(record_property, crowd, versions - 1)
