"""What the orders of a study come to, kept up as rows are written: a page need not read them all.

Before anything is sent, money is counted from the ledger itself (`ledger.totals`); these sums are
for pages. Where they don't stand yet, they are counted once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from diptych.counts import tallies
from diptych.counts.tallies import Changes, Key
from diptych.domain.tables import LEDGER
from diptych.ground.database import in_parts
from diptych.payments import ledger
from diptych.payments.ledger import RANK, STATE_OF, STATES, Total, Totals

#: The tally: of no kind of participant, so that settling anew leaves it alone.
KIND, FIGURE = "ledger", "ledger.totals"
_LOCKS = 0x0D1A


def key_of(study_id: int) -> Key:
    """The tally of a study."""
    return Key(study_id, KIND, "all", FIGURE)


def read(connection: Connection, study_id: int) -> Totals:
    """What the orders of a study come to: currency -> state -> total."""
    orders, sums = tallies.read(connection, *key_of(study_id))
    if not orders:
        return ledger.totals(connection, study_id)
    found: Totals = {}
    for name, (count, amount) in sums.items():
        currency, _, state = name.partition(" ")
        states = found.setdefault(currency, {state: Total() for state in STATES})
        states[state] = Total(round(count), round(amount))
    return found


def keep_up(connection: Connection, state: str, orders: Sequence[Mapping[str, Any]]) -> None:
    """Keep the sums up with rows of a state that are about to be written.

    Args:
        connection: the transaction that writes them.
        state: theirs.
        orders: with `key`, `study_id`, `currency` and `amount`, each key once.
    """
    rank, changes = ledger.rank_of(state), Changes()
    for study_id in sorted({order["study_id"] for order in orders}):
        if connection.dialect.name == "postgresql":
            # Held by nobody who waits for another lock of ours: it is always the last one taken.
            connection.execute(select(func.pg_advisory_xact_lock(_LOCKS, study_id)))
        here, ours = key_of(study_id), [o for o in orders if o["study_id"] == study_id]
        if not tallies.read(connection, *here)[0]:
            _count(connection, here, changes)
        before = _ranks(connection, [order["key"] for order in ours])
        for order in ours:
            was, amount = before.get(order["key"], 0), order["amount"]
            if was:
                changes.add(here, {f"{order['currency']} {STATE_OF[was]}": [1, amount]}, -1)
            stands = STATE_OF[max(was, rank)]
            changes.add(here, {f"{order['currency']} {stands}": [1, amount]})
    tallies.add(connection, changes)


def _count(connection: Connection, here: Key, changes: Changes) -> None:
    """Begin with what the ledger holds already."""
    for currency, states in ledger.totals(connection, here.study_id).items():
        for state, total in states.items():
            changes.add(here, {f"{currency} {state}": [total.count, total.amount]}, 1)
            changes.sessions[here] += total.count - 1


def _ranks(connection: Connection, keys: Sequence[str]) -> dict[str, int]:
    """How far each order stands; those not there yet are left out."""
    found: dict[str, int] = {}
    for some in in_parts(keys):
        rows = connection.execute(
            select(LEDGER.c.key, func.max(RANK))
            .where(LEDGER.c.key.in_(some))
            .group_by(LEDGER.c.key)
        )
        found |= {row[0]: int(row[1]) for row in rows}
    return found
