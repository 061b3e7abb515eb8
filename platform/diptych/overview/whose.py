"""Whose sessions a study has: what an empty page can offer instead."""

from __future__ import annotations

from sqlalchemy import func, select

from diptych.domain.tables import SESSIONS
from diptych.domain.vocabulary import EMPTIED
from diptych.ground.database import reading

#: More than so many are not counted: the page says "500 or more".
MOST = 500


def sessions_of(study_id: int, kind: str) -> int:
    """Count the sessions of a kind in a study, up to `MOST`.

    Parameters
    ----------
    study_id : int
        The study.
    kind : str
        person, simulated or machine.
    """
    some = (
        select(SESSIONS.c.id)
        .where(
            SESSIONS.c.study_id == study_id,
            SESSIONS.c.kind == kind,
            SESSIONS.c.status.not_in(EMPTIED),
        )
        .limit(MOST)
        .subquery()
    )
    with reading() as connection:
        return int(connection.execute(select(func.count()).select_from(some)).scalar_one())
