"""The ledger: what was to be paid or asked of a platform, and what became of it.

Rows are only ever inserted. An *order* is all rows of one key; it stands where its furthest row
stands: intended > sent (> named) > failed > confirmed. `named` says what the platform calls an
order that was sent, written before anything irreversible was asked for. A confirmation outranks
a failure, for money that has moved has moved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, case, func, insert, select

from diptych.accounts.audit import COMMAND_LINE
from diptych.accounts.users import User
from diptych.domain.tables import LEDGER, STUDIES
from diptych.ground.database import in_parts, now_ms

#: Where an order can stand, as it is shown.
STATES = ("intended", "sent", "confirmed", "failed")
_RANKS = {"intended": 1, "sent": 2, "named": 3, "failed": 4, "confirmed": 5}
#: The state of an order by the rank of its furthest row.
STATE_OF = {1: "intended", 2: "sent", 3: "sent", 4: "failed", 5: "confirmed"}
RANK = case(_RANKS, value=LEDGER.c.state, else_=0)


@dataclass(frozen=True)
class Entry:
    """One order as it stands.

    Attributes:
        key: idempotency key.
        state: intended, sent, confirmed or failed.
        study_id: the study.
        session_id: the session it is about.
        recruiter: whose platform is asked.
        action: approve, reject, request_return, screen_out or bonus.
        amount: minor units; 0 where no money moves.
        currency: ISO 4217 code.
        reference: the platform's own name for it, once it has one.
        reason: why it failed, or how it was found.
        at: when it came to its state (ms).
        sent_at: when it was sent (ms); None before.
        actor: who wanted it.
        first_at: when it was first written down (ms).
    """

    key: str
    state: str
    study_id: int
    session_id: int
    recruiter: str
    action: str
    amount: int
    currency: str
    reference: str | None
    reason: str | None
    at: int
    sent_at: int | None
    actor: str
    first_at: int | None = None


@dataclass(frozen=True)
class Total:
    """Orders of one state and currency: how many, and what they come to (minor units)."""

    count: int = 0
    amount: int = 0


#: Currency -> state -> total.
Totals = dict[str, dict[str, Total]]


def rank_of(state: str) -> int:
    """How far a row of a state takes an order."""
    return _RANKS[state]


def lock(connection: Connection, study_id: int) -> None:
    """Let nobody else change the ledger of a study until the transaction's end."""
    connection.execute(
        select(STUDIES.c.id).where(STUDIES.c.id == study_id).with_for_update(key_share=True)
    )


def write(
    connection: Connection,
    state: str,
    orders: Iterable[Mapping[str, Any] | Entry],
    user: User | None,
    *,
    actor: str | None = None,
    reference: str | None = None,
    reason: str | None = None,
    at: int | None = None,
) -> None:
    """Insert one row of a state for each order.

    Args:
        connection: a transaction; it fails when an order has that state already.
        state: a state, or `named`.
        orders: entries, or mappings with the columns that say what is ordered.
        user: who does it; None for the command line, unless `actor` says otherwise.
        actor: who does it where that is no user, such as a platform.
        reference: the platform's name for the orders.
        reason: why.
        at: when (ms), where a clock is better known than this host's; None: now.
    """
    rows = []
    for order in orders:
        given = vars(order) if isinstance(order, Entry) else order
        what = ("key", "study_id", "session_id", "recruiter", "action", "amount", "currency")
        rows.append(
            {key: given[key] for key in what}
            | {
                "state": state,
                "at": now_ms() if at is None else at,
                "user_id": None if user is None else user.id,
                "actor": actor or (COMMAND_LINE if user is None else user.name),
                "reference": reference,
                "reason": reason,
            }
        )
    if rows:
        from diptych.payments import running_totals  # which reads the ledger itself

        running_totals.keep_up(connection, state, rows)
        connection.execute(insert(LEDGER), rows)


def entries(connection: Connection, keys: Sequence[str]) -> dict[str, Entry]:
    """The orders of some keys as they stand, in the order of the keys."""
    rows: dict[str, list[Any]] = {}
    for some in in_parts(keys):
        found = connection.execute(
            select(LEDGER).where(LEDGER.c.key.in_(some)).order_by(LEDGER.c.id)
        )
        for row in found:
            rows.setdefault(row.key, []).append(row)
    return {key: _entry(rows[key]) for key in keys if key in rows}


def all_entries(connection: Connection, study_id: int) -> list[Entry]:
    """Every order of a study as it stands, the oldest first."""
    rows: dict[str, list[Any]] = {}
    statement = select(LEDGER).where(LEDGER.c.study_id == study_id).order_by(LEDGER.c.id)
    for row in connection.execute(statement):
        rows.setdefault(row.key, []).append(row)
    return [_entry(some) for some in rows.values()]


def _entry(rows: Sequence[Any]) -> Entry:
    furthest = max(rows, key=lambda row: _RANKS.get(row.state, 0))
    first = rows[0]
    references = [row.reference for row in rows if row.reference]
    sent = [row.at for row in rows if row.state == "sent"]
    return Entry(
        key=first.key,
        state=STATE_OF[_RANKS[furthest.state]],
        study_id=first.study_id,
        session_id=first.session_id,
        recruiter=first.recruiter,
        action=first.action,
        amount=first.amount,
        currency=first.currency,
        reference=references[-1] if references else None,
        reason=furthest.reason,
        at=furthest.at,
        sent_at=sent[0] if sent else None,
        actor=first.actor,
        first_at=first.at,
    )


def standing(study_id: int) -> Select[Any]:
    """A query of all orders of a study: key, rank, currency, amount; one index answers it."""
    return (
        select(
            LEDGER.c.key,
            LEDGER.c.currency,
            func.max(RANK).label("rank"),
            func.max(LEDGER.c.amount).label("amount"),
        )
        .where(LEDGER.c.study_id == study_id)
        .group_by(LEDGER.c.key, LEDGER.c.currency)
    )


def keys_in(
    connection: Connection, study_id: int, state: str, sessions: Sequence[int] | None = None
) -> list[str]:
    """Keys of the orders of a study that stand in a state, the oldest first."""
    ranks = [rank for rank, name in STATE_OF.items() if name == state]
    statement = (
        select(LEDGER.c.key)
        .where(LEDGER.c.study_id == study_id)
        .group_by(LEDGER.c.key)
        .having(func.max(RANK).in_(ranks))
        .order_by(func.min(LEDGER.c.id))
    )
    if sessions is not None:
        statement = statement.where(LEDGER.c.session_id.in_(sessions))
    return list(connection.execute(statement).scalars())


def totals(connection: Connection, study_id: int) -> Totals:
    """What the orders of a study come to: currency -> state -> total."""
    orders = standing(study_id).subquery()
    found: dict[str, dict[str, Total]] = {}
    for currency, rank, count, amount in connection.execute(
        select(
            orders.c.currency,
            orders.c.rank,
            func.count(),
            func.sum(orders.c.amount),
        ).group_by(orders.c.currency, orders.c.rank)
    ):
        states = found.setdefault(currency, {state: Total() for state in STATES})
        before = states[STATE_OF[rank]]
        states[STATE_OF[rank]] = Total(before.count + count, before.amount + int(amount))
    return found


def spent(counted: Totals, currency: str) -> int:
    """Minor units that have been paid, or may have been: all that was sent and has not failed."""
    states = counted.get(currency, {})
    return sum(states[state].amount for state in ("sent", "confirmed") if state in states)
