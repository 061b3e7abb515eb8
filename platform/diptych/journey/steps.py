"""The steps around the trials: consent, instructions, comprehension, feedback, debrief."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, bindparam, select

from diptych.domain.rows import SessionRow, TrialRow
from diptych.domain.tables import ARRIVALS, EVENTS, STUDIES
from diptych.ground.database import now_ms, writing
from diptych.host import Host, generator
from diptych.journey import opening
from diptych.journey.allocation import count_places
from diptych.journey.arrivals import finish_as, parameters_of
from diptych.journey.faults import JourneyFault
from diptych.journey.plan_rows import insert_trials
from diptych.journey.questionnaires import QuestionAnswers, store
from diptych.journey.state import (
    TooLate,
    change,
    changed,
    ending,
    is_late,
    load_session,
    state,
    time_out,
    trial_at,
)
from diptych.journey.step_bodies import (
    Calibration,
    Comprehension,
    Consent,
    Debrief,
    Feedback,
    Instructions,
)
from diptych.journey.step_order import step_after, steps_of
from diptych.policies import Past
from diptych.sessions.earlier_parts import first_session, policy_of
from diptych.sessions.forgetting import forget_participants
from diptych.study.content import StudyContent
from diptych.study.versions import frozen
from diptych.tasks import PlannedTrial

_LOCKED_STUDY = select(STUDIES.c.id).where(STUDIES.c.id == bindparam("study")).with_for_update()


@dataclass(frozen=True)
class _Taken:
    """What a step comes to.

    Attributes
    ----------
    session : SessionRow
        The session afterwards.
    trial : TrialRow | None
        Its current trial, where that is known.
    told : dict[str, Any] | None
        Its State, where nothing is left that it could be made from.
    """

    session: SessionRow
    trial: TrialRow | None = None
    told: dict[str, Any] | None = None


def take_step(host: Host, session_id: int, step: str, body: Any, came: str = "") -> dict[str, Any]:
    """Take one step; a step that was taken before changes nothing.

    Parameters
    ----------
    host : Host
        The host.
    session_id : int
        The session.
    step : str
        Its name.
    body : Any
        What the participant sent.
    came : str, optional
        Mark of the arrival that the token was given to (`journey.arrivals`).

    Returns
    -------
    dict[str, Any]
        The State afterwards.

    Raises
    ------
    JourneyFault
        When the step is not the session's, or its body does not fit.
    """
    try:
        return _take_once(host, session_id, step, body, came)
    except TooLate:
        time_out(session_id)
    return _take_once(host, session_id, step, body, came)


def _take_once(host: Host, session_id: int, step: str, body: Any, came: str) -> dict[str, Any]:
    with writing() as connection:
        # The lock makes a doubled request wait, and then find the step taken.
        before = load_session(connection, session_id, lock=True)
        content = frozen(before.version_id, connection).of_part(before.part)
        if is_late(before, content):
            raise TooLate
        order = steps_of(content)
        if step not in order:
            raise JourneyFault(
                "wrong_step", f"This study has no step {step!r} that the page can complete."
            )
        taken = _Taken(before)
        if before.step == step:
            taken = _TAKE[step](host, connection, before, content, body)
            if came and taken.session.ended_at is not None:
                finish_as(connection, session_id, came)
        elif before.step != "end" and order.index(step) > order.index(before.step):
            raise JourneyFault("wrong_step", f"Complete the step {before.step!r} before {step!r}.")
    if before.ended_at is None and taken.session.ended_at is not None:
        host.when_ended(session_id)
    return taken.told or state(host, taken.session, taken.trial, came=came)


def _go_on(
    connection: Connection, session: SessionRow, content: StudyContent, **values: Any
) -> _Taken:
    """Change a session, and lead it to its next step if nothing else is said."""
    at, trial = now_ms(), None
    values = {"step": step_after(content, session.step), "last_seen_at": at} | values
    if values["step"] == "trials":
        trial = trial_at(connection, session.id, 0)
        assert trial is not None, "a plan has no trial"
        status = "practising" if trial.phase == "practice" else "running"
        values |= {"status": status, "started_at": at, "presented_at": at}
    return _Taken(change(connection, session, values), trial)


def _consent(
    host: Host, connection: Connection, session: SessionRow, content: StudyContent, body: Consent
) -> _Taken:
    if not body.agreed:
        return _decline(host, connection, session, content)
    condition = _condition_before(connection, session)
    if condition is None:
        condition = _draw_condition(connection, session, content)
    planned_for = changed(session, {"condition": condition})
    trials, choice = _plan(host, connection, planned_for, content)
    insert_trials(connection, session.id, 0, trials, choice)
    return _go_on(
        connection,
        session,
        content,
        status="consented",
        consented_at=now_ms(),
        condition=condition,
        n_trials=len(trials),
    )


def _condition_before(connection: Connection, session: SessionRow) -> str | None:
    """Return the condition of the participant's first part; None in that part, and in previews."""
    if session.part == 1:
        return None
    first = first_session(connection, session.study_id, session.participant_id)
    return None if first is None else first.condition


