"""The steps around the trials: consent, instructions, comprehension, feedback, debrief."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, insert, select, update

from diptych import models
from diptych.database import now_ms, reading, table, writing
from diptych.host import Host, generator
from diptych.journey.allocation import count_places
from diptych.journey.entry import forget_participants
from diptych.journey.faults import JourneyFault
from diptych.journey.state import (
    ARRIVALS,
    SESSIONS,
    TRIALS,
    ending,
    is_late,
    load_session,
    state,
    step_after,
    steps_of,
    time_out,
)
from diptych.journey.typed import Typed
from diptych.policies import Past
from diptych.studies.content import StudyContent
from diptych.studies.versions import frozen
from diptych.tasks import PlannedTrial


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Consent(_Body):
    """Whether the participant agrees to take part."""

    agreed: bool


class Instructions(_Body):
    """How long the instructions were read, in ms."""

    read_ms: float = Field(ge=0, le=86_400_000, allow_inf_nan=False)


class Comprehension(_Body):
    """Index of the chosen option of each question."""

    answers: tuple[int, ...] = Field(max_length=100)


class Feedback(_Body):
    """Free text about the study."""

    text: Typed = Field(max_length=5000)


class Debrief(_Body):
    """The debrief was read."""


BODIES: dict[str, type[_Body]] = {
    "consent": Consent,
    "instructions": Instructions,
    "comprehension": Comprehension,
    "feedback": Feedback,
    "debrief": Debrief,
}


def take_step(host: Host, session_id: int, step: str, body: Any) -> dict[str, Any]:
    """Take one step; a step that was taken before changes nothing.

    Returns:
        The State afterwards.

    Raises:
        JourneyFault: when the step is not the session's, or its body does not fit.
    """
    with reading() as connection:
        session = load_session(connection, session_id)
    content = frozen(session.version_id)
    if is_late(session, content):
        time_out(session_id)
    declined = None
    with writing() as connection:
        # The lock makes a doubled request wait, and then find the step taken.
        before = load_session(connection, session_id, lock=True)
        order = steps_of(content)
        if step not in order:
            raise JourneyFault("wrong_step", f"This study has no step {step!r}.")
        if before.step == step:
            declined = _TAKE[step](host, connection, before, content, body)
        elif before.step != "end" and order.index(step) > order.index(before.step):
            raise JourneyFault("wrong_step", f"The step {before.step!r} comes first.")
        session = load_session(connection, session_id)
    if before.ended_at is None and session.ended_at is not None:
        host.when_ended(session_id)
    return declined or state(host, session)


def _go_on(connection: Connection, session: Any, content: StudyContent, **values: Any) -> None:
    values = {"step": step_after(content, session.step), "last_seen_at": now_ms()} | values
    connection.execute(update(SESSIONS).where(SESSIONS.c.id == session.id).values(values))
    if values["step"] == "trials":
        start_trials(connection, session)


def start_trials(connection: Connection, session: Any) -> None:
    """Open the first trial."""
    first = connection.execute(
        select(TRIALS.c.phase).where(TRIALS.c.session_id == session.id, TRIALS.c.trial_index == 0)
    ).scalar_one()
    at = now_ms()
    values = {
        "status": "practising" if first == "practice" else "running",
        "started_at": at,
        "presented_at": at,
    }
    connection.execute(update(SESSIONS).where(SESSIONS.c.id == session.id).values(values))


def _consent(
    host: Host, connection: Connection, session: Any, content: StudyContent, body: Consent
) -> dict[str, Any] | None:
    if not body.agreed:
        return _decline(host, connection, session, content)
    studies = table(models.Study)
    # Everybody who consents to any version of the study queues here, so that conditions stay
    # balanced and no more people get in than it wants.
    connection.execute(
        select(studies.c.id).where(studies.c.id == session.study_id).with_for_update()
    )
    places = count_places(connection, session.study_id, content.spec, session.kind)
    if places.full(content.spec):
        raise JourneyFault("study_full", "This study has all the participants it needs. Thank you!")
    rng = generator(session.seed, "condition")
    condition = places.condition(session.version_id, content.spec, rng).name
    trials = _plan(host, session, content, condition)
    connection.execute(insert(TRIALS), trial_rows(session.id, 0, trials))
    _go_on(
        connection,
        session,
        content,
        status="consented",
        consented_at=now_ms(),
        condition=condition,
        n_trials=len(trials),
    )
    return None


def _plan(host: Host, session: Any, content: StudyContent, condition: str) -> list[PlannedTrial]:
    task = host.task(session.version_id, condition)
    policy = host.policy(content, condition)
    trials = task.plan(policy, generator(session.seed, "plan"))
    if policy.adaptive and trials and trials[0].item is None:
        history: list[Past] = []
        item = task.choose(trials[0].phase, policy, history, generator(session.seed, "trial 0"))
        trials[0] = PlannedTrial(trials[0].phase, item, trials[0].block, trials[0].notice)
    return trials


def trial_rows(session_id: int, start: int, trials: list[PlannedTrial]) -> list[dict[str, Any]]:
    """Rows of the table `trials` for planned trials, the first at index `start`."""
    return [
        {
            "session_id": session_id,
            "trial_index": start + number,
            "phase": trial.phase,
            "block": trial.block,
            "item": None if trial.item is None else dict(trial.item),
            "notice": trial.notice,
        }
        for number, trial in enumerate(trials)
    ]


def _decline(
    host: Host, connection: Connection, session: Any, content: StudyContent
) -> dict[str, Any]:
    """End politely and keep nothing but that somebody has declined, and on which day."""
    parameters = connection.execute(
        select(ARRIVALS.c.parameters)
        .where(ARRIVALS.c.session_id == session.id)
        .order_by(ARRIVALS.c.id.desc())
        .limit(1)
    ).scalar()
    for rows in (table(models.Event), ARRIVALS):
        connection.execute(rows.delete().where(rows.c.session_id == session.id))
    day = now_ms() // 86_400_000 * 86_400_000
    connection.execute(
        update(SESSIONS)
        .where(SESSIONS.c.id == session.id)
        .values(
            participant_id=None,
            status="declined",
            step="end",
            browser={},
            address_hash=None,
            seed=0,
            entered_at=day,
            last_seen_at=day,
            ended_at=day,
        )
    )
    forget_participants(connection, [session.participant_id])
    return {
        "session": {"id": session.public_id, "status": "declined"},
        "step": "end",
        "content": ending(host, content, "declined", session.recruiter, parameters or {}),
        "progress": {"done": 0, "of": 0},
    }


def _instructions(
    host: Host, connection: Connection, session: Any, content: StudyContent, body: Instructions
) -> None:
    _go_on(connection, session, content, instructions_ms=body.read_ms)


def _comprehension(
    host: Host, connection: Connection, session: Any, content: StudyContent, body: Comprehension
) -> None:
    questions = content.spec.comprehension
    if len(body.answers) != len(questions):
        raise JourneyFault(
            "invalid",
            "Every question needs an answer.",
            {"answers": f"{len(body.answers)} given; {len(questions)} are asked for"},
        )
    attempts = session.comprehension_attempts + 1
    right = all(a == q.answer for a, q in zip(body.answers, questions, strict=True))
    if right or session.kind == "machine":  # it has read no instructions
        _go_on(connection, session, content, comprehension_attempts=attempts)
        return
    values: dict[str, Any] = {"comprehension_attempts": attempts, "last_seen_at": now_ms()}
    if attempts >= content.spec.recruitment.comprehension_attempts:
        values |= {"status": "screened_out", "step": "end", "ended_at": now_ms()}
    else:
        # Whoever answers wrongly may read the instructions again.
        values |= {"step": "instructions"}
    connection.execute(update(SESSIONS).where(SESSIONS.c.id == session.id).values(values))


def _feedback(
    host: Host, connection: Connection, session: Any, content: StudyContent, body: Feedback
) -> None:
    _go_on(connection, session, content, feedback_text=body.text.strip() or None)


def _debrief(
    host: Host, connection: Connection, session: Any, content: StudyContent, body: Debrief
) -> None:
    _go_on(connection, session, content)


def _trials(*_: Any) -> None:
    raise JourneyFault("wrong_step", "Trials are answered one by one.")


_TAKE: dict[str, Callable[..., dict[str, Any] | None]] = {
    "consent": _consent,
    "instructions": _instructions,
    "comprehension": _comprehension,
    "trials": _trials,
    "feedback": _feedback,
    "debrief": _debrief,
    "end": _trials,
}
