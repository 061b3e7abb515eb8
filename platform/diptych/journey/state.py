"""Where a session stands, told so that the browser can show it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from sqlalchemy import Connection, Update, bindparam, select, update

from diptych.domain.rows import PlannedRow, SessionRow, TrialRow, session_row, trial_row
from diptych.domain.tables import OF_TRIAL, RESPONSES, SESSIONS, TRIALS
from diptych.domain.vocabulary import EMPTIED, LIVE
from diptych.ground.database import now_ms, reading, writing
from diptych.ground.keys import Named
from diptych.ground.statements import Statement
from diptych.host import Host, host
from diptych.journey import questionnaires
from diptych.journey.arrivals import parameters_of
from diptych.journey.faults import JourneyFault
from diptych.journey.next_part import next_part
from diptych.payments.participations import order_ids, paid, participation, workers
from diptych.recruiters import NextPerson, Recruiter
from diptych.sessions.planned import planned
from diptych.study import texts
from diptych.study.content import StudyContent
from diptych.study.timing import mask_seed
from diptych.study.versions import frozen
from diptych.tasks import REGISTRY, Tally
from diptych.tasks.browser_plugin import plugin_address

PUBLIC_ID_LENGTH = 32
_GONE = "This session no longer exists."
#: How long tokens that name a session's row by its number are taken.
OLD_TOKENS_S = 86_400

# Built once: these are asked at every step.
_NAMED = Statement(
    lambda: select(SESSIONS.c.id).where(SESSIONS.c.public_id == bindparam("public_id"))
)
_NUMBERED = Statement(
    lambda: select(SESSIONS.c.id, SESSIONS.c.public_id).where(
        SESSIONS.c.id == bindparam("session"), SESSIONS.c.entered_at <= bindparam("began_by")
    )
)
_SESSION = select(SESSIONS).where(SESSIONS.c.id == bindparam("session"))
_LOCKED_SESSION = _SESSION.with_for_update()
_TRIAL = select(TRIALS).where(
    TRIALS.c.session_id == bindparam("session"), TRIALS.c.trial_index == bindparam("index")
)
_TO_COME = select(TRIALS).where(
    TRIALS.c.session_id == bindparam("session"), TRIALS.c.trial_index >= bindparam("index")
)


def load_session(connection: Connection, session_id: int, *, lock: bool = False) -> SessionRow:
    """Load the row of a session, locked until the transaction's end on request.

    Raises
    ------
    JourneyFault
        `bad_token` when the session is gone.
    """
    statement = _LOCKED_SESSION if lock else _SESSION
    row = connection.execute(statement, {"session": session_id}).one_or_none()
    if row is None:
        raise JourneyFault("bad_token", _GONE)
    return session_row(row)


def session_of(named: Named) -> int:
    """Return the number of the session that a token names.

    Raises
    ------
    JourneyFault
        `bad_token` when the session is gone.
    """
    if _names_public_id(named):
        with reading() as connection:
            found = _NAMED.first(connection, {"public_id": named.session})
    else:
        found = _numbered(named)
    if found is None:
        raise JourneyFault("bad_token", _GONE)
    return int(found.id)


def public_id_of(named: Named) -> str | None:
    """Return the public id that a token names; None when it can be nobody's."""
    if _names_public_id(named):
        return named.session
    numbered = _numbered(named)
    return None if numbered is None else str(numbered.public_id)


def _names_public_id(named: Named) -> bool:
    return not named.session.isdecimal() or len(named.session) == PUBLIC_ID_LENGTH


def _numbered(named: Named) -> Any | None:
    """Find the session of a token of an older version, which names the row by its number.

    For a day such tokens go on, but never to a session that began after them: its number was
    another session's before.
    """
    if time.time() - named.made_at >= OLD_TOKENS_S or len(named.session) >= 18:
        return None
    # Its second may have begun before the session did.
    began_by = int(1000 * named.made_at) + 999
    with reading() as connection:
        told = {"session": int(named.session), "began_by": began_by}
        return _NUMBERED.first(connection, told)


class _Changed:
    """A session's row with the columns that were changed since: saves reading it again."""

    def __init__(self, row: Any, values: Mapping[str, Any]) -> None:
        self._row = row
        self.__dict__.update(values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._row, name)


@cache
def _change(names: tuple[str, ...]) -> Update:
    values = {name: bindparam(f"new_{name}", type_=SESSIONS.c[name].type) for name in names}
    return update(SESSIONS).where(SESSIONS.c.id == bindparam("of_session")).values(values)


def changed(session: SessionRow, values: Mapping[str, Any]) -> SessionRow:
    """Return a session's row with some columns changed, without reading it again."""
    return cast("SessionRow", _Changed(session, values))


def change(connection: Connection, session: SessionRow, values: Mapping[str, Any]) -> SessionRow:
    """Change columns of a session that the caller has locked; returns it as it is then."""
    parameters = {f"new_{name}": value for name, value in values.items()}
    connection.execute(_change(tuple(sorted(values))), parameters | {"of_session": session.id})
    return changed(session, values)