def _draw_condition(connection: Connection, session: SessionRow, content: StudyContent) -> str:
    # Everybody who consents to any version of the study queues here, so that conditions stay
    # balanced and no more people get in than it wants.
    connection.execute(_LOCKED_STUDY, {"study": session.study_id})
    places = count_places(connection, session.study_id, content.spec, session.kind)
    if places.full(content.spec):
        raise JourneyFault("study_full", "This study has all the participants it needs. Thank you!")
    if session.kind == "person":
        opening.check_room(connection, session.study_id, content.spec)
    rng = generator(session.seed, "condition")
    return places.condition(content.spec, rng, lambda n: frozen(n, connection).spec).name


def _plan(
    host: Host, connection: Connection, session: SessionRow, content: StudyContent
) -> tuple[list[PlannedTrial], Mapping[str, Any] | None]:
    """Return the trials, and how a policy that teaches chose the first one."""
    assert session.condition is not None, "a session is planned for its condition"
    task = host.task(session.version_id, session.condition, session.part)
    policy = policy_of(host, connection, session, content, session.condition)
    trials, choice = task.plan(policy, generator(session.seed, "plan")), None
    if policy.adaptive and trials and trials[0].item is None:
        history: list[Past] = []
        rng = generator(session.seed, "trial 0")
        found = task.choose_before(trials[0].phase, policy, history, rng, trials[1:])
        assert found is not None, "a policy is finished before the first answer"
        trials[0], choice = replace(trials[0], item=found.item), found.choice
    return trials, choice


def _decline(
    host: Host, connection: Connection, session: SessionRow, content: StudyContent
) -> _Taken:
    """End politely and keep nothing but that somebody has declined, and on which day."""
    parameters = parameters_of(connection, session.id)
    for rows in (EVENTS, ARRIVALS):
        connection.execute(rows.delete().where(rows.c.session_id == session.id))
    day = now_ms() // 86_400_000 * 86_400_000
    emptied = change(
        connection,
        session,
        {
            "participant_id": None,
            "first_ended_at": None,
            "status": "declined",
            "step": "end",
            "browser": {},
            "address_hash": None,
            "seed": 0,
            "entered_at": day,
            "last_seen_at": day,
            "ended_at": day,
        },
    )
    forget_participants(connection, [session.participant_id])
    told = {
        "session": {"id": session.public_id, "status": "declined"},
        "step": "end",
        "content": ending(host, content, "declined", session.recruiter, parameters),
        "progress": {"done": 0, "of": 0},
    }
    return _Taken(emptied, told=told)


def _instructions(
    host: Host,
    connection: Connection,
    session: SessionRow,
    content: StudyContent,
    body: Instructions,
) -> _Taken:
    measured = body.model_dump(include={"refresh_hz", "clock_step_ms"}, exclude_none=True)
    browser = {**session.browser, **measured}
    return _go_on(connection, session, content, instructions_ms=body.read_ms, browser=browser)


def _comprehension(
    host: Host,
    connection: Connection,
    session: SessionRow,
    content: StudyContent,
    body: Comprehension,
) -> _Taken:
    questions = content.spec.comprehension
    if len(body.answers) != len(questions):
        raise JourneyFault(
            "invalid",
            "Please answer every question.",
            {"answers": f"{len(body.answers)} answers for {len(questions)} questions"},
        )
    attempts = session.comprehension_attempts + 1
    right = all(a == q.answer for a, q in zip(body.answers, questions, strict=True))
    values: dict[str, Any] = {"comprehension_attempts": attempts}
    if not right and session.kind != "machine":  # which has read no instructions
        if attempts >= content.spec.recruitment.comprehension_attempts:
            values |= {"status": "screened_out", "step": "end", "ended_at": now_ms()}
        else:
            # Whoever answers wrongly may read the instructions again.
            values |= {"step": "instructions"}
    return _go_on(connection, session, content, **values)


def _calibration(
    host: Host,
    connection: Connection,
    session: SessionRow,
    content: StudyContent,
    body: Calibration,
) -> _Taken:
    measured = body.model_dump(exclude_none=True)
    missing = [name for name in Calibration.model_fields if name not in measured]
    if missing and session.kind != "machine":  # which has no screen
        told = "this study needs it: its images have a size in degrees"
        raise JourneyFault("invalid", "The screen is not measured.", dict.fromkeys(missing, told))
    return _go_on(connection, session, content, browser={**session.browser, **measured})


def _feedback(
    host: Host, connection: Connection, session: SessionRow, content: StudyContent, body: Feedback
) -> _Taken:
    return _go_on(connection, session, content, feedback_text=body.text.strip() or None)


def _questions(
    host: Host,
    connection: Connection,
    session: SessionRow,
    content: StudyContent,
    body: QuestionAnswers,
) -> _Taken:
    store(connection, session, content, body)
    return _go_on(connection, session, content)


def _debrief(
    host: Host, connection: Connection, session: SessionRow, content: StudyContent, body: Debrief
) -> _Taken:
    return _go_on(connection, session, content)


def _trials(*_: Any) -> _Taken:
    raise JourneyFault("wrong_step", "Send the answer of each trial separately.")


_TAKE: dict[str, Callable[..., _Taken]] = {
    "consent": _consent,
    "instructions": _instructions,
    "comprehension": _comprehension,
    "calibration": _calibration,
    "trials": _trials,
    "feedback": _feedback,
    "debrief": _debrief,
    "questions_before": _questions,
    "questions_after": _questions,
    "end": _trials,
}
