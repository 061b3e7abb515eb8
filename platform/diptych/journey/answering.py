"""One answer: checked, scored, stored exactly once, and followed by the next trial.

The usual answer costs two round trips to the database: one statement reads all that is needed, one
stores the response and moves the session on, if and only if nobody else has moved it meanwhile.
What a trial shows never changes once it is reached, so nothing needs to stay locked in between.
Ends of practice blocks and adaptive policies change the plan itself; they take a lock
(`diptych.journey.replanning`).
"""

from __future__ import annotations

from functools import cache
from typing import Any, NoReturn

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import Connection, Row, Select, and_, bindparam, insert, select, update
from sqlalchemy.orm import aliased

from diptych import models
from diptych.database import now_ms, reading, table, writing
from diptych.host import Host
from diptych.journey.events import event_rows
from diptych.journey.faults import JourneyFault
from diptych.journey.replanning import NextTrial, needs_replanning, replan
from diptych.journey.state import (
    LIVE,
    SESSIONS,
    is_late,
    load_session,
    planned,
    state,
    step_after,
    time_out,
)
from diptych.studies.content import StudyContent
from diptych.studies.versions import frozen
from diptych.tasks import PlannedTrial, ResponseFault, Task

RESPONSES = table(models.Response)
# What an answer needs to know of its session: the rest of the row stays in the database.
_NEEDED = (
    "id", "public_id", "version_id", "recruiter", "condition", "seed", "status", "step",
    "position", "n_trials", "n_responses", "n_counted", "n_correct", "last_seen_at",
    "presented_at",
)  # fmt: skip


