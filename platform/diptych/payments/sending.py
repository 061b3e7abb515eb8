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
from contextlib import suppress
from dataclasses import dataclass

from diptych.accounts import audit
from diptych.accounts.users import User
from diptych.ground.database import in_parts, reading
from diptych.host import Host
from diptych.payments import ledger
from diptych.payments.ledger import Entry
from diptych.payments.lookups import look_up
from diptych.payments.orders import orders, platform_of
from diptych.payments.outcomes import Sent, clean, conclude, mark_sent, note_name, without_ids
from diptych.recruiters.platform import Order, Outcome, Platform, PlatformFault

log = logging.getLogger("diptych")
UNKNOWN_IDS = "its platform ids were deleted"
#: A page waits so long (s); what is left then is sent the next time.
PATIENCE_S = 25.0


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
    batches, lost = _batches(host, study_id, sent)
    for batch, platform in batches:
        if until is not None and time.monotonic() > until:
            sent.trouble("the time limit of this page was reached before all were sent: send again")
            progress = False
            break
        recruiter = batch.entries[0].recruiter
        if recruiter in unusable:
            continue
        try:
            at = platform.now_ms()
        except PlatformFault as fault:  # it does not even tell the time: all stays as it is
            sent.trouble(str(fault))
            unusable.add(recruiter)
            continue
        ready = [batch.orders[key] for key in mark_sent(study_id, batch.entries, user, sent, at)]
        if not ready:
            continue
        progress = True
        tried.update(order.key for order in ready)
        try:
            outcomes = platform.send(ready, lambda o, name: note_name(study_id, user, o, name))
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
        # What is not done by now may be done later: it is asked after once.
        pending = [outcome.key for outcome in outcomes if outcome.state == "pending"]
        if pending:
            with suppress(PlatformFault):
                sent.add(look_up(study_id, platform, pending, user))
    sent.add(conclude(study_id, lost, user))
    return progress


def _batches(
    host: Host, study_id: int, sent: Sent
) -> tuple[list[tuple[_Batch, Platform]], list[Outcome]]:
    """Group intended orders by platform, action and place, in pieces that fit into one call.

    Orders whose ids were deleted can't be sent: they come back as failed.
    """
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
    return batches, lost
