"""The ledger against the platform's own books.

An order that is in doubt is looked up: what the books show is confirmed, what they do not show has
failed once the time of grace is over, for a platform may carry out later what it has taken. That
time is counted by the platform's clock where this host's is far from it. What the books show and
the ledger does not know (approved or paid on the platform itself) is written down as found, so
that both come to the same. Sessions that were returned there end here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from diptych.accounts import audit
from diptych.accounts.users import User
from diptych.domain.tables import SESSIONS
from diptych.domain.vocabulary import LIVE
from diptych.ground.database import reading, writing
from diptych.ground.money import in_words
from diptych.host import Host
from diptych.payments import ledger
from diptych.payments.decided_sessions import Subject, reward, subjects
from diptych.payments.ledger import Entry, NewOrder
from diptych.payments.lookups import look_up
from diptych.payments.orders import orders, platform_of
from diptych.payments.outcomes import conclude, without_ids
from diptych.recruiters.platform import Order, Outcome, Platform, PlatformFault, Submission
from diptych.settling.settle import end_session
from diptych.study.versions import frozen

FOUND = "found on the platform; it was not ordered here"
AFTER_ALL = "the platform carried it out"
_ENDS = {"RETURNED": "returned", "TIMED OUT": "timed_out"}
_OF_PEOPLE = SESSIONS.c.kind == "person"


@dataclass
class Reconciled:
    """What came of reconciling.

    Attributes
    ----------
    confirmed : int
        Orders that turned out to be done.
    failed : int
        Orders that turned out not to be done.
    in_doubt : int
        Orders that are still in doubt.
    found : int
        What the platform has paid and nobody had ordered here.
    ended : int
        Live sessions that were returned or timed out on the platform.
    differences : list[str]
        Where the books differ, in words.
    problems : list[str]
        What could not be asked, in words.
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
            compared = _compare(study_id, recruiter, here, books, settled, user)
            result.found += compared.found
            result.confirmed += compared.confirmed
            result.differences += compared.differences
            _end(host, here, books, result)
    with reading() as connection:
        result.in_doubt = ledger.count(connection, study_id, "sent")
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
    """Return the sessions of people that a platform knows, by recruiter."""
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
    """Return the keys of the orders that are known to be done by now."""
    with reading() as connection:
        return frozenset(e.key for e in ledger.in_state(connection, study_id, "confirmed"))


