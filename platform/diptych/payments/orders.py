"""From entries of the ledger to what a platform is told: ids and messages are looked up anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Connection, select

from diptych.domain.tables import ARRIVALS, DECISIONS, SESSIONS
from diptych.ground.database import in_parts
from diptych.host import Host
from diptych.payments.ledger import Entry
from diptych.payments.participations import order_ids, participation, workers
from diptych.recruiters.platform import Action, Order, Platform, PlatformFault
from diptych.study.versions import frozen


def orders(connection: Connection, entries: Sequence[Entry]) -> dict[str, Order]:
    """Make the orders of entries, by key; leave out those whose ids are no longer known.

    A session may have arrived more than once, with other ids: the order is about the arrival that
    its key was made from.
    """
    found: dict[str, Order] = {}
    for some in in_parts(entries):
        numbers = {entry.session_id for entry in some}
        sessions = {
            row.id: row
            for row in connection.execute(select(SESSIONS).where(SESSIONS.c.id.in_(numbers)))
        }
        people = workers(
            connection, [s.participant_id for s in sessions.values() if s.participant_id]
        )
        came: dict[int, list[Mapping[str, str]]] = {}
        for row in connection.execute(select(ARRIVALS).where(ARRIVALS.c.session_id.in_(numbers))):
            came.setdefault(row.session_id, []).append(row.parameters)
        said = decisions_by_key(connection, *numbers)
        for entry in some:
            session = sessions[entry.session_id]
            worker = people.get((entry.recruiter, session.participant_id))
            order = _order(entry, worker, came.get(session.id, []), said.get(entry.key))
            if order is not None:
                found[entry.key] = order
    return found


def decisions_by_key(connection: Connection, *sessions: int) -> dict[str, Any]:
    """Read the decisions behind the orders of sessions, by key."""
    rows = connection.execute(select(DECISIONS).where(DECISIONS.c.session_id.in_(sessions)))
    return {row.detail["key"]: row for row in rows if row.detail.get("key")}


def _order(
    entry: Entry, worker: str | None, came: Sequence[Mapping[str, str]], decision: Any
) -> Order | None:
    for parameters in came:
        place, submission = order_ids(entry.recruiter, parameters)
        if participation(entry.recruiter, place, submission, worker) != entry.participation:
            continue
        return Order(
            key=entry.key,
            action=cast(Action, entry.action),
            worker=worker or "",
            submission=submission or "",
            place=place or "",
            amount=entry.amount,
            currency=entry.currency,
            message="" if decision is None else decision.message or "",
            category=None if decision is None else decision.detail.get("category"),
            reference=entry.reference,
        )
    return None


def platform_of(host: Host, connection: Connection, session_id: int) -> Platform:
    """Find the platform that a session came from.

    Raises
    ------
    PlatformFault
        When there is none, or its settings are not complete.
    """
    row = connection.execute(
        select(SESSIONS.c.version_id, SESSIONS.c.recruiter).where(SESSIONS.c.id == session_id)
    ).one()
    found = host.recruiter(frozen(row.version_id, connection), row.recruiter).platform()
    if found is None:
        raise PlatformFault(f"{row.recruiter} has no platform that could be asked")
    return found
