"""Answers that change the plan: ends of practice blocks, and adaptive policies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never

from sqlalchemy import Connection, func, select, update

from diptych.domain.rows import AnsweringRow, SessionRow, TrialRow
from diptych.domain.tables import OF_TRIAL, RESPONSES, TRIALS
from diptych.host import Host, generator
from diptych.journey.state import trial_at
from diptych.journey.steps import insert_trials
from diptych.sessions.planned import planned
from diptych.study.content import StudyContent
from diptych.tasks import Answered, Failed, Passed, PlannedTrial, PractiseAgain


@dataclass(frozen=True)
class NextTrial:
    """The trial after the one that is answered."""

    phase: str
    block: int
    item: dict[str, Any] | None
    notice: str | None

    @classmethod
    def of(cls, row: AnsweringRow) -> NextTrial | None:
        """From the columns `next_…` of the row an answer reads."""
        if row.next_phase is None:
            return None
        return cls(row.next_phase, row.next_block, row.next_item, row.next_notice)


@dataclass(frozen=True)
class Replanned:
    """The plan is settled, and the session goes on with it.

    Attributes
    ----------
    trial : NextTrial or None
        The next trial; None after the last one.
    columns : dict
        Further columns of the session that change.
    """

    trial: NextTrial | None
    columns: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ScreenedOut:
    """The practice was not passed: the session ends here.

    Attributes
    ----------
    columns : dict
        Further columns of the session that change.
    """

    columns: dict[str, Any]


def needs_replanning(trial: PlannedTrial, following: NextTrial | None) -> bool:
    """Whether the next trial can't be taken from the plan as it stands."""
    if following is not None and following.item is None:
        return True
    return trial.phase == "practice" and (
        following is None or following.phase != "practice" or following.block != trial.block
    )


def replan(
    host: Host,
    connection: Connection,
    session: SessionRow,
    content: StudyContent,
    trial: PlannedTrial,
) -> Replanned | ScreenedOut:
    """Settle what follows an answer just stored. The caller holds the session's lock."""
    columns: dict[str, Any] = {}
    if _ends_practice(connection, session, trial):
        task = host.task(session.version_id, session.condition)
        attempts = trial.block + 1
        columns = {"practice_attempts": attempts}
        is_machine = session.kind == "machine"
        wrong = 0 if is_machine else _wrong_in_block(connection, session.id, trial.block)
        after = task.after_practice(
            wrong, attempts, generator(session.seed, f"practice {attempts}")
        )
        match after:
            case Passed():
                pass
            case PractiseAgain(block):
                _insert_block(connection, session, block)
                columns["n_trials"] = session.n_trials + len(block)
            case Failed():
                return ScreenedOut(columns)
            case _:
                assert_never(after)
    following = trial_at(connection, session.id, session.position + 1)
    if following is not None and following.item is None:
        _choose(host, connection, session, content, following)
        following = trial_at(connection, session.id, session.position + 1)
    if following is None:
        return Replanned(None, columns)
    return Replanned(
        NextTrial(following.phase, following.block, following.item, following.notice), columns
    )


def _ends_practice(connection: Connection, session: SessionRow, trial: PlannedTrial) -> bool:
    if trial.phase != "practice":
        return False
    following = trial_at(connection, session.id, session.position + 1)
    return following is None or (following.phase, following.block) != ("practice", trial.block)


def _wrong_in_block(connection: Connection, session_id: int, block: int) -> int:
    return connection.execute(
        select(func.count())
        .select_from(RESPONSES)
        .join(TRIALS, OF_TRIAL)
        .where(
            TRIALS.c.session_id == session_id,
            TRIALS.c.phase == "practice",
            TRIALS.c.block == block,
            RESPONSES.c.correct.is_(False),
        )
    ).scalar_one()


def _insert_block(
    connection: Connection, session: SessionRow, block: Sequence[PlannedTrial]
) -> None:
    """Put a block before the trials still to come; none of those has been shown yet."""
    to_come = (TRIALS.c.session_id == session.id) & (TRIALS.c.trial_index > session.position)
    rows = connection.execute(select(TRIALS).where(to_come).order_by(TRIALS.c.trial_index)).all()
    connection.execute(TRIALS.delete().where(to_come))
    trials = [*block, *map(planned, rows)]
    insert_trials(connection, session.id, session.position + 1, trials)


def _choose(
    host: Host, connection: Connection, session: SessionRow, content: StudyContent, trial: TrialRow
) -> None:
    """Let an adaptive policy choose the item of a trial that is reached."""
    task = host.task(session.version_id, session.condition)
    assert session.condition is not None, "a session with trials has a condition"
    policy = host.policy(content, session.condition)
    rows = connection.execute(
        select(TRIALS, RESPONSES.c.answer, RESPONSES.c.correct, RESPONSES.c.rt_ms)
        .join(RESPONSES, OF_TRIAL)
        .where(TRIALS.c.session_id == session.id)
        .order_by(TRIALS.c.trial_index)
    ).all()
    read = task.response_of(session.kind).model_validate
    history = [
        task.past(planned(row), Answered(read(row.answer), row.correct, row.rt_ms)) for row in rows
    ]
    rng = generator(session.seed, f"trial {trial.trial_index}")
    later = _planned_after(connection, session, trial) if policy.teaches else []
    item = task.choose_before(trial.phase, policy, history, rng, later)
    connection.execute(
        update(TRIALS)
        .where(TRIALS.c.session_id == session.id, TRIALS.c.trial_index == trial.trial_index)
        .values(item=dict(item))
    )


def _planned_after(
    connection: Connection, session: SessionRow, trial: TrialRow
) -> list[PlannedTrial]:
    """Read the trials after one, as far as they are planned."""
    after = (TRIALS.c.session_id == session.id) & (TRIALS.c.trial_index > trial.trial_index)
    rows = connection.execute(select(TRIALS).where(after).order_by(TRIALS.c.trial_index)).all()
    return [planned(row) for row in rows]