def _doubts(study_id: int, recruiter: str) -> dict[str, list[Order]]:
    """Return the orders in doubt with a recruiter, by the place they are about."""
    with reading() as connection:
        sent = ledger.in_state(connection, study_id, "sent")
        known = orders(connection, [entry for entry in sent if entry.recruiter == recruiter])
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

    Raises
    ------
    PlatformFault
        When the platform does not answer.
    """
    if not asked:
        return
    since = platform.now_ms() - host.settings.payment_grace_minutes * 60_000
    keys = [order.key for order in asked]
    done = look_up(study_id, platform, keys, user, gone_before=since)
    result.confirmed += done.confirmed
    result.failed += done.failed


def _end(
    host: Host, here: dict[int, Subject], books: Sequence[Submission], result: Reconciled
) -> None:
    """End live sessions whose submission was returned, or has timed out, on the platform."""
    statuses = {(s.id, s.worker): s.status.upper().replace("-", " ") for s in books}
    for number, subject in here.items():
        status = _ENDS.get(statuses.get((subject.submission or "", subject.worker or ""), ""))
        if status is not None and subject.session.status in LIVE:
            result.ended += end_session(host, number, status)


@dataclass
class _Compared:
    """What came of comparing: orders found or confirmed, and differences in words."""

    found: int = 0
    confirmed: int = 0
    differences: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Shown:
    """One submission in the books, with the orders about it."""

    shown: Submission
    subject: Subject
    entries: list[Entry]
    currency: str
    reward: int

    def held(self, action: str) -> list[Entry]:
        """Return the orders of an action that are done, or may be."""
        states = ("sent", "confirmed")
        return [e for e in self.entries if e.action == action and e.state in states]


def _compare(
    study_id: int,
    recruiter: str,
    here: Mapping[int, Subject],
    books: Sequence[Submission],
    settled: frozenset[str],
    user: User | None,
) -> _Compared:
    """Write down what the books show and the ledger doesn't.

    Parameters
    ----------
    study_id : int
        The study.
    recruiter : str
        Whose books they are.
    here : Mapping[int, Subject]
        The sessions of the place, by id.
    books : Sequence[Submission]
        Its submissions, read before this is called.
    settled : frozenset[str]
        Keys of the orders that were done before the books began to be read: what was
        settled later need not stand in them.
    user : User | None
        Who reconciles.
    """
    result = _Compared()
    by_ids = {(s.submission, s.worker): s for s in here.values()}
    after_all: list[str] = []
    with writing() as connection:
        ledger.lock(connection, study_id)
        of: dict[str, list[Entry]] = {}
        for entry in ledger.all_entries(connection, study_id):
            of.setdefault(entry.participation, []).append(entry)
        # A list that changes while it is read can show one submission on two pages.
        for shown in {(shown.id, shown.worker): shown for shown in books}.values():
            subject = by_ids.get((shown.id, shown.worker))
            if subject is None:
                continue
            content = frozen(subject.session.version_id, connection)
            payment = content.spec.of_part(subject.session.part).payment
            usual = reward(payment) if shown.reward is None else shown.reward
            one = _Shown(shown, subject, of.get(subject.participation, []), payment.currency, usual)
            for action, amount in _not_held(one):
                failed = _failed_before(one, action, amount, after_all)
                if failed is not None:
                    after_all.append(failed.key)
                else:
                    _write_found(connection, study_id, recruiter, one, action, amount)
                    result.found += 1
            result.differences += _differences(one, settled)
    outcomes = [Outcome(key, "confirmed", reason=AFTER_ALL) for key in after_all]
    result.confirmed = conclude(study_id, outcomes, user).confirmed
    return result


def _not_held(one: _Shown) -> list[tuple[str, int]]:
    """List (action, amount) of what the platform has paid without an order here."""
    found: list[tuple[str, int]] = []
    if one.shown.paid and not one.held("approve"):
        found.append(("approve", one.reward))
    known = Counter(e.amount for e in (*one.held("bonus"), *one.held("screen_out")))
    found += [("bonus", amount) for amount in (Counter(one.shown.bonuses) - known).elements()]
    return found


def _failed_before(one: _Shown, action: str, amount: int, taken: Sequence[str]) -> Entry | None:
    """Find an order that was sent and given up, of which this is the payment."""
    for entry in one.entries:
        same = entry.action == action and (action == "approve" or entry.amount == amount)
        if same and entry.state == "failed" and entry.sent_at and entry.key not in taken:
            return entry
    return None


def _write_found(
    connection: Connection, study_id: int, recruiter: str, one: _Shown, action: str, amount: int
) -> None:
    """Confirm an order that still waits to be sent, or else one made for what was found."""
    waiting = [e for e in one.entries if e.action == action == "approve" and e.state == "intended"]
    order: Entry | NewOrder = (
        waiting[0]
        if waiting
        else NewOrder(
            study_id,
            one.subject.session.id,
            one.subject.participation,
            1 + max((e.attempt for e in one.entries if e.action == action), default=0),
            recruiter,
            action,
            amount,
            one.currency,
        )
    )
    ledger.write(connection, "confirmed", [order], None, actor=recruiter, reason=FOUND)
    if not waiting:
        one.entries.extend(ledger.entries(connection, [order.key]).values())
    audit.note(
        None,
        "ledger.found",
        study_id=study_id,
        subject=order.key,
        detail={"action": action, "amount": in_words(amount, one.currency)},
        connection=connection,
    )


def _differences(one: _Shown, settled: frozenset[str]) -> list[str]:
    """List where the books and the ledger differ about orders settled before."""
    who, found = one.subject.session.public_id[:8], []
    sure = [e for e in one.entries if e.state == "confirmed" and e.key in settled]
    approvals = [e for e in sure if e.action == "approve"]
    if approvals and not one.shown.paid:
        found.append(f"session {who}: approved here, {one.shown.status} on the platform")
    elif any(e.amount != one.reward for e in approvals):
        found.append(
            f"session {who}: the reward is {in_words(one.reward, one.currency)} on the platform, "
            f"{in_words(approvals[0].amount, one.currency)} here"
        )
    bonuses = Counter(e.amount for e in sure if e.action == "bonus")
    for amount in (bonuses - Counter(one.shown.bonuses)).elements():
        found.append(
            f"session {who}: a bonus of {in_words(amount, one.currency)} is confirmed here, but "
            "the platform does not list it"
        )
    return found
