"""Events: what happened beside the answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert

from diptych import models
from diptych.database import now_ms, writing


def event_rows(session_id: int, events: Sequence[Any]) -> list[dict[str, Any]]:
    """Rows of the table `events` for what the browser has sent."""
    at = now_ms()
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
    """Store what the browser has sent."""
    if events:
        with writing() as connection:
            connection.execute(insert(models.Event), event_rows(session_id, events))


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