class TooLate(Exception):
    """The session was left for longer than its study lets it resume."""


def is_late(session: SessionRow, content: StudyContent) -> bool:
    """Say whether a live session was left for longer than its study lets it resume."""
    limit = content.spec.recruitment.resume_within_minutes * 60_000
    return session.status in LIVE and now_ms() - session.last_seen_at > limit


def time_out(session_id: int) -> None:
    """End a session that came back too late."""
    values = {"status": "timed_out", "step": "end", "ended_at": now_ms()}
    with writing() as connection:
        ended = connection.execute(
            update(SESSIONS)
            .where(SESSIONS.c.id == session_id, SESSIONS.c.status.in_(LIVE))
            .values(values)
        ).rowcount
    if ended:
        host().when_ended(session_id)


def trial_at(connection: Connection, session_id: int, index: int) -> TrialRow | None:
    """Find a row of the table `trials`; None past the end of the plan."""
    row = connection.execute(_TRIAL, {"session": session_id, "index": index}).one_or_none()
    return None if row is None else trial_row(row)


def describe_session(
    host: Host, session_id: int, came: str = "", session: SessionRow | None = None
) -> dict[str, Any]:
    """Return StudyDoc and State of a session, as the browser gets them when it (re)loads.

    Parameters
    ----------
    host : Host
        The host.
    session_id : int
        The session.
    came : str, optional
        Mark of the arrival that the token was given to (`journey.arrivals`).
    session : SessionRow | None, optional
        The session where it has just begun, which saves reading it.
    """
    if session is None:
        with reading() as connection:
            session = load_session(connection, session_id)
    content = frozen(session.version_id).of_part(session.part)
    if is_late(session, content):
        time_out(session_id)
        with reading() as connection:
            session = load_session(connection, session_id)
    told = study_doc(content, session.condition)
    recruiter = host.recruiter(content, session.recruiter)
    told["next_person"] = _next_person(recruiter, session)
    told["way_back"] = recruiter.way_back()
    told["px_per_degree"] = session.browser.get("px_per_degree")
    return {"study": told, **state(host, session, came=came)}


def _next_person(recruiter: Recruiter, session: SessionRow) -> NextPerson:
    """Say whether another person at this computer may begin a session over the same link."""
    if session.kind != "person" or session.part > 1:
        return "no"
    if recruiter.next_person(known=False) == "no":
        return "no"
    people = [session.participant_id] if session.participant_id else []
    with reading() as connection:
        known = bool(workers(connection, people))
    return recruiter.next_person(known=known)


def study_doc(content: StudyContent, condition: str | None = None) -> dict[str, Any]:
    """Show what the browser may know of a study; parameters are those of the assigned condition."""
    spec = content.spec
    task_class = REGISTRY.get(spec.task.name)
    own = spec.condition(condition).task if condition else {}
    parameters = task_class.Parameters.model_validate({**spec.task.parameters, **own})
    return {
        "name": content.name,
        "title": spec.title,
        "minutes": spec.minutes,
        "contact": spec.contact,
        "language": spec.language,
        "task": spec.task.name,
        "parameters": parameters.model_dump(mode="json", include=set(task_class.public)),
        "screen": spec.screen.model_dump(mode="json", exclude={"viewing_distance_cm"}),
        "resume_within_minutes": spec.recruitment.resume_within_minutes,
        "plugin": plugin_address(spec.task.name, host().settings.prefix),
        "next_person": "no",
        "way_back": None,
        "px_per_degree": None,
    }


def state(
    host: Host, session: SessionRow, trial: PlannedRow | None = None, *, came: str = ""
) -> dict[str, Any]:
    """Return the State of a session.

    Parameters
    ----------
    host : Host
        The host.
    session : SessionRow
        A row of `sessions`, or anything with its columns.
    trial : PlannedRow | None, optional
        Row of the current trial where it is known already.
    came : str, optional
        Mark of the arrival that the token was given to.
    """
    content = frozen(session.version_id).of_part(session.part)
    return {
        "session": {"id": session.public_id, "status": session.status},
        "step": session.step,
        "content": _content(host, session, content, trial, came),
        "progress": {"done": session.position, "of": session.n_trials},
    }


def _content(
    host: Host, session: SessionRow, content: StudyContent, trial: PlannedRow | None, came: str
) -> dict[str, Any]:
    prefix = host.settings.prefix
    match session.step:
        case "trials":
            return {"trial": trial_doc(host, session, content, trial)}
        case "instructions":
            return {"pages": texts.pages(content, "instructions", prefix)}
        case "comprehension":
            questions = content.spec.comprehension
            left = content.spec.recruitment.comprehension_attempts - session.comprehension_attempts
            return {
                "questions": [{"text": q.question, "options": list(q.options)} for q in questions],
                "attempts_left": left,
            }
        case "questions_before" | "questions_after" as step:
            return questionnaires.shown(content, step, prefix)
        case "calibration":
            return {"viewing_distance_cm": content.spec.screen.viewing_distance_cm or None}
        case "debrief":
            return {"html": texts.text(content, "debrief", prefix), "score": _score(host, session)}
        case "end":
            return _end(host, session, content, came)
        case step:
            return {"html": texts.text(content, step, prefix)}


