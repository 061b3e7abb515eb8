"""What the earlier parts of a study hold of the participant of a session."""

from __future__ import annotations

from itertools import pairwise

from sqlalchemy import Connection, bindparam, select

from diptych.domain.rows import SessionRow, session_row, session_rows
from diptych.domain.tables import OF_TRIAL, RESPONSES, SESSIONS, TRIALS
from diptych.domain.vocabulary import EMPTIED
from diptych.host import Host
from diptych.policies import EarlierPart, Policy
from diptych.policies.narrowed import Shown, narrowed
from diptych.sessions.answered_trials import answered_trials
from diptych.sessions.planned import planned
from diptych.study.content import StudyContent
from diptych.study.versions import frozen
from diptych.tasks.missed import is_missed

_THEIRS = (
    SESSIONS.c.study_id == bindparam("study"),
    SESSIONS.c.participant_id == bindparam("participant"),
)
# Built once: asked when a later part begins, and with adaptive policies at each of its trials.
_FIRST = (
    select(SESSIONS)
    .where(*_THEIRS, SESSIONS.c.part == 1, SESSIONS.c.status == "completed")
    .order_by(SESSIONS.c.take.desc())
    .limit(1)
)
_SHOWN = (
    select(SESSIONS.c.part, TRIALS, RESPONSES.c.answer)
    .join(TRIALS, TRIALS.c.session_id == SESSIONS.c.id)
    .join(RESPONSES, OF_TRIAL)
    .where(*_THEIRS, SESSIONS.c.part < bindparam("before"), SESSIONS.c.status.not_in(EMPTIED))
)
_EARLIER = (
    select(SESSIONS)
    .where(
        *_THEIRS,
        (SESSIONS.c.part < bindparam("before")) | (SESSIONS.c.id == bindparam("session")),
        SESSIONS.c.status.not_in(EMPTIED),
        SESSIONS.c.condition.is_not(None) | (SESSIONS.c.id == bindparam("session")),
    )
    .order_by(SESSIONS.c.part, SESSIONS.c.take)
)


def first_session(
    connection: Connection, study_id: int, participant_id: int | None
) -> SessionRow | None:
    """Find the completed first part of a participant; None without one."""
    row = connection.execute(
        _FIRST, {"study": study_id, "participant": participant_id}
    ).one_or_none()
    return None if row is None else session_row(row)


def shown_before(host: Host, connection: Connection, session: SessionRow) -> Shown:
    """Return what the earlier parts showed to a session's participant, explanations included."""
    of = {"study": session.study_id, "participant": session.participant_id, "before": session.part}
    assert session.condition is not None, "a session with trials has a condition"
    task = host.task(session.version_id, session.condition)
    read = task.response_of(session.kind).model_validate
    shown: dict[str, set[str]] = {}
    explaining: set[str] = set()
    for row in connection.execute(_SHOWN, of):
        trial = planned(row)
        shown.setdefault(row.phase, set()).add(task.candidate_of(trial).id)
        if not is_missed(row.answer):
            explaining.update(task.shown_after(trial, read(row.answer)))
    learned = shown.get("training") or shown.get("test") or set()
    return Shown(frozenset(learned), frozenset(explaining).union(*shown.values()))


def trials_before(
    host: Host, connection: Connection, session: SessionRow
) -> tuple[EarlierPart, ...]:
    """Return the answers of a session's participant in the earlier parts, in order."""
    of = {"study": session.study_id, "participant": session.participant_id}
    of |= {"before": session.part, "session": session.id}
    # With the session itself at the end: an answer's row has only some of its columns.
    sessions = session_rows(connection.execute(_EARLIER, of).all())
    found = []
    for earlier, following in pairwise(sessions):
        task = host.task(earlier.version_id, earlier.condition, earlier.part)
        trials = answered_trials(connection, task, earlier.kind, earlier.id, 0, earlier.n_trials)
        ended_at = earlier.ended_at or earlier.last_seen_at
        wait_s = max(0, following.entered_at - ended_at) / 1000
        found.append(EarlierPart(tuple(trials), wait_s))
    return tuple(found)


def policy_of(
    host: Host,
    connection: Connection,
    session: SessionRow,
    content: StudyContent,
    condition: str,
) -> Policy:
    """Make the policy of a session, which knows the earlier parts of the participant.

    What it knows follows from stored answers of sessions that have ended, so each host and each
    trial gets the same.

    Parameters
    ----------
    host : Host
        The host.
    connection : Connection
        A connection.
    session : SessionRow
        The session, of any part.
    content : StudyContent
        The study as that part shows it.
    condition : str
        The condition of the session.
    """
    policy = host.policy(content, condition, connection)
    if session.part == 1:
        return policy
    if policy.teaches:
        policy.earlier = trials_before(host, connection, session)
    items = frozen(session.version_id, connection).spec.part[session.part - 2].items
    if items == "any":
        return policy
    return narrowed(policy, items, shown_before(host, connection, session))
