"""The ledger against the platform's own books.

An order that is in doubt is looked up: what the books show is confirmed, what they do not show has
failed once the time of grace is over, for a platform may carry out later what it has taken. That
time is counted by the platform's clock where this host's is far from it. What the books show and
the ledger does not know (approved or paid on the platform itself) is written down as found, so
that both come to the same. Sessions that were returned there end here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from diptych.accounts import audit
from diptych.accounts.users import User
from diptych.domain.tables import SESSIONS
from diptych.domain.vocabulary import LIVE
from diptych.ground.database import reading
from diptych.host import Host
from diptych.payments import ledger
from diptych.payments.comparing import compare
from diptych.payments.decided_sessions import Subject, subjects
from diptych.payments.ledger import Entry
from diptych.payments.orders import clean, orders, platform_of, without_ids
from diptych.payments.outcomes import conclude
from diptych.payments.sending import confirmed_at
from diptych.recruiters.platform import Order, Platform, PlatformFault, Submission
from diptych.settling.settle import end_session

_ENDS = {"RETURNED": "returned", "TIMED OUT": "timed_out"}
_OF_PEOPLE = SESSIONS.c.kind == "person"


@dataclass
class Reconciled:
    """What came of reconciling.

    Attributes:
        confirmed: orders that turned out to be done.
        failed: orders that turned out not to be done.
        in_doubt: orders that are still in doubt.
        found: what the platform has paid and nobody had ordered here.
        ended: live sessions that were returned or timed out on the platform.
        differences: where the books differ, in words.
        problems: what could not be asked, in words.
    """

    confirmed: int = 0
    failed: int = 0
    in_doubt: int = 0
    found: int = 0
    ended: int = 0
    differences: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def reconcile(host: Host, study_id: int, user: User | None) -> Reconciled:
    """Look up everything in doubt in a study, and compare its ledger with the platforms' books.

    Sends nothing. Raises nothing for what the network or a platform does: `problems` says it.
    """
    result = Reconciled()
    for recruiter, some in _by_recruiter(study_id).items():
        try:
            with reading() as connection:
                platform = platform_of(host, connection, next(iter(some)))
        except PlatformFault as fault:
            result.problems.append(str(fault))
            continue
        doubts = _doubts(study_id, recruiter)
        places = {subject.place for subject in some.values() if subject.place} | set(doubts)
        for place in sorted(places):
            here = {n: subject for n, subject in some.items() if subject.place == place}
            settled = _settled(study_id)
            try:
                # The books first: whatever they show was marked as sent before it was paid.
                books = list(platform.submissions(place))
                _look_up(host, study_id, platform, doubts.get(place, []), user, result)
            except PlatformFault as fault:
                result.problems.append(without_ids(str(fault), doubts.get(place, [])))
                continue
            compared = compare(study_id, recruiter, here, books, settled, user)
            result.found += compared.found
            result.confirmed += compared.confirmed
            result.differences += compared.differences
            _end(host, here, books, result)
    with reading() as connection:
        result.in_doubt = len(ledger.keys_in(connection, study_id, "sent"))
    audit.note(
        user,
        "ledger.reconcile",
        study_id=study_id,
        detail={
            "confirmed": result.confirmed,
            "failed": result.failed,
            "in_doubt": result.in_doubt,
            "found": result.found,
            "ended": result.ended,
        },
    )
    return result


def _by_recruiter(study_id: int) -> dict[str, dict[int, Subject]]:
    """The sessions of people that a platform knows, by recruiter."""
    with reading() as connection:
        ids = connection.execute(
            select(SESSIONS.c.id).where(
                SESSIONS.c.study_id == study_id, SESSIONS.c.kind == "person"
            )
        ).scalars()
        known = subjects(connection, study_id, list(ids))
    found: dict[str, dict[int, Subject]] = {}
    for number, subject in known.items():
        if subject.submission is not None:
            found.setdefault(subject.session.recruiter, {})[number] = subject
    return found


def _settled(study_id: int) -> frozenset[str]:
    """The keys of the orders that are known to be done by now."""
    with reading() as connection:
        return frozenset(ledger.keys_in(connection, study_id, "confirmed"))


def _doubts(study_id: int, recruiter: str) -> dict[str, list[Order]]:
    """The orders in doubt with a recruiter, by the place they are about."""
    with reading() as connection:
        entries = ledger.entries(connection, ledger.keys_in(connection, study_id, "sent"))
        known = orders(connection, [e for e in entries.values() if e.recruiter == recruiter])
    found: dict[str, list[Order]] = {}
    for order in known.values():
        found.setdefault(order.place, []).append(order)
    return found


def _look_up(
    host: Host,
    study_id: int,
    platform: Platform,
    asked: Sequence[Order],
    user: User | None,
    result: Reconciled,
) -> None:
    """Ask after the orders in doubt of one place.

    Raises:
        PlatformFault: when the platform does not answer.
    """
    if not asked:
        return
    with reading() as connection:
        others = confirmed_at(connection, study_id, asked)
        entries = ledger.entries(connection, [order.key for order in asked])
    since = platform.now_ms() - host.settings.payment_grace_minutes * 60_000
    certain = [
        outcome
        for outcome in platform.look_up(asked, others)
        if outcome.state == "confirmed" or _is_old(entries[outcome.key], since)
    ]
    done = conclude(study_id, clean(certain, asked), user)
    result.confirmed += done.confirmed
    result.failed += done.failed


def _is_old(entry: Entry, since: float) -> bool:
    """Whether an order was sent so long ago that the platform would show it by now."""
    return entry.sent_at is not None and entry.sent_at <= since


def _end(
    host: Host, here: dict[int, Subject], books: Sequence[Submission], result: Reconciled
) -> None:
    """End live sessions whose submission was returned, or has timed out, on the platform."""
    statuses = {(s.id, s.worker): s.status.upper().replace("-", " ") for s in books}
    for number, subject in here.items():
        status = _ENDS.get(statuses.get((subject.submission or "", subject.worker or ""), ""))
        if status is not None and subject.session.status in LIVE:
            result.ended += end_session(host, number, status)
