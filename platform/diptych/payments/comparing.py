"""What a platform's books show beside what the ledger holds: nothing is paid without a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from diptych.accounts import audit
from diptych.accounts.users import User
from diptych.ground.database import now_ms, writing
from diptych.ground.money import in_words
from diptych.payments import ledger
from diptych.payments.decided_sessions import Subject, reward
from diptych.payments.ledger import Entry
from diptych.payments.outcomes import conclude
from diptych.recruiters.platform import Outcome, Submission
from diptych.study.versions import frozen

FOUND = "found on the platform: it was not ordered here"
AFTER_ALL = "it was carried out after all"


@dataclass
class Compared:
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
        """Orders of an action that are done, or may be."""
        states = ("sent", "confirmed")
        return [e for e in self.entries if e.action == action and e.state in states]


def compare(
    study_id: int,
    recruiter: str,
    here: Mapping[int, Subject],
    books: Sequence[Submission],
    settled: frozenset[str],
    user: User | None,
) -> Compared:
    """Write down what the books show and the ledger doesn't.

    Args:
        study_id: the study.
        recruiter: whose books they are.
        here: the sessions of the place, by id.
        books: its submissions, read before this is called.
        settled: keys of the orders that were done before the books began to be read: what was
            settled later need not stand in them.
        user: who reconciles.
    """
    result = Compared()
    by_ids = {(s.submission, s.worker): s for s in here.values()}
    after_all: list[str] = []
    with writing() as connection:
        ledger.lock(connection, study_id)
        of: dict[str, list[Entry]] = {}
        for entry in ledger.all_entries(connection, study_id):
            of.setdefault(entry.key.partition("-")[0], []).append(entry)
        # A list that changes while it is read can show one submission on two pages.
        for shown in {(shown.id, shown.worker): shown for shown in books}.values():
            subject = by_ids.get((shown.id, shown.worker))
            if subject is None:
                continue
            payment = frozen(subject.session.version_id, connection).spec.payment
            usual = reward(payment) if shown.reward is None else shown.reward
            one = _Shown(shown, subject, of.get(subject.stem, []), payment.currency, usual)
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
    """(action, amount) of what the platform has paid and no order here accounts for."""
    found: list[tuple[str, int]] = []
    if one.shown.paid and not one.held("approve"):
        found.append(("approve", one.reward))
    known = Counter(e.amount for e in (*one.held("bonus"), *one.held("screen_out")))
    found += [("bonus", amount) for amount in (Counter(one.shown.bonuses) - known).elements()]
    return found


def _failed_before(one: _Shown, action: str, amount: int, taken: Sequence[str]) -> Entry | None:
    """An order that was sent and given up, of which this is the payment."""
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
    number = 1 + sum(entry.action == action for entry in one.entries)
    entry = (
        waiting[0]
        if waiting
        else Entry(
            key=f"{one.subject.stem}-{action}-{number}",
            state="confirmed",
            study_id=study_id,
            session_id=one.subject.session.id,
            recruiter=recruiter,
            action=action,
            amount=amount,
            currency=one.currency,
            reference=None,
            reason=FOUND,
            at=now_ms(),
            sent_at=None,
            actor=recruiter,
        )
    )
    if not waiting:
        one.entries.append(entry)
    ledger.write(connection, "confirmed", [entry], None, actor=recruiter, reason=FOUND)
    audit.note(
        None,
        "ledger.found",
        study_id=study_id,
        subject=entry.key,
        detail={"action": action, "amount": in_words(amount, one.currency)},
        connection=connection,
    )


def _differences(one: _Shown, settled: frozenset[str]) -> list[str]:
    """Where the books say something else than the ledger, about orders settled before."""
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
            f"session {who}: a bonus of {in_words(amount, one.currency)} is confirmed here and "
            "does not show on the platform"
        )
    return found
