"""Sending what is intended: each order once, never beyond the budget.

An order is marked `sent` in a transaction of its own before the platform hears of it: that key and
state are unique, so no other process sends it. Whatever happens then (the process is killed, the
connection drops) it stays `sent`, and only `reconcile` says what became of it. Nothing that may
have been carried out is ever sent again by itself. When it was marked is said by the platform's
clock where this host's is far from it, since the time of grace is counted from then.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from diptych.accounts import audit
from diptych.accounts.users import User
from diptych.ground.database import in_parts, reading, writing
from diptych.host import Host
from diptych.payments import budget, ledger
from diptych.payments.ledger import Entry
from diptych.payments.orders import clean, orders, platform_of, without_ids
from diptych.payments.outcomes import Concluded, conclude
from diptych.recruiters.platform import Order, Outcome, Platform, PlatformFault

log = logging.getLogger("diptych")
UNKNOWN_IDS = "its platform ids were deleted"
#: A page waits so long (s); what is left then is sent the next time.
PATIENCE_S = 25.0


class Withdrawn(PlatformFault):
    """An order was settled by somebody else while it was being sent: it must not go on."""


@dataclass
class Sent:
    """What came of sending.

    Attributes
    ----------
    confirmed : int
        Orders that are done.
    failed : int
        Orders that were refused, or could not be sent.
    in_doubt : int
        Orders that were sent, of which it is not known whether they were carried out.
    waiting : int
        Orders that are still only intended.
    problems : list[str]
        Why something waits or failed, in words, each once.
    """

    confirmed: int = 0
    failed: int = 0
    in_doubt: int = 0
    waiting: int = 0
    problems: list[str] = field(default_factory=list)

    def add(self, done: Concluded) -> None:
        """Count what was concluded."""
        self.confirmed += done.confirmed
        self.failed += done.failed

    def trouble(self, problem: str) -> None:
        """Note a problem, unless it was noted before."""
        if problem not in self.problems:
            self.problems.append(problem)


@dataclass(frozen=True)
class _Batch:
    """Orders that go to a platform in one call."""

    entries: Sequence[Entry]
    orders: dict[str, Order]


def send(
    host: Host, study_id: int, user: User | None, *, seconds: float | None = PATIENCE_S
) -> Sent:
    """Send what is intended in a study, the oldest first.

    Parameters
    ----------
    host : Host
        The host.
    study_id : int
        The study.
    user : User | None
        Who sends; None for the command line.
    seconds : float | None, optional
        No new call is begun after so long; None: until all is sent.

    Returns
    -------
    Sent
        What came of it. Raises nothing for what the network or the platform does.
    """
    sent, until = Sent(), None if seconds is None else time.monotonic() + seconds
    tried: set[str] = set()
    unusable: set[str] = set()
    while _round(host, study_id, user, until, sent, tried, unusable):
        pass
    with reading() as connection:
        sent.waiting = ledger.count(connection, study_id, "intended")
        sent.in_doubt = ledger.count(connection, study_id, "sent")
    if tried:
        detail = {"confirmed": sent.confirmed, "failed": sent.failed, "in_doubt": sent.in_doubt}
        audit.note(user, "ledger.send", study_id=study_id, detail=detail)
    return sent


def _round(
    host: Host,
    study_id: int,
    user: User | None,
    until: float | None,
    sent: Sent,
    tried: set[str],
    unusable: set[str],
) -> bool:
    """Send everything that can be sent now; True when something was, so that more may follow."""
    progress = False
    for batch, platform in _batches(host, study_id, sent, user):
        if until is not None and time.monotonic() > until:
            sent.trouble("the time limit of this page was reached before all were sent: send again")
            return False
        recruiter = batch.entries[0].recruiter
        if recruiter in unusable:
            continue
        try:
            at = platform.now_ms()
        except PlatformFault as fault:  # it does not even tell the time: all stays as it is
            sent.trouble(str(fault))
            unusable.add(recruiter)
            continue
        ready = _mark_sent(study_id, batch, user, sent, at)
        if not ready:
            continue
        progress = True
        tried.update(order.key for order in ready)
        try:
            outcomes = platform.send(ready, lambda o, name: _named(study_id, user, o, name))
        except PlatformFault as fault:
            sent.trouble(without_ids(str(fault), ready))
            unusable.add(recruiter)
            outcomes = [Outcome(order.key, "failed", reason=str(fault)) for order in ready]
        except Exception:
            # It may have been carried out, or not: reconciling says.
            log.exception("sending to %s", recruiter)
            sent.trouble(f"an unexpected error occurred while sending to {recruiter}: look it up")
            unusable.add(recruiter)
            continue
        sent.add(conclude(study_id, clean(outcomes, ready), user))
        _look_at_pending(study_id, platform, ready, outcomes, user, sent)
    return progress


def _batches(
    host: Host, study_id: int, sent: Sent, user: User | None
) -> list[tuple[_Batch, Platform]]:
    """Group intended orders by platform, action and place, in pieces that fit into one call."""
    with reading() as connection:
        waiting = ledger.in_state(connection, study_id, "intended")
        entries = {entry.key: entry for entry in waiting}
        known = orders(connection, waiting)
        lost = [Outcome(key, "failed", reason=UNKNOWN_IDS) for key in entries if key not in known]
        groups: dict[tuple[str, str, str], list[Entry]] = {}
        for key, order in known.items():
            group = entries[key].recruiter, order.place, order.action
            groups.setdefault(group, []).append(entries[key])
        platforms: dict[str, Platform] = {}
        batches: list[tuple[_Batch, Platform]] = []
        for (recruiter, _, _), some in groups.items():
            try:
                if recruiter not in platforms:
                    platforms[recruiter] = platform_of(host, connection, some[0].session_id)
            except PlatformFault as fault:
                sent.trouble(str(fault))
                continue
            platform = platforms[recruiter]
            size = platform.batch.get(known[some[0].key].action, 1)
            batches += [(_Batch(part, known), platform) for part in in_parts(some, size)]
    sent.add(conclude(study_id, lost, user))
    return batches


def _mark_sent(study_id: int, batch: _Batch, user: User | None, sent: Sent, at: int) -> list[Order]:
    """Mark those orders of a batch as sent that may be: nobody else sends them from now on."""
    ready: list[Entry] = []
    with writing() as connection:
        ledger.lock(connection, study_id)
        now = ledger.entries(connection, [entry.key for entry in batch.entries])
        allowance = None
        if any(entry.amount for entry in batch.entries):
            allowance = budget.read(connection, study_id)
        theirs = [entry.session_id for entry in batch.entries]
        in_doubt = ledger.in_state(connection, study_id, "sent", theirs)
        doubtful = {(entry.participation, entry.action) for entry in in_doubt}
        for entry in now.values():
            about = entry.participation, entry.action
            if entry.state != "intended" or about in doubtful:
                continue
            if entry.amount:
                if allowance is None:
                    sent.trouble(budget.NO_BUDGET)
                    continue
                problem = allowance.why_not(entry.amount, entry.currency)
                if problem is not None:
                    sent.trouble(problem)
                    continue
                allowance = replace(allowance, spent=allowance.spent + entry.amount)
            # Two of one person at once could not be told apart in the platform's books.
            doubtful.add(about)
            ready.append(entry)
        ledger.write(connection, "sent", ready, user, at=at)
    return [batch.orders[entry.key] for entry in ready]


def _named(study_id: int, user: User | None, order: Order, name: str) -> None:
    """Write down what the platform calls an order, before it is asked for anything irreversible."""
    with writing() as connection:
        ledger.lock(connection, study_id)
        entry = ledger.entries(connection, [order.key])[order.key]
        if entry.state != "sent":
            raise Withdrawn("another process settled an order while it was being sent")
        ledger.write(connection, "named", [entry], user, reference=name)


def _look_at_pending(
    study_id: int,
    platform: Platform,
    ready: Sequence[Order],
    outcomes: Sequence[Outcome],
    user: User | None,
    sent: Sent,
) -> None:
    """Ask once after orders that the platform took: what isn't done by now may be done later."""
    pending = {outcome.key for outcome in outcomes if outcome.state == "pending"}
    if not pending:
        return
    asked = [order for order in ready if order.key in pending]
    with reading() as connection:
        entries = ledger.entries(connection, [order.key for order in asked])
        asked = list(orders(connection, list(entries.values())).values())
        others = confirmed_at(connection, study_id, asked)
    try:
        found = platform.look_up(asked, others)
    except PlatformFault:
        return
    sent.add(conclude(study_id, [o for o in found if o.state == "confirmed"], user))


def confirmed_at(connection: Connection, study_id: int, asked: Sequence[Order]) -> list[Order]:
    """Return orders that are known to be done, about the participations of orders in doubt."""
    in_doubt = ledger.entries(connection, [order.key for order in asked]).values()
    about = {entry.participation for entry in in_doubt}
    done = [
        entry
        for entry in ledger.in_state(connection, study_id, "confirmed")
        if entry.participation in about
    ]
    return list(orders(connection, done).values())
