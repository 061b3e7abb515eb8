"""The ledger as pages and finance offices read it: one line an order."""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from diptych.domain.tables import ORDERS, SESSIONS
from diptych.ground.database import AT_ONCE, reading
from diptych.ground.money import to_major
from diptych.payments import ledger
from diptych.payments.ledger import Entry
from diptych_analysis.tables.formulas import guarded

PAGE = 50
# The columns of an `Entry`, in their order, and the public id of its session.
_ORDERS_AND_SESSIONS = select(
    *(ORDERS.c[field.name] for field in fields(Entry)), SESSIONS.c.public_id
).join(SESSIONS, SESSIONS.c.id == ORDERS.c.session_id)
HEAD = (
    "order", "state", "study", "session", "recruiter", "action", "amount", "currency",
    "intended_at", "sent_at", "settled_at", "reference", "reason", "by",
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One order on a page: its row number, as it stands, and the session it is about."""

    number: int
    entry: Entry
    session: str


@dataclass(frozen=True)
class Lines:
    """A page of the ledger; `newer` and `older` are row numbers to page on from, if any."""

    lines: list[Line]
    newer: int | None
    older: int | None


def page(
    connection: Connection,
    study_id: int,
    *,
    state: str = "",
    action: str = "",
    before: int | None = None,
    after: int | None = None,
) -> Lines:
    """List a page of the orders of a study, the latest first.

    Parameters
    ----------
    connection : Connection
        To read with.
    study_id : int
        The study.
    state : str, optional
        Only orders that stand there.
    action : str, optional
        Only orders of that action.
    before : int | None, optional
        Only rows before that one.
    after : int | None, optional
        Only rows after that one: the page that ends there.
    """
    wanted: list[ColumnElement[bool]] = [ORDERS.c.study_id == study_id]
    if action:
        wanted.append(ORDERS.c.action == action)
    if state:
        wanted.append(ORDERS.c.state == state)
    order = ORDERS.c.id.desc()
    if after is not None:
        wanted.append(ORDERS.c.id > after)
        order = ORDERS.c.id.asc()
    elif before is not None:
        wanted.append(ORDERS.c.id < before)
    rows = connection.execute(
        _ORDERS_AND_SESSIONS.where(*wanted).order_by(order).limit(PAGE + 1)
    ).all()
    more, rows = len(rows) > PAGE, rows[:PAGE]
    if after is not None:
        rows = rows[::-1]
    lines = [Line(row.id, Entry(*row[:-1]), row.public_id) for row in rows]
    back = more if after is not None else before is not None
    forth = after is not None or more
    return Lines(
        lines,
        lines[0].number if lines and back else None,
        lines[-1].number if lines and forth else None,
    )


def finance_csv(study_id: int, study: str, secret: bytes) -> Iterator[str]:
    """Yield the orders of a study as CSV, row by row.

    Amounts are in major units, times in UTC. The only ids are those of sessions.

    Parameters
    ----------
    study_id : int
        The study.
    study : str
        Its name.
    secret : bytes
        Of the host, with which orders are named here.
    """
    yield _csv_line(HEAD)
    last = 0
    while True:
        with reading() as connection:
            rows = connection.execute(
                _ORDERS_AND_SESSIONS.where(ORDERS.c.study_id == study_id, ORDERS.c.id > last)
                .order_by(ORDERS.c.id)
                .limit(AT_ONCE)
            ).all()
        if not rows:
            return
        last = rows[-1].id
        for row in rows:
            entry = Entry(*row[:-1])
            settled = entry.at if entry.state in ("confirmed", "failed") else None
            yield _csv_line(
                (
                    _name(entry, secret),
                    entry.state,
                    study,
                    row.public_id,
                    entry.recruiter,
                    entry.action,
                    f"{to_major(entry.amount, entry.currency):f}",
                    entry.currency,
                    _when(entry.first_at),
                    _when(entry.sent_at),
                    _when(settled),
                    entry.reference or "",
                    entry.reason or "",
                    entry.actor,
                )
            )


def _name(entry: Entry, secret: bytes) -> str:
    """Return what an order is called outside: its key begins with a hash over platforms' ids.

    Whoever has the platform's own list could work out the hash of each line, and see which session
    is whose.
    """
    hashed = f"order:{entry.participation}".encode()
    participation = hmac.new(secret, hashed, hashlib.sha256).hexdigest()[:16]
    return ledger.order_key(participation, entry.action, entry.attempt)


def _when(at: int | None) -> str:
    if at is None:
        return ""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")


def _csv_line(cells: tuple[Any, ...]) -> str:
    # A cell that begins like a formula would be worked out by a spreadsheet.
    safe = [cell if cell is None else guarded(str(cell)) for cell in cells]
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(safe)
    return text.getvalue()
