"""Which sessions are excluded now."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from diptych.domain.tables import DECISIONS, RESULTS
from diptych.ground.database import in_parts


def excluded_now(connection: Connection, study_id: int, session_ids: Sequence[int]) -> set[int]:
    """Return the sessions that are excluded: by a person's latest word, else by an `auto` rule."""
    excluded: set[int] = set()
    for some in in_parts(session_ids):
        excluded |= set(
            connection.execute(
                select(RESULTS.c.session_id).where(
                    RESULTS.c.session_id.in_(some), RESULTS.c.excluded.is_(True)
                )
            ).scalars()
        )
        latest = (
            select(func.max(DECISIONS.c.id))
            .where(DECISIONS.c.session_id.in_(some), DECISIONS.c.action.in_(("exclude", "include")))
            .group_by(DECISIONS.c.session_id)
        )
        for number, action in connection.execute(
            select(DECISIONS.c.session_id, DECISIONS.c.action).where(DECISIONS.c.id.in_(latest))
        ):
            (excluded.add if action == "exclude" else excluded.discard)(number)
    return excluded
