"""The ledger: what was to be paid or asked of a platform, and what became of it.

Lines are only ever inserted. All lines of one key are about one *order*. Its state is a fold over
them (`diptych.payments.order_state`), kept in the table `payment_orders`, which is written in the
same transaction as the line.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, insert, select, update

from diptych.accounts.audit import COMMAND_LINE
from diptych.accounts.users import User
from diptych.domain.tables import LEDGER, ORDERS, STUDIES
from diptych.ground.database import in_parts, now_ms
from diptych.payments import running_totals
from diptych.payments.order_state import Line, OrderState, after
from diptych.payments.running_totals import Moved


@dataclass(frozen=True)
class Entry:
    """One order and its state.

    Attributes
    ----------
    id : int
        Its number: later orders have higher numbers.
    key : str
        Idempotency key.
    state : str
        intended, sent, confirmed or failed.
    study_id, session_id : int
        What it is about.
    participation : str
        One person under one submission (`payments.participations`).
    attempt : int
        1 for the first order of its action about a participation, then 2, and so on.
    retries : int or None
        Number of the failed order that it tries again.
    recruiter : str
        Whose platform is asked.
    action : str
        approve, reject, request_return, screen_out or bonus.
    amount : int
        Minor units; 0 where no money moves.
    currency : str
        ISO 4217 code.
    reference : str or None
        The platform's own name for it, once it has one.
    reason : str or None
        Why it failed, or how it was found.
    at, sent_at, first_at : int or None
        When it came to its state, was sent and was first written down (ms).
    actor : str
        Who ordered it.
    """

    id: int
    key: str
    state: str
    study_id: int
    session_id: int
    participation: str
    attempt: int
    retries: int | None
    recruiter: str
    action: str
    amount: int
    currency: str
    reference: str | None
    reason: str | None
    at: int
    sent_at: int | None
    first_at: int
    actor: str


@dataclass(frozen=True)
class NewOrder:
    """An order that the ledger does not have yet. See `Entry` for the attributes."""

    study_id: int
    session_id: int
    participation: str
    attempt: int
    recruiter: str
    action: str
    amount: int
    currency: str
    retries: int | None = None

    @property
    def key(self) -> str:
        """Idempotency key: the same order has it on every host, at every time."""
        return order_key(self.participation, self.action, self.attempt)


_COLUMNS = tuple(field.name for field in fields(Entry))
_OF_STATE = tuple(field.name for field in fields(OrderState))
_ORDERS = select(*(ORDERS.c[name] for name in _COLUMNS))
_OF_LINE = ("key", "study_id", "session_id", "recruiter", "action", "amount", "currency")
_CHANGE = (
    update(ORDERS)
    .where(ORDERS.c.key == bindparam("of_key"))
    .values({name: bindparam(f"new_{name}", type_=ORDERS.c[name].type) for name in _OF_STATE})
)


def order_key(participation: str, action: str, attempt: int) -> str:
    """Return the idempotency key of an order."""
    return f"{participation}-{action}-{attempt}"


def lock(connection: Connection, study_id: int) -> None:
    """Let nobody else change the ledger of a study until the transaction's end."""
    connection.execute(
        select(STUDIES.c.id).where(STUDIES.c.id == study_id).with_for_update(key_share=True)
    )


