"""Answered trials of a session, as policies see them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, bindparam, select

from diptych.domain.tables import OF_TRIAL, RESPONSES, TRIALS
from diptych.policies import Past
from diptych.tasks import Answered, PlannedTrial, Task
from diptych.tasks.missed import is_missed

# Built once: this is asked at every adaptive answer.
_ANSWERED = (
    select(
        *(TRIALS.c[name] for name in ("phase", "item", "block", "notice")),
        *(RESPONSES.c[name] for name in ("answer", "correct", "rt_ms")),
    )
    .join(RESPONSES, OF_TRIAL)
    .where(
        TRIALS.c.session_id == bindparam("session"),
        TRIALS.c.trial_index >= bindparam("first"),
        TRIALS.c.trial_index < bindparam("end"),
    )
    .order_by(TRIALS.c.trial_index)
)


def answered_trials(
    connection: Connection, task: Task, kind: str, session_id: int, first: int, end: int
) -> list[Past]:
    """Read the answered trials of a session from one index up to another.

    Parameters
    ----------
    connection : Connection
        A connection.
    task : Task
        The task of the session.
    kind : str
        Who took it: person, simulated, machine or preview.
    session_id : int
        Row of the session.
    first, end : int
        Index of the first trial, and of the one after the last.
    """
    wanted = {"session": session_id, "first": first, "end": end}
    return [
        past_of(task, kind, PlannedTrial(phase, item, block, notice), answer, correct, rt_ms)
        for phase, item, block, notice, answer, correct, rt_ms in connection.execute(
            _ANSWERED, wanted
        )
    ]


def past_of(
    task: Task,
    kind: str,
    trial: PlannedTrial,
    answer: dict[str, Any],
    correct: bool | None,
    rt_ms: float | None,
) -> Past:
    """Return a trial as a policy sees it, from the stored form of its answer."""
    if is_missed(answer):
        return task.past(trial, Answered(correct=correct, missed=True))
    response = task.response_of(kind).model_validate(answer)
    return task.past(trial, Answered(response, correct, rt_ms))
