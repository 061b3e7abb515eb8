"""What the table of sessions tells of each session on a page of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from diptych.domain.rows import SessionRow, session_row
from diptych.domain.tables import DECISIONS, ORDERS, PARTICIPANTS, RESULTS, SESSIONS, VERSIONS
from diptych.overview.sessions.query import VERDICTS
from diptych.recruiters.platform import ACTIONS

#: From what most needs a person's eye to what needs none.
_STATES = ("failed", "sent", "intended", "confirmed")


@dataclass(frozen=True)
class Listed:
    """One row of the table.

    Attributes
    ----------
    session : SessionRow
        Row of `sessions`, with `pseudonym` and `content_hash`.
    result : Any
        Row of `session_results`; None while the session runs.
    verdict : str | None
        What stands about the submission; None while nobody has decided.
    bonuses : int
        How many bonuses were given.
    payment : str | None
        The state of its orders that most needs a look; None without any.
    """

    session: SessionRow
    result: Any
    verdict: str | None
    bonuses: int
    payment: str | None


def listed(connection: Connection, ids: Sequence[int]) -> list[Listed]:
    """List the rows of some sessions, in the order of their ids as given."""
    if not ids:
        return []
    sessions = connection.execute(
        select(SESSIONS, PARTICIPANTS.c.public_id.label("pseudonym"), VERSIONS.c.content_hash)
        .join(VERSIONS, VERSIONS.c.id == SESSIONS.c.version_id)
        .outerjoin(PARTICIPANTS, PARTICIPANTS.c.id == SESSIONS.c.participant_id)
        .where(SESSIONS.c.id.in_(ids))
    )
    by_id = {row.id: row for row in sessions}
    results = {
        row.session_id: row
        for row in connection.execute(select(RESULTS).where(RESULTS.c.session_id.in_(ids)))
    }
    decided = _decided(connection, ids)
    payments = _payments(connection, ids)
    return [
        Listed(
            session_row(by_id[id_]),
            results.get(id_),
            next((action for action in reversed(decided[id_]) if action in VERDICTS), None),
            decided[id_].count("bonus"),
            payments.get(id_),
        )
        for id_ in ids
        if id_ in by_id
    ]


def _decided(connection: Connection, ids: Sequence[int]) -> Mapping[int, list[str]]:
    """Map each session to the actions decided about it, oldest first."""
    actions: dict[int, list[str]] = defaultdict(list)
    for session_id, action in connection.execute(
        select(DECISIONS.c.session_id, DECISIONS.c.action)
        .where(DECISIONS.c.session_id.in_(ids), DECISIONS.c.action.in_(ACTIONS))
        .order_by(DECISIONS.c.id)
    ):
        actions[session_id].append(action)
    return actions


def _payments(connection: Connection, ids: Sequence[int]) -> dict[int, str]:
    """Return for each session with orders the state that most needs a look."""
    found: dict[int, str] = {}
    for session_id, state in connection.execute(
        select(ORDERS.c.session_id, ORDERS.c.state).where(ORDERS.c.session_id.in_(ids))
    ):
        if session_id not in found or _STATES.index(state) < _STATES.index(found[session_id]):
            found[session_id] = state
    return found
