"""Entering a later part of a study: who is known, who has taken the first part, and when."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select

from diptych.domain.rows import SessionRow
from diptych.domain.tables import ARRIVALS, PARTICIPANTS, SESSIONS
from diptych.ground.database import now_ms
from diptych.ground.keys import name_in_key
from diptych.journey.faults import JourneyFault, Said
from diptych.recruiters import PART, PERSON, Recruiter
from diptych.study.spec import StudySpec
from diptych.study.windows import window_of

# Built once: asked at each entry with a personal link, and at each entry to a later part.
_PERSON = select(PARTICIPANTS.c.id).where(PARTICIPANTS.c.public_id == bindparam("public_id"))
_ARRIVALS = (
    select(SESSIONS.c.part, ARRIVALS.c.parameters)
    .join(SESSIONS, SESSIONS.c.id == ARRIVALS.c.session_id)
    .where(
        SESSIONS.c.study_id == bindparam("study"),
        SESSIONS.c.participant_id == bindparam("participant"),
    )
)


def part_of(entry: Mapping[str, str], spec: StudySpec) -> int:
    """Read which part of a study an entry address leads to; 1 where it does not say.

    Raises
    ------
    JourneyFault
        `not_eligible` when the study has no such part.
    """
    given = entry.get(PART, "1")
    if given.isascii() and given.isdecimal() and len(given) < 6 and 1 <= int(given) <= spec.parts:
        return int(given)
    raise JourneyFault(
        "not_eligible", f"This study has no part {given[:20]!r}.", said=Said("invalid_key")
    )


def person_of(
    connection: Connection, entry: Mapping[str, str], secret: bytes, study: str
) -> int | None:
    """Find the participant that a personal link names; None where the address names none.

    Raises
    ------
    JourneyFault
        `not_eligible` when the link was not made here, or the participant was deleted.
    """
    if PERSON not in entry:
        return None
    name = name_in_key(entry[PERSON], secret, PART, study)
    found: int | None = None
    if name is not None:
        found = connection.execute(_PERSON, {"public_id": name}).scalar_one_or_none()
    if found is None:
        raise JourneyFault(
            "not_eligible", "This personal link is not valid.", said=Said("invalid_key")
        )
    return found


def check_turn(
    spec: StudySpec,
    part: int,
    first: SessionRow | None,
    recruiter: Recruiter,
    *,
    waits: bool,
) -> SessionRow:
    """Refuse whoever can't start a later part now.

    Parameters
    ----------
    spec : StudySpec
        The version of the study that the participant's first part was of, whole.
    part : int
        2 or more.
    first : SessionRow | None
        The participant's completed first part.
    recruiter : Recruiter
        Where the participant comes from.
    waits : bool
        Whether the participant has to come in the window of the part.

    Returns
    -------
    SessionRow
        The participant's first part.

    Raises
    ------
    JourneyFault
        `part_unknown` without a first part, `part_early` and `part_late` outside the window,
        `not_eligible` where the arrival is from another platform.
    """
    if first is None or part > spec.parts:
        raise JourneyFault(
            "part_unknown",
            "This link leads to a later part of a study. We found no completed first part of "
            "yours. Please use the link or the account with which you took the first part.",
        )
    if first.recruiter != recruiter.name:
        raise _wrong_link()
    assert first.ended_at is not None, "a completed session has ended"
    window = window_of(spec, part, first.ended_at)
    state = window.state(now_ms()) if waits else "open"
    if state == "early":
        raise JourneyFault(
            "part_early",
            f"This part of the study opens on {_said(window.opens_at)}. Please come back then.",
            said=Said("part_early", {"at": window.opens_at}),
        )
    if state == "late":
        raise JourneyFault(
            "part_late",
            f"This part of the study could be started until {_said(window.closes_at)}. It is "
            "closed now. Thank you for coming back.",
            said=Said("part_late", {"at": window.closes_at}),
        )
    return first


def check_submission(
    connection: Connection,
    study_id: int,
    participant_id: int | None,
    part: int,
    recruiter: Recruiter,
    parameters: Mapping[str, str],
) -> None:
    """Refuse whoever opens a part with the submission of another part: it pays for that one.

    Else the work of one of the two parts would have no submission under which it can be paid.

    Parameters
    ----------
    connection : Connection
        A connection.
    study_id : int
        The study.
    participant_id : int | None
        The participant, where known.
    part : int
        The part that is opened.
    recruiter : Recruiter
        Where the participant comes from.
    parameters : Mapping[str, str]
        The platform's ids of the arrival.

    Raises
    ------
    JourneyFault
        `not_eligible` where only another part was opened with this submission.
    """
    own = recruiter.order_ids(parameters)
    if own is None or participant_id is None:
        return
    whose = {"study": study_id, "participant": participant_id}
    of = {row.part for row in connection.execute(_ARRIVALS, whose) if _is_of(row, recruiter, own)}
    if of and part not in of:
        raise _wrong_link()


def _is_of(row: Any, recruiter: Recruiter, submission: tuple[str, str]) -> bool:
    return recruiter.order_ids(row.parameters) == submission


def _wrong_link() -> JourneyFault:
    return JourneyFault(
        "not_eligible",
        "This study does not accept participants through this link.",
        said=Said("wrong_link"),
    )


def _said(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%d %B %Y, %H:%M UTC")
