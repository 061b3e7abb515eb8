"""What the orders of a study come to, kept up as rows are written: a page need not read them all.

Before anything is sent, money is counted from the orders themselves (`totals`); the sums that are
kept are for pages. Where they don't stand yet, they are counted once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from diptych.counts import tallies
from diptych.counts.tallies import Changes, Key
from diptych.domain.tables import ORDERS
from diptych.payments.order_state import SPENT, STATES

#: The tally: of no kind of participant, so that settling anew leaves it alone.
KIND, FIGURE = "ledger", "ledger.totals"
_LOCKS = 0x0D1A


@dataclass(frozen=True)
class Total:
    """Orders of one state and currency: how many, and what they come to (minor units)."""

    count: int = 0
    amount: int = 0


#: Currency -> state -> total.
Totals = dict[str, dict[str, Total]]


@dataclass(frozen=True)
class Moved:
    """An order that is about to come to a state.

    Attributes
    ----------
    study_id : int
        Its study.
    currency, amount : str, int
        What it costs, in minor units.
    before : str or None
        Its state so far; None for a new order.
    then : str
        The state that it comes to.
    """

    study_id: int
    currency: str
    amount: int
    before: str | None
    then: str


def key_of(study_id: int) -> Key:
    """Return the tally of a study."""
    return Key(study_id, KIND, "all", FIGURE)


def totals(connection: Connection, study_id: int) -> Totals:
    """Count what the orders of a study come to: currency -> state -> total."""
    found: Totals = {}
    for currency, state, count, amount in connection.execute(
        select(ORDERS.c.currency, ORDERS.c.state, func.count(), func.sum(ORDERS.c.amount))
        .where(ORDERS.c.study_id == study_id)
        .group_by(ORDERS.c.currency, ORDERS.c.state)
    ):
        states = found.setdefault(currency, {state: Total() for state in STATES})
        states[state] = Total(count, int(amount))
    return found


def spent(counted: Mapping[str, Mapping[str, Total]], currency: str) -> int:
    """Return the minor units that were paid, or may have been: sent, and not known as failed."""
    states = counted.get(currency, {})
    return sum(states[state].amount for state in SPENT if state in states)


def read(connection: Connection, study_id: int) -> Totals:
    """Read what the orders of a study come to: currency -> state -> total."""
    orders, sums = tallies.read(connection, *key_of(study_id))
    if not orders:
        return totals(connection, study_id)
    found: Totals = {}
    for name, (count, amount) in sums.items():
        currency, _, state = name.partition(" ")
        states = found.setdefault(currency, {state: Total() for state in STATES})
        states[state] = Total(round(count), round(amount))
    return found


def keep_up(connection: Connection, moved: Sequence[Moved]) -> None:
    """Keep the sums up with orders that are about to change, in the transaction of the change."""
    changes = Changes()
    for study_id in sorted({order.study_id for order in moved}):
        if connection.dialect.name == "postgresql":
            # Held by nobody who waits for another lock of ours: it is always the last one taken.
            connection.execute(select(func.pg_advisory_xact_lock(_LOCKS, study_id)))
        here = key_of(study_id)
        if not tallies.read(connection, *here)[0]:
            _count(connection, here, changes)
        for order in (order for order in moved if order.study_id == study_id):
            counts = [1, order.amount]
            if order.before is not None:
                changes.add(here, {f"{order.currency} {order.before}": counts}, -1)
            changes.add(here, {f"{order.currency} {order.then}": counts})
    tallies.add(connection, changes)


def _count(connection: Connection, here: Key, changes: Changes) -> None:
    """Begin with what the ledger holds already."""
    for currency, states in totals(connection, here.study_id).items():
        for state, total in states.items():
            changes.add(here, {f"{currency} {state}": [total.count, total.amount]}, 1)
            changes.sessions[here] += total.count - 1
