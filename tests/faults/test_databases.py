"""A database that crashes, or is gone for a while, under load."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from faults.invariants import hold, report
from support.crowd import PATIENCE, Crowd
from support.databases import PostgreSQL, running_postgresql
from support.servers import LiveServer
from support.wire import Wire

from diptych.ground.keys import study_key
from diptych.ground.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.postgres]
SOCKET = ".s.PGSQL.5432"


@pytest.fixture(scope="module")
def own_postgresql() -> Iterator[PostgreSQL]:
    """A server that no other test uses: it is going to crash."""
    with running_postgresql({"log_min_messages": "panic"}) as server:
        yield server


@pytest.fixture
def wire(own_postgresql: PostgreSQL) -> Iterator[Wire]:
    """Between the host and its database."""
    with tempfile.TemporaryDirectory(prefix="diptych-wire-") as folder:
        real = next(Path(own_postgresql.socket_folder).glob(".s.PGSQL.*[0-9]"))
        with Wire(Path(folder) / SOCKET, [real]) as made:
            yield made


@pytest.fixture
def database_url(own_postgresql: PostgreSQL, wire: Wire) -> Iterator[str]:
    """A fresh database, reached through the wire."""
    name = own_postgresql.new_database()
    assert isinstance(wire.listen, Path)
    yield f"postgresql://postgres@/{name}?host={wire.listen.parent}"
    for _ in range(50):
        try:
            return own_postgresql.drop_database(name)
        except Exception:  # it may still be recovering from its last crash
            time.sleep(0.2)


@pytest.fixture
def crowd(server: LiveServer, settings: Settings) -> Crowd:
    key = study_key(settings.secret(), "simulate", "steady")
    return Crowd(server.url, "steady", key)


def test_connections_break(
    server: LiveServer,
    crowd: Crowd,
    wire: Wire,
    settings: Settings,
    seconds: float,
    record_property,
) -> None:
    """Every connection to the database ends at once, in the middle of whatever it was doing."""
    breaks = 0
    with crowd:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            crowd.wait_for_answers(crowd.people // 2)
            wire.drop()
            breaks += 1
    hold(settings, server.url, crowd.books)
    report(record_property, crowd, breaks)


def test_the_database_is_gone_for_a_while(
    server: LiveServer,
    crowd: Crowd,
    wire: Wire,
    settings: Settings,
    seconds: float,
    record_property,
) -> None:
    """20 s when soaking; as long as the test lasts otherwise."""
    with crowd:
        crowd.wait_for_answers(crowd.people)
        wire.cut()
        before = len(crowd.books.acknowledged)
        end = time.monotonic() + min(20.0, seconds)
        while time.monotonic() < end or not crowd.books.troubles.get("503"):
            assert time.monotonic() < end + PATIENCE, crowd.books.troubles
            time.sleep(0.1)
        # A reply that was on its way when the wire was cut may still have come.
        assert len(crowd.books.acknowledged) - before <= crowd.people
        wire.mend()
        crowd.wait_for_answers(crowd.people)
    assert crowd.books.troubles.get("503", 0) > 0, crowd.books.troubles
    hold(settings, server.url, crowd.books)
    report(record_property, crowd, 1)


def test_the_database_crashes(
    server: LiveServer,
    crowd: Crowd,
    own_postgresql: PostgreSQL,
    settings: Settings,
    seconds: float,
    record_property,
) -> None:
    """Kill one of its processes (-9): PostgreSQL ends all others and recovers from its log."""
    crashes = 0
    with crowd:
        end = time.monotonic() + seconds
        while time.monotonic() < end or crashes < 2:
            crowd.wait_for_answers(crowd.people)
            crashes += _crash(own_postgresql)
            _wait_for(own_postgresql)
    hold(settings, server.url, crowd.books)
    report(record_property, crowd, crashes)


def _crash(server: PostgreSQL) -> bool:
    """Kill a process of the server's, and see it fall; False when there was none to kill."""
    with server.connect() as witness:
        found = witness.execute(
            "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' "
            "AND pid != pg_backend_pid() ORDER BY random() LIMIT 1"
        ).fetchone()
        if found is None:
            return False
        try:
            os.kill(found[0], signal.SIGKILL)
        except ProcessLookupError:  # the host has let go of its connection just now
            return False
        # The server lets people in until it has noticed; then it ends this connection too.
        end = time.monotonic() + PATIENCE
        with pytest.raises(psycopg.OperationalError):
            while time.monotonic() < end:
                witness.execute("SELECT 1")
                time.sleep(0.01)
    return True


def _wait_for(server: PostgreSQL) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            with server.connect() as connection:
                connection.execute("SELECT 1")
                return
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise AssertionError("PostgreSQL did not come up again")
