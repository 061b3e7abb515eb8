"""Arrivals: the platform's ids that a session was entered with, each time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from sqlalchemy import Connection, bindparam, insert, select

from diptych.domain.tables import ARRIVALS
from diptych.ground.database import now_ms

# Built once: asked at every end.
_LATEST_FIRST = (
    select(ARRIVALS.c.parameters)
    .where(ARRIVALS.c.session_id == bindparam("session"))
    .order_by(ARRIVALS.c.id.desc())
)


def mark_of(parameters: Mapping[str, str]) -> str:
    """Return 12 hex digits by which a token names the arrival it came with; none without ids."""
    if not parameters:
        return ""
    return hashlib.sha256(json.dumps(dict(parameters), sort_keys=True).encode()).hexdigest()[:12]


def arrived(connection: Connection, session_id: int, parameters: Mapping[str, str]) -> None:
    """Keep the ids of an arrival: they are the session's latest."""
    connection.execute(
        insert(ARRIVALS), {"session_id": session_id, "at": now_ms(), "parameters": dict(parameters)}
    )


def parameters_of(connection: Connection, session_id: int, came: str = "") -> dict[str, str]:
    """Read the platform's ids of the arrival that a token was given to.

    Parameters
    ----------
    connection : Connection
        To the database.
    session_id : int
        The session.
    came : str, optional
        The mark that the token carries; without one the latest arrival is meant.

    Returns
    -------
    dict[str, str]
        Nothing where there were none, or once they are forgotten.
    """
    found = connection.execute(_LATEST_FIRST, {"session": session_id}).scalars()
    same = (dict(each) for each in found if not came or mark_of(each) == came)
    return next(same, {})


def finish_as(connection: Connection, session_id: int, came: str) -> None:
    """Make the ids that the token came with the latest ones of its session."""
    mine = parameters_of(connection, session_id, came)
    if mine and mine != parameters_of(connection, session_id):
        arrived(connection, session_id, mine)
