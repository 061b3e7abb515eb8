"""What is known beyond one session: the same person elsewhere, sessions that look alike."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from diptych.domain.rows import SessionRow
from diptych.domain.tables import QUALITY, SESSIONS, STUDIES
from diptych.study.versions import frozen

#: How long before a session another one may have begun to be looked at as its like, in ms.
NEAR_MS = 30 * 60_000
#: At most so many of the sessions before it are compared: work that does not grow with a study.
MOST_COMPARED = 500
_ALIKE = ("user_agent", "width", "height", "pixel_ratio", "language")
CROWD_RULE, ADDRESS_RULE = "min_crowd_accuracy", "max_same_address"
REPEATS_RULE, LOOKALIKES_RULE = "max_repeats", "max_lookalikes"
#: Rules whose evidence names other sessions.
NAMING_RULES = (REPEATS_RULE, LOOKALIKES_RULE, ADDRESS_RULE)
_ALL = (REPEATS_RULE, LOOKALIKES_RULE, CROWD_RULE, ADDRESS_RULE)
_DAY_MS = 86_400_000


@dataclass(frozen=True)
class Others:
    """What is known beyond one session.

    Attributes
    ----------
    same_person : Sequence[str]
        Public ids of earlier sessions of the same participant that reached a trial,
        in this study and in those it excludes, as `study: id` where it is another study.
    lookalikes : Sequence[str]
        Public ids of other people's sessions with the same browser, window and
        language that began up to half an hour before.
    crowd_accuracy : float | None
        What the answers of all say of this participant's accuracy, where that was
        worked out (`diptych quality STUDY --crowd`).
    same_address : Sequence[str] | None
        Public ids of other people's earlier sessions of the same study and day (UTC)
        from the same address that reached a trial; None without a mark of it.
    same_address_counted : float | None
        How many these were when that was counted last, if ever.
    """

    same_person: Sequence[str] = ()
    lookalikes: Sequence[str] = ()
    crowd_accuracy: float | None = None
    same_address: Sequence[str] | None = None
    same_address_counted: float | None = None


def others(connection: Connection, session: SessionRow, rules: Collection[str] = _ALL) -> Others:
    """Read what is known beyond a session: a few rows, however large the study is.

    Parameters
    ----------
    connection : Connection
        What to read on.
    session : SessionRow
        The session's row of `sessions`.
    rules : Collection[str], optional
        Names of the rules that will be held against it; what none of them asks for is
        not read.
    """
    before: dict[str, float | None] = {}
    if CROWD_RULE in rules or ADDRESS_RULE in rules:
        found = connection.execute(
            select(QUALITY.c.rule, QUALITY.c.value).where(
                QUALITY.c.session_id == session.id, QUALITY.c.rule.in_((CROWD_RULE, ADDRESS_RULE))
            )
        )
        before = {row.rule: row.value for row in found}
    return Others(
        _same_person(connection, session) if REPEATS_RULE in rules else (),
        _lookalikes(connection, session) if LOOKALIKES_RULE in rules else (),
        before.get(CROWD_RULE),
        _same_address(connection, session) if ADDRESS_RULE in rules else None,
        before.get(ADDRESS_RULE),
    )


def _same_person(connection: Connection, session: SessionRow) -> tuple[str, ...]:
    if session.participant_id is None:
        return ()
    excluded = frozen(session.version_id, connection).spec.recruitment.exclude_studies
    found = connection.execute(
        select(SESSIONS.c.public_id, SESSIONS.c.study_id, STUDIES.c.name)
        .join(STUDIES, STUDIES.c.id == SESSIONS.c.study_id)
        .where(
            SESSIONS.c.participant_id == session.participant_id,
            SESSIONS.c.id < session.id,
            SESSIONS.c.started_at.is_not(None),
            # Another part of the study is no repetition.
            ((SESSIONS.c.study_id == session.study_id) & (SESSIONS.c.part == session.part))
            | STUDIES.c.name.in_(excluded),
        )
        .order_by(SESSIONS.c.id)
    )
    return tuple(
        public_id if study_id == session.study_id else f"{name}: {public_id}"
        for public_id, study_id, name in found
    )


def _lookalikes(connection: Connection, session: SessionRow) -> tuple[str, ...]:
    mine = _looks(session.browser)
    if mine is None:
        return ()
    near = connection.execute(
        select(SESSIONS.c.public_id, SESSIONS.c.browser, SESSIONS.c.participant_id)
        .where(
            SESSIONS.c.study_id == session.study_id,
            SESSIONS.c.kind == session.kind,
            SESSIONS.c.entered_at.between(session.entered_at - NEAR_MS, session.entered_at),
            SESSIONS.c.id < session.id,
        )
        .order_by(SESSIONS.c.entered_at.desc())
        .limit(MOST_COMPARED)
    )
    return tuple(
        public_id
        for public_id, browser, participant in near
        if participant != session.participant_id and _looks(browser) == mine
    )


def _same_address(connection: Connection, session: SessionRow) -> tuple[str, ...] | None:
    if session.address_hash is None:
        return None
    day = session.entered_at // _DAY_MS * _DAY_MS
    found = connection.execute(
        select(SESSIONS.c.public_id)
        .where(
            SESSIONS.c.study_id == session.study_id,
            SESSIONS.c.address_hash == session.address_hash,
            SESSIONS.c.entered_at.between(day, day + _DAY_MS - 1),
            SESSIONS.c.id < session.id,
            SESSIONS.c.participant_id != session.participant_id,
            SESSIONS.c.started_at.is_not(None),
        )
        .order_by(SESSIONS.c.id)
    )
    return tuple(found.scalars())


def _looks(browser: Any) -> tuple[Any, ...] | None:
    """Return what is compared of a browser; None where it says nothing of itself."""
    if not browser or not browser.get("user_agent"):
        return None
    return tuple(browser.get(key) for key in _ALIKE)
