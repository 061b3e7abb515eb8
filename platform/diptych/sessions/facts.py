"""All that is known of one session, as rules, figures and pages look at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, select

from diptych.domain.rows import EventRow, SessionRow, event_rows, reported_trial, session_row
from diptych.domain.tables import EVENTS, OF_TRIAL, RESPONSES, SESSIONS, TRIALS
from diptych.host import Host
from diptych.sessions.tidy_rows import MEASURED, trial_row
from diptych.study.content import StudyContent
from diptych.study.versions import frozen


@dataclass(frozen=True)
class SessionFacts:
    """One session with its trials and events.

    Attributes
    ----------
    session : SessionRow
        Its row of `sessions` (times in ms since 1970-01-01 UTC).
    content : StudyContent
        The version of the study that it was shown.
    trials : Sequence[Mapping[str, Any]]
        Rows of the tidy table `trials` in order, those not answered without `correct`;
        with `received_at` (ms, server) and the trial's `block` (practice attempt, from 0).
    events : Sequence[EventRow]
        Rows of `events`, in order.
    findings : Sequence[Any]
        What the study's quality rules found in it, one each (`quality.RuleResult`);
        empty until they were evaluated.
    """

    session: SessionRow
    content: StudyContent
    trials: Sequence[Mapping[str, Any]]
    events: Sequence[EventRow]
    findings: Sequence[Any] = ()

    @property
    def answered(self) -> list[Mapping[str, Any]]:
        """The trials with a response, practice included."""
        return [trial for trial in self.trials if "correct" in trial]

    @property
    def missed(self) -> list[Mapping[str, Any]]:
        """The trials outside practice whose deadline passed without a response."""
        return [t for t in self.trials if t.get("missed") and t["phase"] != "practice"]

    @property
    def scored(self) -> list[bool]:
        """Of each trial outside practice with a right answer, whether it was given: in time."""
        given = [bool(t["correct"]) for t in self.counted if t["correct"] is not None]
        return given + [False for t in self.missed if t.get("label") is not None]

    @property
    def counted(self) -> list[Mapping[str, Any]]:
        """The trials with a response outside practice."""
        return [trial for trial in self.answered if trial["phase"] != "practice"]


# Built once: these are asked at the end of every session.
_SESSION = select(SESSIONS).where(SESSIONS.c.id == bindparam("session"))
_EVENTS = select(EVENTS).where(EVENTS.c.session_id == bindparam("session")).order_by(EVENTS.c.id)
_TRIALS = (
    select(
        TRIALS,
        SESSIONS.c.kind,
        SESSIONS.c.position,
        SESSIONS.c.seed,
        SESSIONS.c.presented_at,
        RESPONSES.c.answer,
        RESPONSES.c.correct,
        *MEASURED,
        RESPONSES.c.presented_at.label("shown_at"),
        RESPONSES.c.received_at,
    )
    .join(SESSIONS, SESSIONS.c.id == TRIALS.c.session_id)
    .outerjoin(
        RESPONSES,
        OF_TRIAL,
    )
    .where(TRIALS.c.session_id == bindparam("session"))
    .order_by(TRIALS.c.trial_index)
)


def facts(host: Host, connection: Connection, session_id: int) -> SessionFacts:
    """Read one session whole.

    Raises
    ------
    LookupError
        When there is no such session.
    """
    of = {"session": session_id}
    session = connection.execute(_SESSION, of).one_or_none()
    if session is None:
        raise LookupError(f"no session {session_id}")
    content = frozen(session.version_id, connection).of_part(session.part)
    rows = connection.execute(_TRIALS, of).all()
    trials: list[dict[str, Any]] = []
    if session.condition is not None:
        task = host.task(session.version_id, session.condition, session.part)
        trials = [
            {
                **trial_row({}, task, row),
                "block": row.block,
                "received_at": row.received_at,
            }
            for row in map(reported_trial, rows)
        ]
    events = connection.execute(_EVENTS, of).all()
    return SessionFacts(session_row(session), content, trials, event_rows(events))
