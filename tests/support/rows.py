"""What is in a host's database, read past the host."""

from __future__ import annotations

import json
import time
from typing import Any

from sqlalchemy import create_engine, text

from diptych.ground.settings import Settings


def query(settings: Settings, sql: str) -> list[Any]:
    """The rows of a statement."""
    engine = create_engine(settings.sqlalchemy_url)
    with engine.connect() as connection:
        rows = connection.execute(text(sql)).all()
    engine.dispose()
    return list(rows)


def count(settings: Settings, table: str) -> int:
    """Number of rows of a table."""
    return int(query(settings, f"SELECT count(*) FROM {table}")[0][0])


def stored(settings: Settings) -> list[tuple[int, int, Any]]:
    """(session, trial index, answer) of every stored response."""
    rows = query(settings, "SELECT session_id, trial_index, answer FROM responses ORDER BY 1, 2")
    return [(s, i, json.loads(a) if isinstance(a, str) else a) for s, i, a in rows]


def unsettled(settings: Settings) -> int:
    """How many sessions have ended and are not settled."""
    ended = "SELECT count(*) FROM sessions WHERE ended_at IS NOT NULL AND result_at IS NULL"
    return int(query(settings, ended)[0][0])


def wait_until_settled(settings: Settings, seconds: float = 180) -> None:
    """Wait for a serving host to have settled every session that has ended.

    Raises
    ------
    TimeoutError
        When it has not within that time.
    """
    deadline = time.monotonic() + seconds
    while left := unsettled(settings):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{left} sessions have ended and are not settled")
        time.sleep(0.1)