def trial_doc(
    host: Host, session: SessionRow, content: StudyContent, row: PlannedRow | None
) -> dict[str, Any]:
    """Show the current trial, without anything that reveals its answer."""
    if row is None:
        with reading() as connection:
            row = trial_at(connection, session.id, session.position)
        assert row is not None, "a session in its trials has a current one"
    task = host.task(session.version_id, session.condition, session.part)
    trial, prefix = planned(row), host.settings.prefix

    @cache  # each is asked for twice, in `show` and in `images`
    def url(place: int) -> str:
        return image_url(host, session.public_id, session.version_id, place)

    told = task.told_phases()
    counted = session.n_correct, session.n_counted
    tally = Tally(*(counted if told is None else _counted_in(session.id, told)))
    return {
        "index": session.position,
        "phase": trial.phase,
        "task": task.name,
        "show": task.show(trial, session.seed, url, tally),
        # Sorted by opaque name, so that their order tells nothing.
        "timing": task.timing.document(mask_seed(session.seed, session.position), prefix),
        "images": sorted({url(place) for place in task.places(trial)}),
        "notice": texts.notice(content, trial.notice, prefix) if trial.notice else None,
    }


def _counted_in(session_id: int, phases: tuple[str, ...]) -> tuple[int, int]:
    """Return right answers and answers of a session, practice left out, in some phases."""
    answers = RESPONSES.join(
        TRIALS,
        OF_TRIAL,
    )
    asked = (
        select(RESPONSES.c.correct)
        .select_from(answers)
        .where(
            RESPONSES.c.session_id == session_id,
            TRIALS.c.phase.in_(phases),
            TRIALS.c.phase != "practice",
            RESPONSES.c.correct.is_not(None),
        )
    )
    with reading() as connection:
        found = list(connection.execute(asked).scalars())
    return sum(found), len(found)


def image_url(host: Host, public_id: str, version_id: int, place: int) -> str:
    """Return the address of an image for one session, which is named by its public id."""
    return f"{host.settings.prefix}/i/{host.images.name(public_id, version_id, place)}"


def image_urls(host: Host, session_id: int) -> list[str]:
    """Return the addresses of all images of the trials to come, in an uninformative order."""
    with reading() as connection:
        session = load_session(connection, session_id)
        parameters = {"session": session_id, "index": session.position}
        rows = connection.execute(_TO_COME, parameters).all()
    if session.condition is None:
        return []
    task = host.task(session.version_id, session.condition, session.part)
    places = {place for row in rows if row.item for place in task.places(planned(row))}
    return sorted(image_url(host, session.public_id, session.version_id, place) for place in places)


def _score(host: Host, session: SessionRow) -> dict[str, int] | None:
    """Return right answers of the scored phase, where the study tells them."""
    task = host.task(session.version_id, session.condition, session.part)
    if not getattr(task.parameters, "show_score", False):
        return None
    with reading() as connection:
        rows = connection.execute(
            select(RESPONSES.c.correct)
            .join(
                TRIALS,
                OF_TRIAL,
            )
            .where(
                TRIALS.c.session_id == session.id,
                TRIALS.c.phase == "test",
                RESPONSES.c.correct.is_not(None),  # it is where there is no right or wrong
            )
        ).scalars()
        answers = list(rows)
    return {"correct": sum(answers), "of": len(answers)} if answers else None


def _end(host: Host, session: SessionRow, content: StudyContent, came: str) -> dict[str, Any]:
    with reading() as connection:
        parameters = parameters_of(connection, session.id, came)
        paid_before = _is_paid_otherwise(connection, session, parameters)
        later = None
        if session.status == "completed":
            later = next_part(host, connection, session, content)
    if paid_before:
        # No code and no form: the platform would pay for the same work once more.
        html = texts.text(content, "paid_already", host.settings.prefix)
        return {"outcome": session.status, "html": html, "exit": None}
    end = ending(host, content, session.status, session.recruiter, parameters)
    return end if later is None else {**end, "next_part": later}


def _is_paid_otherwise(
    connection: Connection, session: SessionRow, parameters: dict[str, str]
) -> bool:
    """Say whether the work of a session is paid for under another submission than this one."""
    under = paid(connection, [session.id]).get(session.id)
    if not under or session.participant_id is None:
        return False
    worker = workers(connection, [session.participant_id]).get(
        (session.recruiter, session.participant_id)
    )
    place, submission = order_ids(session.recruiter, parameters)
    return participation(session.recruiter, place, submission, worker) not in under


def ending(
    host: Host, content: StudyContent, outcome: str, recruiter: str, parameters: dict[str, str]
) -> dict[str, Any]:
    """Return the content of the step `end`."""
    # Of a session that was emptied later nobody knows any more where its participant came from.
    gone = outcome in EMPTIED and outcome != "declined"
    return {
        "outcome": outcome,
        "html": texts.text(content, outcome, host.settings.prefix),
        "exit": None if gone else host.recruiter(content, recruiter).leave(outcome, parameters),
    }
