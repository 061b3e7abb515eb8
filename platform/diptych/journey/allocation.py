"""Which condition a participant gets, and whether there is a place left."""

from __future__ import annotations

import random
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from diptych.database import now_ms
from diptych.journey.state import LIVE, SESSIONS
from diptych.studies.spec import Condition, StudySpec


def _taken(spec: StudySpec, kind: str) -> Any:
    """Completed, or on the way and not silent for too long: what takes a place."""
    since = now_ms() - int(spec.recruitment.dropout_minutes * 60_000)
    return and_(
        SESSIONS.c.kind == kind,
        SESSIONS.c.condition.is_not(None),
        or_(
            SESSIONS.c.status == "completed",
            and_(SESSIONS.c.status.in_(LIVE), SESSIONS.c.last_seen_at > since),
        ),
    )


def is_full(connection: Connection, study_id: int, spec: StudySpec, kind: str) -> bool:
    """Whether a study has all the people it wants. Simulated and preview sessions never count."""
    if kind != "person":
        return False
    count = connection.execute(
        select(func.count()).where(SESSIONS.c.study_id == study_id, _taken(spec, kind))
    ).scalar_one()
    return count >= spec.recruitment.participants


def assign(
    connection: Connection, version_id: int, spec: StudySpec, kind: str, rng: random.Random
) -> Condition:
    """The condition that has the fewest participants for its weight; ties by lot.

    Balance is over completed and live sessions of one kind and version. The caller holds the lock
    on the study, so that two arrivals at the same moment see each other.
    """
    rows = connection.execute(
        select(SESSIONS.c.condition, func.count())
        .where(SESSIONS.c.version_id == version_id, _taken(spec, kind))
        .group_by(SESSIONS.c.condition)
    )
    counts: dict[str, int] = {row[0]: row[1] for row in rows}
    loads = {
        condition.name: (counts.get(condition.name, 0) + 1) / condition.weight
        for condition in spec.conditions
        if condition.weight > 0
    }
    least = min(loads.values())
    tied = [name for name, load in loads.items() if load == least]
    return spec.condition(tied[rng.randrange(len(tied))])
