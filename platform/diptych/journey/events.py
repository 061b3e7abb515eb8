"""Events: what happened beside the answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update

from diptych import models
from diptych.domain.tables import SESSIONS
from diptych.domain.vocabulary import EMPTIED, LIVE
from diptych.ground.database import now_ms, writing
from diptych.journey.faults import JourneyFault


def event_rows(
    session_id: int, events: Sequence[Any], at: int | None = None
) -> list[dict[str, Any]]:
    """Make rows of the table `events` for what the browser has sent, by default at this moment."""
    at = now_ms() if at is None else at
    return [
        {
            "session_id": session_id,
            "trial_index": event.trial_index,
            "kind": event.kind,
            "at": at,
            "at_ms": event.at_ms,
            "detail": event.detail,
        }
        for event in events
    ]


def record_events(session_id: int, events: Sequence[Any]) -> None:
    """Store what the browser has sent; of who has declined or withdrawn, nothing.

    Raises
    ------
    JourneyFault
        `bad_token` when the session is gone.
    """
    if not events:
        return
    with writing() as connection:
        status = held_status(connection, session_id)
        if status is None:
            raise JourneyFault("bad_token", "This session no longer exists.")
        if status not in EMPTIED:
            connection.execute(insert(models.Event), event_rows(session_id, events))


def held_status(connection: Connection, session_id: int) -> str | None:
    """Lock a session against emptying until the transaction ends; return its status, or None."""
    # The weakest lock that waits for somebody who is declining at this moment.
    status: str | None = connection.execute(
        select(SESSIONS.c.status)
        .where(SESSIONS.c.id == session_id)
        .with_for_update(read=True, key_share=True)
    ).scalar()
    return status


def note_reload(session_id: int) -> None:
    """Store that the page of a session under way was loaded again: somebody is there."""
    with writing() as connection:
        session = connection.execute(
            update(SESSIONS)
            .where(SESSIONS.c.id == session_id, SESSIONS.c.status.in_(LIVE))
            .values(last_seen_at=now_ms())
            .returning(SESSIONS.c.step, SESSIONS.c.position)
        ).one_or_none()
        if session is not None:
            index = session.position if session.step == "trials" else None
            note(connection, session_id, "reload", index)


def note(connection: Connection, session_id: int, kind: str, trial_index: int | None) -> None:
    """Store something the server has seen itself."""
    connection.execute(
        insert(models.Event),
        {
            "session_id": session_id,
            "trial_index": trial_index,
            "kind": kind,
            "at": now_ms(),
            "at_ms": None,
            "detail": None,
        },
    )
