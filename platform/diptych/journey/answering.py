"""One answer: checked, scored, stored exactly once, and followed by the next trial.

The usual answer costs two round trips to the database: one statement reads all that is needed, one
stores the response and moves the session on, if and only if nobody else has moved it meanwhile.
What a trial shows never changes once it is reached, so nothing needs to stay locked in between.
An adaptive policy chooses the next trial in between; its choice is one statement more. What changes
the plan itself, as the ends of practice blocks do, takes a lock (`diptych.journey.replanning`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NoReturn, assert_never

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from sqlalchemy import Connection

from diptych.domain.rows import AnsweringRow, SessionRow, answering_row
from diptych.domain.vocabulary import LIVE
from diptych.ground.database import now_ms, reading, writing
from diptych.ground.keys import Named
from diptych.host import Host
from diptych.journey.faults import JourneyFault
from diptych.journey.replanning import (
    NextTrial,
    Replanned,
    ScreenedOut,
    look_ahead,
    needs_replanning,
    replan,
    store_choice,
)
from diptych.journey.state import (
    TooLate,
    change,
    changed,
    image_url,
    is_late,
    load_session,
    public_id_of,
    session_of,
    state,
    time_out,
)
from diptych.journey.step_order import step_after
from diptych.journey.storing import (
    QUESTION,
    Advance,
    Outcome,
    Repeat,
    Replan,
    insert_answer,
    move_on,
    store_at_once,
)
from diptych.sessions.planned import planned
from diptych.study.content import StudyContent
from diptych.study.versions import frozen
from diptych.tasks import PlannedTrial, ResponseFault, Task
from diptych.tasks.missed import MissedResponse, is_missed

#: No picture is drawn larger than this, in CSS pixels.
MOST_PIXELS = 100_000


def _on_the_clock(description: str) -> Any:
    """Declare a time of the browser's clock that not every trial has."""
    return Field(None, ge=0, allow_inf_nan=False, description=description)


