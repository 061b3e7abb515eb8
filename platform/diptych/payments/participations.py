"""Participations: one person under one submission of a platform, by which orders are keyed.

A session may have come under several: whoever is sent back by the platform, or takes the study a
second time there, comes with another submission. Its work is one all the same, and is paid once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, select

from diptych import recruiters
from diptych.domain.tables import IDENTITIES, ORDERS

#: Orders that pay for the work of a session as a whole.
PAYING = ("approve", "screen_out")


def participation(
    recruiter: str, place: str | None, submission: str | None, worker: str | None
) -> str:
    """Return what the keys of all orders about one participation of one person begin with."""
    text = "\n".join((recruiter, place or "", submission or "", worker or ""))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def order_ids(recruiter: str, parameters: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Return (place, submission) by which a platform knows an arrival; nothing if it does not."""
    known = recruiters.REGISTRY.all().get(recruiter)
    return (known.order_ids(parameters) if known else None) or (None, None)


def workers(connection: Connection, participants: Sequence[int]) -> dict[tuple[str, int], str]:
    """Read the platform ids of participants, by (recruiter, participant)."""
    rows = connection.execute(
        select(IDENTITIES).where(IDENTITIES.c.participant_id.in_(set(participants)))
    )
    return {(row.recruiter, row.participant_id): row.external_id for row in rows}


def paid(connection: Connection, session_ids: Sequence[int]) -> dict[int, set[str]]:
    """Return the participations that the work of sessions is paid under: ordered, not failed.

    Takes one part of `diptych.ground.database.in_parts`: as many ids as fit into one statement.
    """
    orders = connection.execute(
        select(ORDERS.c.session_id, ORDERS.c.participation).where(
            ORDERS.c.session_id.in_(session_ids),
            ORDERS.c.action.in_(PAYING),
            ORDERS.c.state != "failed",
        )
    )
    found: dict[int, set[str]] = {}
    for row in orders:
        found.setdefault(row.session_id, set()).add(row.participation)
    return found
