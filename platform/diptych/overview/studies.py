"""The studies that a researcher works on, with where each stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

from sqlalchemy import Connection, case, exists, func, literal, select

from diptych.accounts.users import User
from diptych.counts import tallies
from diptych.counts.measures import DURATIONS, FUNNEL, OTHER_ENDS
from diptych.domain.tables import MEMBERSHIPS, OPENING_PLANS, SESSIONS, STUDIES, VERSIONS
from diptych.domain.vocabulary import LIVE
from diptych.ground.database import now_ms, reading
from diptych.journey.opening import keep_all_to_plan
from diptych.overview.session_times import time_spent

ENDS = ("completed", *OTHER_ENDS)
#: A session that was silent for longer is not under way any more.
SILENT_MS = 30 * 60_000


@dataclass(frozen=True)
class Listed:
    """One study of the list. Sessions are those of people.

    Attributes
    ----------
    title : str
        What participants see, of the version they are shown; of the newest where none is. Empty
        for a draft without versions.
    role : str
        Of whoever asks.
    completed : int
        Sessions that have completed.
    under_way : int
        Sessions that live and were heard of in the last half hour.
    target : int
        Participants that the study wants.
    last_entered : int | None
        When somebody entered last, ms; None when nobody has.
    """

    id: int
    name: str
    title: str
    state: str
    role: str
    versions: int
    completed: int
    under_way: int
    target: int
    last_entered: int | None


def listed(user: User) -> list[Listed]:
    """List the studies in which a user has a role, by name; reads counts, not responses."""
    keep_all_to_plan()
    with reading() as connection:
        studies = _studies(connection, user)
        ids = [study.id for study in studies]
        if not ids:
            return []
        versions = _versions(connection, ids)
        under_way = _under_way(connection, ids)
        return [
            Listed(
                study.id,
                study.name,
                versions.get(study.id, _UNFROZEN).title,
                study.state,
                study.role,
                versions.get(study.id, _UNFROZEN).count,
                _completed(connection, study.id),
                under_way.get(study.id, 0),
                versions.get(study.id, _UNFROZEN).target,
                last_entered(connection, study.id),
            )
            for study in studies
        ]


class _Listed(Protocol):
    """What the list reads of a study."""

    @property
    def id(self) -> int:
        """Its key."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def state(self) -> str:
        """draft, open, paused or closed; scheduled if it is open but waits for its date."""

    @property
    def role(self) -> str:
        """The reader's role in it."""


def _studies(connection: Connection, user: User) -> Sequence[_Listed]:
    waits = exists().where(
        OPENING_PLANS.c.study_id == STUDIES.c.id,
        OPENING_PLANS.c.opens_at > now_ms(),
        STUDIES.c.state == "open",
    )
    state = case((waits, "scheduled"), else_=STUDIES.c.state).label("state")
    columns = (STUDIES.c.id, STUDIES.c.name, state)
    kept = STUDIES.c.state != "deleted"
    if user.is_admin:
        query = select(*columns, literal("owner").label("role")).where(kept)
    else:
        query = (
            select(*columns, MEMBERSHIPS.c.role)
            .join(MEMBERSHIPS, MEMBERSHIPS.c.study_id == STUDIES.c.id)
            .where(MEMBERSHIPS.c.user_id == user.id, kept)
        )
    return cast("Sequence[_Listed]", connection.execute(query.order_by(STUDIES.c.name)).all())


@dataclass(frozen=True)
class _Versions:
    title: str
    target: int
    count: int


#: Of a study that is still being made.
_UNFROZEN = _Versions("", 0, 0)


def _versions(connection: Connection, ids: Sequence[int]) -> dict[int, _Versions]:
    """Return how many versions each study has, and what the one that people are shown says."""
    rows = connection.execute(
        select(VERSIONS.c.id, VERSIONS.c.study_id, VERSIONS.c.opened_at, VERSIONS.c.created_at)
        .where(VERSIONS.c.study_id.in_(ids))
        .order_by(VERSIONS.c.created_at, VERSIONS.c.id)
    ).all()
    shown: dict[int, Any] = {}
    for row in rows:
        best = shown.get(row.study_id)
        if best is None or (row.opened_at or 0) >= (best.opened_at or 0):
            shown[row.study_id] = row
    counts = Counter(row.study_id for row in rows)
    specs = connection.execute(
        select(VERSIONS.c.study_id, VERSIONS.c.spec).where(
            VERSIONS.c.id.in_([row.id for row in shown.values()])
        )
    )
    return {
        study_id: _Versions(spec["title"], spec["recruitment"]["participants"], counts[study_id])
        for study_id, spec in specs
    }


def _completed(connection: Connection, study_id: int) -> int:
    """Return the completed sessions of people, out of the counts of those that have ended."""
    _, counts = tallies.read(connection, study_id, "person", "all", FUNNEL)
    return round(counts.get("completed", [0])[0])


def _under_way(connection: Connection, ids: Sequence[int]) -> dict[int, int]:
    """Return the sessions of people that are going on now, by study."""
    rows = connection.execute(
        select(SESSIONS.c.study_id, func.count().label("number"))
        .where(
            SESSIONS.c.study_id.in_(ids),
            SESSIONS.c.kind == "person",
            SESSIONS.c.status.in_(LIVE),
            SESSIONS.c.last_seen_at > now_ms() - SILENT_MS,
        )
        .group_by(SESSIONS.c.study_id)
    )
    return {row.study_id: row.number for row in rows}


def last_entered(connection: Connection, study_id: int) -> int | None:
    """Return when the last participant entered a study, ms; one look at the end of an index."""
    return connection.execute(
        select(func.max(SESSIONS.c.entered_at)).where(
            SESSIONS.c.study_id == study_id, SESSIONS.c.kind == "person"
        )
    ).scalar()


@dataclass(frozen=True)
class Numbers:
    """How a study goes. Sessions are those of people.

    Attributes
    ----------
    ended : dict[str, int]
        Ended sessions by how they ended (completed, screened_out, timed_out, returned,
        declined, withdrawn, expired).
    under_way : int
        Sessions that live and were heard of in the last half hour.
    median_minutes : float | None
        Of completed sessions, consent to end; None without any.
    timed : int
        How many sessions that median stands on.
    """

    ended: dict[str, int]
    under_way: int
    median_minutes: float | None
    timed: int

    @property
    def completed(self) -> int:
        """Completed sessions."""
        return self.ended.get("completed", 0)


def numbers(study_id: int) -> Numbers:
    """Return how a study goes, from counts that are kept ready."""
    with reading() as connection:
        read = tallies.read_several(connection, study_id, "person", "all", (FUNNEL, DURATIONS))
        under_way = _under_way(connection, [study_id]).get(study_id, 0)
        time = time_spent(connection, study_id, "person", read[DURATIONS][1])
    funnel = read[FUNNEL][1]
    return Numbers(
        {end: round(funnel.get(end, [0])[0]) for end in ENDS},
        under_way,
        None if time.median is None else time.median / 60_000,
        time.sessions,
    )