class Timing(BaseModel):
    """Client times of one answer in ms of the browser's monotonic clock."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rt_ms: float = Field(ge=0, le=86_400_000, allow_inf_nan=False)
    onset_ms: float = Field(ge=0, allow_inf_nan=False)
    onset_uncertainty_ms: float = Field(ge=0, allow_inf_nan=False)
    answered_ms: float = Field(ge=0, allow_inf_nan=False)
    first_choice_ms: float | None = Field(
        None,
        ge=0,
        allow_inf_nan=False,
        description="From the onset to the first choice of a ranking; at most `rt_ms`.",
    )
    shown_width: float | None = Field(
        None,
        gt=0,
        le=MOST_PIXELS,
        allow_inf_nan=False,
        description="Width of the picture as drawn, in CSS pixels; for two_afc of a query.",
    )
    shown_height: float | None = Field(
        None, gt=0, le=MOST_PIXELS, allow_inf_nan=False, description="Height of the same picture."
    )
    fixation_onset_ms: float | None = _on_the_clock("First paint of the fixation cross.")
    display_offset_ms: float | None = _on_the_clock(
        "First paint without the images, whose onset is `onset_ms`."
    )
    display_frames: int | None = Field(
        None, ge=0, le=1_000_000, description="Frames that the page counted between these two."
    )
    mask_onset_ms: float | None = _on_the_clock("First paint of the mask.")
    mask_offset_ms: float | None = _on_the_clock("First paint without the mask.")
    timing_fault: bool | None = Field(
        None, description="Whether anything was visible for a frame too long or too short."
    )

    @field_validator("first_choice_ms")
    @classmethod
    def _is_no_later_than_the_answer(
        cls, value: float | None, fields: ValidationInfo
    ) -> float | None:
        rt_ms = fields.data.get("rt_ms")  # missing where it is wrong itself
        if value is not None and rt_ms is not None and value > rt_ms:
            raise ValueError(f"is more than rt_ms, which is {rt_ms:g}")
        return value


def answer(
    host: Host,
    named: Named,
    index: int,
    response: dict[str, Any],
    timing: Timing,
    events: list[Any],
) -> dict[str, Any]:
    """Store the answer to a trial of the session that a token names; hand out the next one.

    Returns
    -------
    dict[str, Any]
        `{"feedback": …, "next": State}`; the same again when the same answer comes again.

    Raises
    ------
    JourneyFault
        `bad_token` when the session is gone, `already_answered` when another answer stands,
        `out_of_order` when the trial
        is not the current one, `invalid` when the response does not fit, `ended` when the
        session is over.
    """
    for _ in range(2):
        try:
            reply = _answer_once(host, named, index, response, timing, events)
        except TooLate:
            time_out(session_of(named))
            raise JourneyFault(
                "ended", "Too much time has passed to continue this session."
            ) from None
        if reply is not None:
            return reply
        # Somebody else has moved the session on since we read it: look again, once.
    raise JourneyFault(
        "already_answered",
        "You answered this trial in another window. Please close that window and continue here.",
    )


def _answer_once(
    host: Host,
    named: Named,
    index: int,
    response: dict[str, Any],
    timing: Timing,
    events: list[Any],
) -> dict[str, Any] | None:
    """Store the response and reply, or return None when another request moved the session on."""
    stored: Outcome | None = None
    asked = {"public_id": public_id_of(named), "index": index}
    with reading() as connection:
        row = QUESTION.first(connection, asked)
        if row is not None:
            content = frozen(row.version_id, connection).of_part(row.part)
            outcome = _decide(host, content, answering_row(row), index, response, timing)
            if isinstance(outcome, Replan):
                outcome = _looking_ahead(host, connection, outcome)
            # PostgreSQL stores the usual answer on this connection, in one statement. Everything
            # else gives the connection back first: nobody holds one while waiting for another.
            at_once = not events and connection.dialect.name == "postgresql"
            if isinstance(outcome, Advance) and outcome.ahead is None and at_once:
                stored = outcome if store_at_once(connection, outcome) else None
                if stored is None:
                    return None
    if row is None:
        _refuse_unknown(named, index)
    if stored is None:
        stored = _store(host, outcome, events)
    if stored is None:
        return None
    if isinstance(outcome, Advance) and outcome.ahead is not None:  # stored, so it stays
        host.histories.keep(outcome.row.public_id, outcome.ahead.history)
    reply = _reply(host, stored)
    if reply["next"]["step"] != "trials" and not isinstance(outcome, Repeat):
        host.histories.forget(stored.row.public_id)
        host.when_ended(stored.row.id)  # an answer after which there are no more trials ends it
    return reply


def _refuse_unknown(named: Named, index: int) -> NoReturn:
    session_id = session_of(named)
    with reading() as connection:
        session = load_session(connection, session_id)
    if session.status not in LIVE:
        raise JourneyFault("ended", "This session has ended.")
    raise JourneyFault("out_of_order", f"This session has no trial {index} yet.")


def _decide(
    host: Host,
    content: StudyContent,
    row: AnsweringRow,
    index: int,
    response: dict[str, Any],
    timing: Timing,
) -> Outcome:
    """Check and score an answer; refuses what can't be one."""
    if row.answer is None:
        _refuse_untimely(row, content, index)
    task = host.task(row.version_id, row.condition, row.part)
    trial = planned(row)
    checked = _checked(task, trial, response, row.kind)
    told = checked.model_dump(mode="json")
    missed = isinstance(checked, MissedResponse)
    feedback = None if missed else _feedback(host, row, task, trial, checked)
    if row.answer is not None:
        if row.answer != told:
            raise JourneyFault(
                "already_answered", "A different answer to this trial is already stored."
            )
        return Repeat(row, feedback)
    correct = task.score_missed(trial) if missed else task.score(trial, checked)
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
        return Replan(row, feedback, values, content, trial)
    moved = _moved(row, content, trial, following, correct, at)
    return Advance(row, feedback, values, following, moved)


def _feedback(
    host: Host, row: AnsweringRow, task: Task, trial: PlannedTrial, checked: BaseModel
) -> dict[str, Any] | None:
    """Return what the participant is shown: the task's feedback, with images that explain it."""
    feedback = task.feedback(trial, checked)
    if feedback is None:
        return None

    def url(place: int) -> str:
        return image_url(host, row.public_id, row.version_id, place)

    explanation = task.explain(trial, checked, url)
    return feedback if explanation is None else {**feedback, "explanation": explanation}


