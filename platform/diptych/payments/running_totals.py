"""What the orders of a study come to, kept up as rows are written: a page need not read them all.

Before anything is sent, money is counted from the ledger itself (`ledger.totals`); these sums are
for pages. Where they don't stand yet, they are counted once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, func, select

from diptych.counts import tallies
from diptych.counts.tallies import Changes, Key
from diptych.payments import ledger
from diptych.payments.ledger import STATES, Entry, NewOrder, Total, Totals

#: The tally: of no kind of participant, so that settling anew leaves it alone.
KIND, FIGURE = "ledger", "ledger.totals"
_LOCKS = 0x0D1A


def key_of(study_id: int) -> Key:
    """Return the tally of a study."""
    return Key(study_id, KIND, "all", FIGURE)


def read(connection: Connection, study_id: int) -> Totals:
    """Read what the orders of a study come to: currency -> state -> total."""
    orders, sums = tallies.read(connection, *key_of(study_id))
    if not orders:
        return ledger.totals(connection, study_id)
    found: Totals = {}
    for name, (count, amount) in sums.items():
        currency, _, state = name.partition(" ")
        states = found.setdefault(currency, {state: Total() for state in STATES})
        states[state] = Total(round(count), round(amount))
    return found


def keep_up(
    connection: Connection,
    orders: Sequence[NewOrder | Entry],
    before: Mapping[str, Entry],
    then: Mapping[str, str],
) -> None:
    """Keep the sums up with orders that are about to change.

    Parameters
    ----------
    connection : Connection
        The transaction that changes them.
    orders : sequence of NewOrder or Entry
        Each once.
    before : mapping
        Key -> order as it was; without new orders.
    then : mapping
        Key -> state that it comes to.
    """
    changes = Changes()
    for study_id in sorted({order.study_id for order in orders}):
        if connection.dialect.name == "postgresql":
            # Held by nobody who waits for another lock of ours: it is always the last one taken.
            connection.execute(select(func.pg_advisory_xact_lock(_LOCKS, study_id)))
        here = key_of(study_id)
        if not tallies.read(connection, *here)[0]:
            _count(connection, here, changes)
        for order in (order for order in orders if order.study_id == study_id):
            counts = [1, order.amount]
            if order.key in before:
                changes.add(here, {f"{order.currency} {before[order.key].state}": counts}, -1)
            changes.add(here, {f"{order.currency} {then[order.key]}": counts})
    tallies.add(connection, changes)


def _count(connection: Connection, here: Key, changes: Changes) -> None:
    """Begin with what the ledger holds already."""
    for currency, states in ledger.totals(connection, here.study_id).items():
        for state, total in states.items():
            changes.add(here, {f"{currency} {state}": [total.count, total.amount]}, 1)
            changes.sessions[here] += total.count - 1
