"""The sessions that decisions are about, with what their platform knows them by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, func, select

from diptych.domain.rows import SessionRow, session_row
from diptych.domain.tables import ARRIVALS, LEDGER, OF_TRIAL, RESPONSES, SESSIONS, TRIALS
from diptych.ground.database import in_parts
from diptych.ground.money import rounded, to_minor
from diptych.payments.ledger import RANK, STATE_OF
from diptych.payments.participations import order_ids, paid, stem, workers
from diptych.study.spec import Payment


@dataclass(frozen=True)
class Subject:
    """A session, and the ids by which its recruiter's platform knows it.

    Attributes:
        session: its row.
        worker: the platform's id of the person; None where there is none.
        place: where the study stands on the platform; None where there is no platform.
        submission: the platform's id of the participation; None likewise.
    """

    session: SessionRow
    worker: str | None
    place: str | None
    submission: str | None

    @property
    def stem(self) -> str:
        """How the keys of its orders begin: the same for the same person and participation.

        Two sessions of one participation share it, so that it is paid once; platform ids do not
        stand in it.
        """
        return stem(self.session.recruiter, self.place, self.submission, self.worker)


def subjects(
    connection: Connection, study_id: int, session_ids: Sequence[int]
) -> dict[int, Subject]:
    """Sessions of a study by id, in the order asked for; ids of other studies are left out."""
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
            stems = paid_as.get(row.id, set())
            found[row.id] = next((s for s in known if s.stem in stems), known[0])
    return {number: found[number] for number in dict.fromkeys(session_ids) if number in found}


@dataclass(frozen=True)
class Ordered:
    """What has been ordered about one participation.

    Attributes:
        states: action -> states in which its orders stand.
        numbers: action -> how many orders there were, failed ones included.
    """

    states: Mapping[str, set[str]]
    numbers: Mapping[str, int]

    def stands(self, action: str) -> set[str]:
        """The states of the orders of an action that have not failed."""
        return self.states.get(action, set()) - {"failed"}


def ordered(
    connection: Connection, study_id: int, some: Mapping[int, Subject]
) -> dict[str, Ordered]:
    """By the stem of each subject: what has been ordered about it, from whichever session."""
    people = sorted({s.session.participant_id for s in some.values() if s.session.participant_id})
    states: dict[str, dict[str, set[str]]] = {}
    numbers: dict[str, dict[str, int]] = {}
    for part in in_parts(people):
        theirs = select(SESSIONS.c.id).where(
            SESSIONS.c.study_id == study_id,
            SESSIONS.c.participant_id.in_(part),
        )
        for key, action, rank in connection.execute(
            select(LEDGER.c.key, LEDGER.c.action, func.max(RANK))
            .where(LEDGER.c.session_id.in_(theirs))
            .group_by(LEDGER.c.key, LEDGER.c.action)
        ):
            beginning = key.partition("-")[0]
            states.setdefault(beginning, {}).setdefault(action, set()).add(STATE_OF[rank])
            counts = numbers.setdefault(beginning, {})
            counts[action] = counts.get(action, 0) + 1
    return {s.stem: Ordered(states.get(s.stem, {}), numbers.get(s.stem, {})) for s in some.values()}


def reward(payment: Payment) -> int:
    """Minor units that a completed session is paid."""
    return to_minor(payment.reward, payment.currency)


def earned(payment: Payment, correct: int, counted: int) -> int:
    """Minor units of bonus that a completed session has earned by the study's rule.

    Args:
        payment: the study's.
        correct: right answers in the phases that count.
        counted: answers in the phases that count.
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
    """(right answers, answers) of sessions in some phases; all but practice where none is named."""
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
