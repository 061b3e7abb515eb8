"""Writing down what became of orders: the one place where an order is confirmed or fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from diptych.accounts import audit
from diptych.accounts.users import User
from diptych.ground.database import writing
from diptych.ground.money import in_words
from diptych.payments import ledger
from diptych.payments.ledger import Entry
from diptych.recruiters.platform import Outcome

TURNED_OUT_DONE = "not needed: an earlier order was already carried out"


@dataclass
class Concluded:
    """How many orders are settled by what a platform said."""

    confirmed: int = 0
    failed: int = 0


def conclude(study_id: int, outcomes: Sequence[Outcome], user: User | None) -> Concluded:
    """Write down outcomes that are certain; the others leave their orders in doubt."""
    certain = {o.key: o for o in outcomes if o.state in ("confirmed", "failed")}
    done = Concluded()
    if not certain:
        return done
    with writing() as connection:
        ledger.lock(connection, study_id)
        for key, entry in ledger.entries(connection, list(certain)).items():
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
