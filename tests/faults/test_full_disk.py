"""PostgreSQL on a disk without room: a small file system that really fills up, under load."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from faults.invariants import hold, report
from support.crowd import Crowd
from support.databases import PostgreSQL, running_postgresql
from support.servers import LiveServer

from diptych.ground.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.postgres]
pytestmark.append(pytest.mark.parametrize("database_kind", ["postgresql"]))
ROOM = "200m"


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system in memory that holds not much."""
    with tempfile.TemporaryDirectory(prefix="diptych-disk-") as folder:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={ROOM},mode=0755", "tmpfs", folder]
        try:
            done = subprocess.run(mount, capture_output=True, text=True, check=False)
        except OSError as fault:
            pytest.skip(f"a small file system can't be made here: {fault}")
        if done.returncode:
            pytest.skip(f"a small file system can't be made here: {done.stderr.strip()}")
        yield Path(folder)
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def cramped(small_disk: Path) -> Iterator[PostgreSQL]:
    """A server whose data are on the small file system."""
    settings = {"log_min_messages": "panic", "min_wal_size": "32MB", "max_wal_size": "64MB"}
    with running_postgresql(settings, below=small_disk) as server:
        yield server


@pytest.fixture
def database_url(cramped: PostgreSQL, database_kind: str) -> str:
    return cramped.url(cramped.new_database())


def fill(disk: Path) -> Path:
    """Take all the room there is."""
    path = disk / "filler"
    with path.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            with contextlib.suppress(OSError):
                while file.write(bytes(size)) == size:
                    pass
    return path


def test_the_disk_of_the_database_is_full_for_a_while(
    server: LiveServer,
    crowd: Crowd,
    small_disk: Path,
    cramped: PostgreSQL,
    settings: Settings,
    seconds: float,
    record_property,
) -> None:
    """Tables can't grow: nobody is told that an answer is stored that is not, and all go on."""
    full = 0
    with crowd:
        end = time.monotonic() + seconds
        while time.monotonic() < end or full < 2:
            crowd.wait_for_answers(crowd.people)
            with cramped.connect() as connection:
                # Its log goes on in a new file with room enough: without any the server would stop
                # for good, and it would be left to chance whether it comes to that.
                connection.execute("SELECT pg_switch_wal()")
                connection.execute("CHECKPOINT")
                filler = fill(small_disk)
                with pytest.raises(psycopg.errors.DiskFull):
                    connection.execute("CREATE TABLE more AS SELECT generate_series(1, 100000)")
            crowd.wait_for_refusals(crowd.people)
            filler.unlink()
            full += 1
    hold(settings, server.url, crowd.books)
    report(record_property, crowd, full)
