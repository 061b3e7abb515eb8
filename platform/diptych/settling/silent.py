"""Ending sessions that were inactive for longer than their study lets them resume."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement, Connection, and_, false, or_, select, update

from diptych.domain.tables import SESSIONS, VERSIONS
from diptych.domain.vocabulary import LIVE
from diptych.ground.database import now_ms, reading, writing
from diptych.host import Host
from diptych.settling import settle
from diptych.study.versions import frozen

MINUTE = 60_000
#: Most inactive sessions that one call ends, and most forgotten ones that it settles.
MOST_ENDED = 50


def end(host: Host, study_id: int, kind: str, most: int = MOST_ENDED) -> int:
    """End sessions that were left for longer than their version lets them resume.

    Returns
    -------
    int
        How many, at most `most`; they are settled too.
    """
    here = (SESSIONS.c.study_id == study_id) & (SESSIONS.c.kind == kind)
    with reading() as connection:
        limits = _limits(connection, study_id)
        ids = list(
            connection.execute(
                select(SESSIONS.c.id).where(here, _are_late(limits, now_ms())).limit(most)
            ).scalars()
        )
    if not ids:
        return 0
    with writing() as connection:
        # Somebody may have come back since, or the clock have been set: it is looked at again.
        at = now_ms()
        ended = connection.execute(
            update(SESSIONS)
            .where(SESSIONS.c.id.in_(ids), _are_late(limits, at))
            .values(status="timed_out", step="end", ended_at=at)
        ).rowcount
    settle.catch_up(host, study_id, most)
    return int(ended)


def _limits(connection: Connection, study_id: int) -> dict[float, list[int]]:
    """Group the versions of a study by the minutes within which they let a session resume."""
    versions = connection.execute(select(VERSIONS.c.id).where(VERSIONS.c.study_id == study_id))
    limits: dict[float, list[int]] = {}
    for version_id in versions.scalars():
        minutes = frozen(version_id, connection).spec.recruitment.resume_within_minutes
        limits.setdefault(minutes, []).append(version_id)
    return limits


def _are_late(limits: Mapping[float, list[int]], at: int) -> ColumnElement[bool]:
    """Select the live sessions that were left for longer than their version lets them resume."""
    late = (
        and_(SESSIONS.c.version_id.in_(ids), SESSIONS.c.last_seen_at < at - int(minutes * MINUTE))
        for minutes, ids in limits.items()
    )
    return SESSIONS.c.status.in_(LIVE) & or_(false(), *late)
