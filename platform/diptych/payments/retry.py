"""What a person does with single orders: try a failed one again, or withdraw one not yet sent."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import insert

from diptych.accounts import audit
from diptych.accounts.audit import COMMAND_LINE
from diptych.accounts.users import User
from diptych.domain.tables import DECISIONS
from diptych.ground.database import now_ms, writing
from diptych.payments import ledger
from diptych.payments.decided_sessions import ordered, subjects
from diptych.payments.ledger import NewOrder
from diptych.payments.orders import decisions_by_key
from diptych.payments.rules import why_not


def try_again(study_id: int, keys: Sequence[str], user: User | None) -> int:
    """Intend failed orders anew, each under a key of its own; returns how many.

    An order that was tried again already, or whose participation has another one of its sort by
    now, is left as it is.
    """
    made = 0
    with writing() as connection:
        ledger.lock(connection, study_id)
        for key, entry in ledger.entries(connection, keys).items():
            some = subjects(connection, study_id, [entry.session_id])
            subject = some.get(entry.session_id)
            if entry.study_id != study_id or entry.state != "failed" or subject is None:
                continue
            before = ordered(connection, study_id, some)[subject.participation]
            # Somebody who came back with other ids since is another participation.
            if entry.participation != subject.participation or why_not(entry.action, before):
                continue
            theirs = ledger.of_sessions(connection, [entry.session_id])
            if any(order.retries == entry.id for order in theirs):
                continue
            new = NewOrder(
                study_id,
                entry.session_id,
                entry.participation,
                before.attempts.get(entry.action, 0) + 1,
                entry.recruiter,
                entry.action,
                entry.amount,
                entry.currency,
                retries=entry.id,
            )
            was = decisions_by_key(connection, entry.session_id).get(key)
            connection.execute(
                insert(DECISIONS).values(
                    session_id=entry.session_id,
                    study_id=study_id,
                    action=entry.action,
                    at=now_ms(),
                    user_id=None if user is None else user.id,
                    actor=COMMAND_LINE if user is None else user.name,
                    message=None if was is None else was.message,
                    detail={**({} if was is None else was.detail), "key": new.key},
                )
            )
            ledger.write(connection, "intended", [new], user)
            audit.note(
                user,
                "ledger.again",
                study_id=study_id,
                subject=new.key,
                detail={"failed": key},
                connection=connection,
            )
            made += 1
    return made


def withdraw(study_id: int, keys: Sequence[str], user: User | None) -> int:
    """Take back orders that were not sent yet; returns how many."""
    who = COMMAND_LINE if user is None else user.name
    with writing() as connection:
        ledger.lock(connection, study_id)
        waiting = [
            entry
            for entry in ledger.entries(connection, keys).values()
            if entry.study_id == study_id and entry.state == "intended"
        ]
        ledger.write(
            connection, "failed", waiting, user, reason=f"withdrawn by {who} before it was sent"
        )
        for entry in waiting:
            audit.note(
                user, "ledger.withdraw", study_id=study_id, subject=entry.key, connection=connection
            )
    return len(waiting)