class Timing(BaseModel):
    """Client times of one answer in ms of the browser's monotonic clock."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rt_ms: float = Field(ge=0, le=86_400_000, allow_inf_nan=False)
    onset_ms: float = Field(ge=0, allow_inf_nan=False)
    onset_uncertainty_ms: float = Field(ge=0, allow_inf_nan=False)
    answered_ms: float = Field(ge=0, allow_inf_nan=False)


def answer(
    host: Host,
    session_id: int,
    index: int,
    response: dict[str, Any],
    timing: Timing,
    events: list[Any],
) -> dict[str, Any]:
    """Store the answer to a trial and hand out the next one.

    Returns:
        `{"feedback": …, "next": State}`; the same again when the same answer comes again.

    Raises:
        JourneyFault: `already_answered` when another answer stands, `out_of_order` when the trial
            is not the current one, `invalid` when the response does not fit, `ended` when the
            session is over.
    """
    for _ in range(2):
        with reading() as connection:
            row = connection.execute(
                _question(), {"session_id": session_id, "index": index}
            ).one_or_none()
            if row is None:
                _refuse_unknown(session_id)
            reply = _answer_once(host, connection, row, index, response, timing, events)
        if reply is not None:
            return reply
        # Somebody else has moved the session on since we read it: look again, once.
    raise JourneyFault("already_answered", "This trial was answered in another window.")


@cache
def _question() -> Select[Any]:
    """The one statement that reads all that an answer needs."""
    trial, following = aliased(models.Trial, name="trial"), aliased(models.Trial, name="following")
    answered, session = models.Response, models.Session
    return (
        select(
            *(SESSIONS.c[name] for name in _NEEDED),
            trial.phase,
            trial.block,
            trial.item,
            trial.notice,
            answered.answer,
            following.phase.label("next_phase"),
            following.block.label("next_block"),
            following.item.label("next_item"),
            following.notice.label("next_notice"),
        )
        .join(
            trial,
            and_(trial.session_id == session.id, trial.trial_index == bindparam("index")),
        )
        .outerjoin(
            answered,
            and_(
                answered.session_id == trial.session_id,
                answered.trial_index == trial.trial_index,
            ),
        )
        .outerjoin(
            following,
            and_(
                following.session_id == trial.session_id,
                following.trial_index == trial.trial_index + 1,
            ),
        )
        .where(session.id == bindparam("session_id"))
    )


def _refuse_unknown(session_id: int) -> NoReturn:
    with reading() as connection:
        session = load_session(connection, session_id)
    if session.status not in LIVE:
        raise JourneyFault("ended", "This session has ended.")
    raise JourneyFault("out_of_order", "This session has no such trial yet.")


def _answer_once(
    host: Host,
    connection: Connection,
    row: Row[Any],
    index: int,
    response: dict[str, Any],
    timing: Timing,
    events: list[Any],
) -> dict[str, Any] | None:
    content = frozen(row.version_id)
    if row.answer is None:
        _refuse_untimely(row, content, index)
    task = host.task(row.version_id, row.condition)
    trial = planned(row)
    checked = _checked(task, trial, response)
    told = checked.model_dump(mode="json")
    if row.answer is not None:
        if row.answer != told:
            raise JourneyFault("already_answered", "Another answer to this trial is stored.")
        return {"feedback": task.feedback(trial, checked), "next": _state_now(host, row.id)}
    correct = task.score(trial, checked)
    at = now_ms()
    values = {
        "session_id": row.id,
        "trial_index": index,
        "answer": told,
        "correct": correct,
        "presented_at": row.presented_at or at,
        "received_at": at,
        **timing.model_dump(),
    }
    following = NextTrial.of(row)
    if needs_replanning(trial, following):
        if not _store_and_replan(host, row, content, trial, values, events):
            return None
        return {"feedback": task.feedback(trial, checked), "next": _state_now(host, row.id)}
    moved = _moved(row, content, trial, following, correct, at)
    if not _store(connection, row, moved, values, events):
        return None
    session = _Moved(row, moved)
    next_state = state(host, session, following.as_trial() if following else None)
    return {"feedback": task.feedback(trial, checked), "next": next_state}


def _refuse_untimely(row: Row[Any], content: StudyContent, index: int) -> None:
    if is_late(row, content):
        time_out(row.id)
        raise JourneyFault("ended", "Too much time has passed to go on with this session.")
    if row.status not in ("practising", "running"):
        code = "wrong_step" if row.status in LIVE else "ended"
        raise JourneyFault(code, f"This session is {row.status}.")
    if row.position != index:
        raise JourneyFault("out_of_order", f"The current trial is {row.position}.")


def _checked(task: Task, trial: PlannedTrial, response: dict[str, Any]) -> BaseModel:
    try:
        checked = task.Response.model_validate(response)
        task.check(trial, checked)
    except ValidationError as fault:
        fields = {
            ".".join(["response", *map(str, error["loc"])]): error["msg"]
            for error in fault.errors(include_url=False, include_input=False)
        }
        raise JourneyFault("invalid", "The response does not fit the task.", fields) from None
    except ResponseFault as fault:
        raise JourneyFault("invalid", str(fault), {fault.field: fault.message}) from None
    return checked


def _moved(
    row: Row[Any],
    content: StudyContent,
    trial: PlannedTrial,
    following: NextTrial | None,
    correct: bool | None,
    at: int,
) -> dict[str, Any]:
    """The columns of the session after the answer."""
    counts = trial.phase != "practice"
    moved: dict[str, Any] = {
        "position": row.position + 1,
        "n_responses": row.n_responses + 1,
        "n_counted": row.n_counted + counts,
        "n_correct": row.n_correct + (counts and bool(correct)),
        "last_seen_at": at,
        "presented_at": at,
        "status": "practising" if following and following.phase == "practice" else "running",
        "step": "trials",
        "ended_at": None,
    }
    if following is None:
        moved |= {
            "status": "completed",
            "step": step_after(content, "trials"),
            "presented_at": None,
            "ended_at": at,
        }
    return moved


@cache
def _move() -> Any:
    """Moves a session on, unless somebody else has done it already."""
    columns = (
        "position", "n_responses", "n_counted", "n_correct", "last_seen_at",
        "presented_at", "status", "step", "ended_at",
    )  # fmt: skip
    return (
        update(SESSIONS)
        .where(
            SESSIONS.c.id == bindparam("of_session"),
            SESSIONS.c.position == bindparam("of_index"),
            SESSIONS.c.status.in_(("practising", "running")),
        )
        .values({name: bindparam(f"new_{name}") for name in columns})
    )


@cache
def _move_and_insert() -> Any:
    """Both in one statement, so that PostgreSQL needs one round trip and no BEGIN or COMMIT."""
    move = _move().returning(SESSIONS.c.id).cte("moved")
    names = [column.name for column in RESPONSES.columns]
    source = select(
        *(bindparam(f"r_{c.name}", type_=c.type) for c in RESPONSES.columns)
    ).select_from(move)
    return (
        insert(RESPONSES)
        .from_select(names, source)
        .add_cte(move)
        .returning(RESPONSES.c.trial_index)
    )


def _store(
    connection: Connection,
    row: Row[Any],
    moved: dict[str, Any],
    values: dict[str, Any],
    events: list[Any],
) -> bool:
    """Store the response and move the session on; False when somebody else was first."""
    parameters = {f"new_{name}": value for name, value in moved.items()}
    parameters |= {"of_session": row.id, "of_index": row.position}
    if connection.dialect.name == "postgresql" and not events:
        parameters |= {f"r_{name}": value for name, value in values.items()}
        return connection.execute(_move_and_insert(), parameters).first() is not None
    with writing() as transaction:
        if transaction.execute(_move(), parameters).rowcount != 1:
            return False
        _insert(transaction, row.id, values, events)
    return True


def _insert(
    connection: Connection, session_id: int, values: dict[str, Any], events: list[Any]
) -> None:
    connection.execute(insert(RESPONSES), values)
    if events:
        connection.execute(insert(models.Event), event_rows(session_id, events))


def _store_and_replan(
    host: Host,
    row: Row[Any],
    content: StudyContent,
    trial: PlannedTrial,
    values: dict[str, Any],
    events: list[Any],
) -> bool:
    with writing() as connection:
        locked = connection.execute(
            select(SESSIONS).where(SESSIONS.c.id == row.id).with_for_update()
        ).one()
        if locked.position != row.position or locked.status not in ("practising", "running"):
            return False
        _insert(connection, row.id, values, events)
        following = replan(host, connection, locked, content, trial)
        ended = following.ended if following else None
        moved = _moved(
            locked, content, trial, following.trial if following else None, values["correct"],
            values["received_at"],
        )  # fmt: skip
        if ended:
            moved |= {"status": ended, "step": "end", "ended_at": values["received_at"]}
        if following:
            moved |= following.columns
        connection.execute(update(SESSIONS).where(SESSIONS.c.id == row.id).values(moved))
    return True


def _state_now(host: Host, session_id: int) -> dict[str, Any]:
    with reading() as connection:
        return state(host, load_session(connection, session_id))


class _Moved:
    """A session's row with the columns an answer has changed: saves reading it again."""

    def __init__(self, row: Row[Any], moved: dict[str, Any]) -> None:
        self._row = row
        self.__dict__.update(moved)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, name)