def _reply(host: Host, outcome: Outcome) -> dict[str, Any]:
    """Return the reply to a stored response."""
    if isinstance(outcome, Advance):
        next_state = state(host, changed(outcome.row, outcome.moved), outcome.following)
    else:
        with reading() as connection:
            session_now = load_session(connection, outcome.row.id)
        next_state = state(host, session_now)
    return {"feedback": outcome.feedback, "next": next_state}


def _refuse_untimely(row: AnsweringRow, content: StudyContent, index: int) -> None:
    if is_late(row, content):
        raise TooLate
    if row.status not in ("practising", "running"):
        code = "wrong_step" if row.status in LIVE else "ended"
        raise JourneyFault(
            code, f"The session does not accept answers: its status is {row.status}."
        )
    if row.position != index:
        raise JourneyFault(
            "out_of_order", f"Trial {index} was sent, but the current trial is {row.position}."
        )


def _checked(task: Task, trial: PlannedTrial, response: dict[str, Any], kind: str) -> BaseModel:
    if is_missed(response) and not task.timing.deadline_ms:
        no_deadline = "trials of this study have no deadline"
        raise JourneyFault("invalid", "No answer was sent.", {"response.missed": no_deadline})
    try:
        if is_missed(response):
            return MissedResponse.model_validate(response)
        checked = task.response_of(kind).model_validate(response)
        task.check(trial, checked)
    except ValidationError as fault:
        fields = {
            ".".join(["response", *map(str, error["loc"])]): error["msg"]
            for error in fault.errors(include_url=False, include_input=False)
        }
        raise JourneyFault("invalid", "The task does not accept this response.", fields) from None
    except ResponseFault as fault:
        raise JourneyFault("invalid", str(fault), {fault.field: fault.message}) from None
    return checked


def _moved(
    row: SessionRow,
    content: StudyContent,
    trial: PlannedTrial,
    following: NextTrial | None,
    correct: bool | None,
    at: int,
) -> dict[str, Any]:
    """Return the columns of the session after the response."""
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


def _store(host: Host, outcome: Outcome, events: list[Any]) -> Outcome | None:
    """Store an answer in a transaction; None when another request was first.

    Returns
    -------
    Outcome or None
        What the reply is made of: a `Replan` whose next trial is settled is an `Advance`.
    """
    match outcome:
        case Repeat():
            return outcome
        case Replan():
            with writing() as connection:
                return _store_and_replan(host, connection, outcome, events)
        case Advance():
            with writing() as connection:
                if not move_on(connection, outcome):
                    return None
                insert_answer(connection, outcome, events)
                if outcome.ahead is not None and outcome.ahead.chosen is not None:
                    store_choice(connection, outcome.row, outcome.ahead.chosen)
            return outcome
        case _:
            assert_never(outcome)


def _looking_ahead(host: Host, connection: Connection, outcome: Replan) -> Replan | Advance:
    """Let an adaptive policy choose the next trial, which takes too long to hold a lock.

    With its choice the session only moves on, as after any other answer.
    """
    row, values, following = outcome.row, outcome.values, NextTrial.of(outcome.row)
    ahead = look_ahead(host, connection, row, outcome.content, outcome.last, following)
    if ahead is None or ahead.chosen is None or following is None:
        return replace(outcome, ahead=ahead)
    following = replace(following, item=dict(ahead.chosen.item))
    at = values["received_at"]
    moved = _moved(row, outcome.content, outcome.trial, following, values["correct"], at)
    return Advance(row, outcome.feedback, values, following, moved, ahead)


def _store_and_replan(
    host: Host, connection: Connection, outcome: Replan, events: list[Any]
) -> Outcome | None:
    row, values = outcome.row, outcome.values
    locked = load_session(connection, row.id, lock=True)
    if locked.position != row.position or locked.status not in ("practising", "running"):
        return None
    insert_answer(connection, outcome, events)
    # What follows was read before the lock; a session that has not moved has the same plan.
    replanned = replan(
        host, connection, locked, outcome.content, outcome.last, NextTrial.of(row), outcome.ahead
    )
    following = replanned.trial if isinstance(replanned, Replanned) else None
    at = values["received_at"]
    moved = _moved(locked, outcome.content, outcome.trial, following, values["correct"], at)
    if isinstance(replanned, ScreenedOut):
        moved |= {"status": "screened_out", "step": "end", "ended_at": at}
    moved |= replanned.columns
    change(connection, locked, moved)
    if following is None:
        return outcome
    return Advance(row, outcome.feedback, values, following, moved)
