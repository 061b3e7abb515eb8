"""The sessions that decisions are about, with what their platform knows them by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, func, select

from diptych.domain.rows import SessionRow, session_row
from diptych.domain.tables import ARRIVALS, OF_TRIAL, ORDERS, RESPONSES, SESSIONS, TRIALS
from diptych.ground.database import in_parts
from diptych.ground.money import rounded, to_minor
from diptych.payments.participations import order_ids, paid, participation, workers
from diptych.study.payment import Payment


@dataclass(frozen=True)
class Subject:
    """A session, and the ids by which its recruiter's platform knows it.

    Attributes
    ----------
    session : SessionRow
        Its row.
    worker : str | None
        The platform's id of the person; None where there is none.
    place : str | None
        Where the study stands on the platform; None where there is no platform.
    submission : str | None
        The platform's id of the participation; None likewise.
    """

    session: SessionRow
    worker: str | None
    place: str | None
    submission: str | None

    @property
    def participation(self) -> str:
        """What its orders are about: the same for the same person under the same submission.

        Two sessions of one participation share it, so that it is paid once; platform ids do not
        stand in it.
        """
        return participation(self.session.recruiter, self.place, self.submission, self.worker)


def subjects(
    connection: Connection, study_id: int, session_ids: Sequence[int]
) -> dict[int, Subject]:
    """Read sessions of a study by id, in the order asked for, without ids of other studies."""
    found: dict[int, Subject] = {}
    for some in in_parts(session_ids):
        rows = connection.execute(
            select(SESSIONS).where(SESSIONS.c.id.in_(some), SESSIONS.c.study_id == study_id)
        ).all()
        came: dict[int, list[Mapping[str, str]]] = {}
        arrivals = select(ARRIVALS).where(ARRIVALS.c.session_id.in_(some))
        for row in connection.execute(arrivals.order_by(ARRIVALS.c.id.desc())):
            came.setdefault(row.session_id, []).append(row.parameters)
        people = workers(connection, [row.participant_id for row in rows if row.participant_id])
        paid_as = paid(connection, some)
        for row in rows:
            worker = people.get((row.recruiter, row.participant_id))
            known = [
                Subject(session_row(row), worker, *order_ids(row.recruiter, parameters))
                for parameters in came.get(row.id) or [{}]
            ]
            # The submission that the work is paid under, whatever its person came back with.
            under = paid_as.get(row.id, set())
            found[row.id] = next((s for s in known if s.participation in under), known[0])
    return {number: found[number] for number in dict.fromkeys(session_ids) if number in found}


@dataclass(frozen=True)
class Ordered:
    """What has been ordered about one participation.

    Attributes
    ----------
    states : Mapping[str, set[str]]
        Action -> states in which its orders stand.
    attempts : Mapping[str, int]
        Action -> the highest attempt so far, failed ones included.
    """

    states: Mapping[str, set[str]]
    attempts: Mapping[str, int]

    def stands(self, action: str) -> set[str]:
        """Return the states of the orders of an action that have not failed."""
        return self.states.get(action, set()) - {"failed"}


def ordered(
    connection: Connection, study_id: int, some: Mapping[int, Subject]
) -> dict[str, Ordered]:
    """Return what was ordered about the participation of each subject, from any session."""
    people = sorted({s.session.participant_id for s in some.values() if s.session.participant_id})
    states: dict[str, dict[str, set[str]]] = {}
    attempts: dict[str, dict[str, int]] = {}
    for part in in_parts(people):
        theirs = select(SESSIONS.c.id).where(
            SESSIONS.c.study_id == study_id,
            SESSIONS.c.participant_id.in_(part),
        )
        for row in connection.execute(
            select(ORDERS.c.participation, ORDERS.c.action, ORDERS.c.state, ORDERS.c.attempt).where(
                ORDERS.c.session_id.in_(theirs)
            )
        ):
            of_action = states.setdefault(row.participation, {}).setdefault(row.action, set())
            of_action.add(row.state)
            counts = attempts.setdefault(row.participation, {})
            counts[row.action] = max(counts.get(row.action, 0), row.attempt)
    return {
        s.participation: Ordered(states.get(s.participation, {}), attempts.get(s.participation, {}))
        for s in some.values()
    }


def reward(payment: Payment) -> int:
    """Return the minor units that a completed session is paid."""
    return to_minor(payment.reward, payment.currency)


def earned(payment: Payment, correct: int, counted: int) -> int:
    """Return the minor units of bonus that a completed session has earned by the study's rule.

    Parameters
    ----------
    payment : Payment
        The study's.
    correct : int
        Right answers in the phases that count.
    counted : int
        Answers in the phases that count.
    """
    rule = payment.bonus
    if rule is None:
        return 0
    if rule.from_score is not None and (not counted or correct / counted < rule.from_score):
        return 0
    exact = Decimal(str(rule.base)) + Decimal(str(rule.per_correct)) * correct
    if rule.max is not None:
        exact = min(exact, Decimal(str(rule.max)))
    return rounded(exact, payment.currency)


def scores(
    connection: Connection, some: Sequence[Any], phases: Sequence[str]
) -> dict[int, tuple[int, int]]:
    """Return (right answers, answers) of sessions in some phases; all but practice by default."""
    if not phases:
        return {row.id: (row.n_correct, row.n_counted) for row in some}
    found = {row.id: (0, 0) for row in some}
    ids = list(found)
    for part in in_parts(ids):
        for number, correct, counted in connection.execute(
            select(
                TRIALS.c.session_id,
                func.count().filter(RESPONSES.c.correct.is_(True)),
                func.count(),
            )
            .join(
                RESPONSES,
                OF_TRIAL,
            )
            .where(TRIALS.c.session_id.in_(part))
            .where(TRIALS.c.phase.in_(phases))
            .group_by(TRIALS.c.session_id)
        ):
            found[number] = (correct, counted)
    return found
