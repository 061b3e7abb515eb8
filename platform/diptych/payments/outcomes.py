"""What becomes of orders: the one place where an order is sent, named, confirmed or fails."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from diptych.accounts import audit
from diptych.accounts.users import User
from diptych.ground.database import writing
from diptych.ground.money import in_words
from diptych.payments import budget, ledger
from diptych.payments.ledger import Entry
from diptych.recruiters.platform import Order, Outcome, PlatformFault

TURNED_OUT_DONE = "not needed: an earlier order was already carried out"


class Withdrawn(PlatformFault):
    """An order was settled by somebody else while it was being sent: it must not go on."""


@dataclass
class Concluded:
    """How many orders are settled by what a platform said."""

    confirmed: int = 0
    failed: int = 0


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


@contextmanager
def _held(study_id: int, keys: Sequence[str]) -> Iterator[tuple[Connection, dict[str, Entry]]]:
    """Open a transaction in which nobody else changes the ledger of a study, and read orders."""
    with writing() as connection:
        ledger.lock(connection, study_id)
        yield connection, ledger.entries(connection, keys)


def mark_sent(
    study_id: int, some: Sequence[Entry], user: User | None, sent: Sent, at: int
) -> list[str]:
    """Mark those orders as sent that may be, and return their keys: nobody else sends them now.

    Parameters
    ----------
    study_id : int
        Their study.
    some : sequence of Entry
        Orders that go to a platform in one call.
    user : User or None
        Who sends; None for the command line.
    sent : Sent
        Is told why an order waits.
    at : int
        When, by the platform's clock (ms).
    """
    ready: list[Entry] = []
    with _held(study_id, [entry.key for entry in some]) as (connection, now):
        theirs = [entry.session_id for entry in some]
        in_doubt = ledger.in_state(connection, study_id, "sent", theirs)
        doubtful = {(entry.participation, entry.action) for entry in in_doubt}
        allowance = None
        if any(entry.amount for entry in some):
            allowance = budget.read(connection, study_id)
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
    return [entry.key for entry in ready]


def note_name(study_id: int, user: User | None, order: Order, name: str) -> None:
    """Write down what the platform calls an order, before it is asked for anything irreversible.

    Raises
    ------
    Withdrawn
        If the order is no longer on its way.
    """
    with _held(study_id, [order.key]) as (connection, held):
        entry = held[order.key]
        if entry.state != "sent":
            raise Withdrawn("another process settled an order while it was being sent")
        ledger.write(connection, "named", [entry], user, reference=name)


def conclude(study_id: int, outcomes: Sequence[Outcome], user: User | None) -> Concluded:
    """Write down outcomes that are certain; the others leave their orders in doubt."""
    certain = {o.key: o for o in outcomes if o.state in ("confirmed", "failed")}
    done = Concluded()
    if not certain:
        return done
    with _held(study_id, list(certain)) as (connection, held):
        for key, entry in held.items():
            outcome = certain[key]
            if entry.state == "confirmed" or entry.state == outcome.state:
                continue
            ledger.write(
                connection,
                outcome.state,
                [entry],
                user,
                reference=outcome.reference or entry.reference,
                reason=outcome.reason or None,
            )
            _note(connection, entry, outcome, user)
            if outcome.state == "failed":
                done.failed += 1
                continue
            done.confirmed += 1
            if entry.state == "failed":
                _call_off(connection, entry, user)
    return done


def _note(connection: Connection, entry: Entry, outcome: Outcome, user: User | None) -> None:
    detail = {"action": entry.action}
    if entry.amount:
        detail["amount"] = in_words(entry.amount, entry.currency)
    if outcome.reason:
        detail["reason"] = outcome.reason
    audit.note(
        user,
        f"ledger.{outcome.state}",
        study_id=entry.study_id,
        subject=entry.key,
        detail=detail,
        connection=connection,
    )


def _call_off(connection: Connection, entry: Entry, user: User | None) -> None:
    """Call off retries of an order that seemed to fail and was done: nobody may do it again."""
    retried = {
        order.retries: order
        for order in ledger.of_sessions(connection, [entry.session_id])
        if order.retries is not None
    }
    later, waiting = retried.get(entry.id), []
    while later is not None:
        if later.state == "intended":
            waiting.append(later)
        later = retried.get(later.id)
    ledger.write(connection, "failed", waiting, user, reason=TURNED_OUT_DONE)


def without_ids(text: str, some: Iterable[Order]) -> str:
    """Strip a platform's words of its ids of people and submissions: no ledger holds them."""
    ids = {i for order in some for i in (order.submission, order.worker) if i}
    for one in sorted(ids, key=len, reverse=True):
        text = text.replace(one, "…")
    return text


def clean(outcomes: Iterable[Outcome], some: Sequence[Order]) -> list[Outcome]:
    """Return the outcomes whose reasons name nobody."""
    return [replace(outcome, reason=without_ids(outcome.reason, some)) for outcome in outcomes]