def write(
    connection: Connection,
    state: str,
    orders: Iterable[NewOrder | Entry],
    user: User | None,
    *,
    actor: str | None = None,
    reference: str | None = None,
    reason: str | None = None,
    at: int | None = None,
) -> None:
    """Insert one line of a state for each order, and bring the orders to their new state.

    Parameters
    ----------
    connection : Connection
        A transaction; it fails when an order has a line of that state already.
    state : str
        A state, or `named`.
    orders : iterable of NewOrder or Entry
        Each once.
    user : User or None
        Who does it; None for the command line, unless `actor` says otherwise.
    actor : str, optional
        Who does it where that is no user, such as a platform.
    reference : str, optional
        The platform's name for the orders.
    reason : str, optional
        Why.
    at : int, optional
        When (ms), where a clock is better known than this host's; now by default.
    """
    some = list(orders)
    if not some:
        return
    by = actor or (COMMAND_LINE if user is None else user.name)
    line = Line(state, now_ms() if at is None else at, reference, reason)
    before = _locked(connection, [order.key for order in some])
    then = {order.key: after(_state_of(before.get(order.key)), line) for order in some}
    moved = [
        Moved(
            order.study_id,
            order.currency,
            order.amount,
            before[order.key].state if order.key in before else None,
            then[order.key].state,
        )
        for order in some
    ]
    running_totals.keep_up(connection, moved)
    rows = [{name: getattr(order, name) for name in _OF_LINE} for order in some]
    shared = asdict(line) | {"user_id": None if user is None else user.id, "actor": by}
    connection.execute(insert(LEDGER), [row | shared for row in rows])
    new = [
        row
        | {"participation": order.participation, "attempt": order.attempt}
        | {"retries": order.retries, "actor": by}
        | asdict(then[order.key])
        for order, row in zip(some, rows, strict=True)
        if order.key not in before
    ]
    if new:
        connection.execute(insert(ORDERS), new)
    changed = [
        {"of_key": key} | {f"new_{name}": value for name, value in asdict(then[key]).items()}
        for key in before
    ]
    if changed:
        connection.execute(_CHANGE, changed)


def _locked(connection: Connection, keys: Sequence[str]) -> dict[str, Entry]:
    """Return the orders of keys, held until the transaction's end."""
    found: dict[str, Entry] = {}
    for some in in_parts(sorted(keys)):
        held = _ORDERS.where(ORDERS.c.key.in_(some)).order_by(ORDERS.c.key).with_for_update()
        found |= {entry.key: entry for entry in _read(connection, held)}
    return found


def _state_of(entry: Entry | None) -> OrderState | None:
    if entry is None:
        return None
    return OrderState(**{name: getattr(entry, name) for name in _OF_STATE})


def _read(connection: Connection, statement: Select[Any]) -> list[Entry]:
    return [Entry(*row) for row in connection.execute(statement)]


def entries(connection: Connection, keys: Sequence[str]) -> dict[str, Entry]:
    """Return the orders of some keys, in the order of the keys."""
    found: dict[str, Entry] = {}
    for some in in_parts(keys):
        read = _read(connection, _ORDERS.where(ORDERS.c.key.in_(some)))
        found |= {entry.key: entry for entry in read}
    return {key: found[key] for key in keys if key in found}


def all_entries(connection: Connection, study_id: int) -> list[Entry]:
    """Return every order of a study, the oldest first."""
    return _read(connection, _ORDERS.where(ORDERS.c.study_id == study_id).order_by(ORDERS.c.id))


def of_sessions(connection: Connection, sessions: Sequence[int]) -> list[Entry]:
    """Return the orders about some sessions, the oldest first."""
    found: list[Entry] = []
    for some in in_parts(sessions):
        found += _read(connection, _ORDERS.where(ORDERS.c.session_id.in_(some)))
    return sorted(found, key=lambda entry: entry.id)


def in_state(
    connection: Connection, study_id: int, state: str, sessions: Sequence[int] | None = None
) -> list[Entry]:
    """Return the orders of a study that are in a state, the oldest first."""
    statement = _ORDERS.where(ORDERS.c.study_id == study_id, ORDERS.c.state == state)
    if sessions is not None:
        statement = statement.where(ORDERS.c.session_id.in_(sessions))
    return _read(connection, statement.order_by(ORDERS.c.id))


def count(connection: Connection, study_id: int, state: str) -> int:
    """Count the orders of a study that are in a state."""
    wanted = ORDERS.c.study_id == study_id, ORDERS.c.state == state
    return connection.execute(select(func.count()).where(*wanted)).scalar_one()
