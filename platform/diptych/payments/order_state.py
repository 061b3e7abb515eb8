"""The state of an order: a fold over its lines in the ledger.

A line never undoes another. An order is in the state of its furthest line:
intended < sent, named < failed < confirmed. `named` notes what the platform calls an order that was
sent, before anything irreversible is asked for. A confirmation outranks a failure, because money
that has moved has moved.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

#: The states of an order, as pages show them.
STATES = ("intended", "sent", "confirmed", "failed")
#: What may have moved money: sent, and not known to have failed.
SPENT = ("sent", "confirmed")
#: What still needs something: to be sent, or to be looked up.
UNSETTLED = ("intended", "sent")
_FURTHER = {"intended": 1, "sent": 2, "named": 2, "failed": 3, "confirmed": 4}


@dataclass(frozen=True)
class Line:
    """What one line of the ledger says about its order.

    Attributes
    ----------
    state : str
        intended, sent, named, failed or confirmed.
    at : int
        When, in ms since 1970-01-01 UTC.
    reference : str or None
        What the platform calls the order.
    reason : str or None
        Why it failed, or how it was found.
    """

    state: str
    at: int
    reference: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class OrderState:
    """Where an order is after some lines.

    Attributes
    ----------
    state : str
        One of `STATES`.
    at : int
        When it came to that state (ms).
    reason : str or None
        The reason of its furthest line.
    reference : str or None
        The latest name that the platform gave it.
    sent_at : int or None
        When it was sent (ms); None before.
    first_at : int
        When its first line was written (ms).
    """

    state: str
    at: int
    reason: str | None
    reference: str | None
    sent_at: int | None
    first_at: int


def after(before: OrderState | None, line: Line) -> OrderState:
    """Return the state of an order after one more line.

    Parameters
    ----------
    before : OrderState or None
        Its state so far; None for an order without lines.
    line : Line
        The new line.

    Returns
    -------
    OrderState
        The state afterwards.

    Raises
    ------
    KeyError
        When no line can have the state.
    """
    sent_at = line.at if line.state == "sent" else None
    state = "sent" if line.state == "named" else line.state
    if before is None:
        return OrderState(state, line.at, line.reason, line.reference, sent_at, line.at)
    further = _FURTHER[line.state] >= _FURTHER[before.state]
    return OrderState(
        state=state if further else before.state,
        at=line.at if further else before.at,
        reason=line.reason if further else before.reason,
        reference=line.reference or before.reference,
        sent_at=before.sent_at if before.sent_at is not None else sent_at,
        first_at=before.first_at,
    )


def fold(lines: Iterable[Line]) -> OrderState | None:
    """Return the state of an order after all its lines, oldest first; None without lines."""
    return reduce(after, lines, None)
