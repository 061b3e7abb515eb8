"""The key from pseudonyms to the ids of platforms: kept, and exported, apart from all answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import select

from diptych import recruiters
from diptych.domain.tables import ARRIVALS, IDENTITIES, PARTICIPANTS, SESSIONS
from diptych_analysis.tables.schema import Column

#: Columns of `identities.csv`: one row a session of a person who came from a platform.
COLUMNS = (
    Column("participant_id", "string", "Pseudonym, as in the tables.", required=True),
    Column("session_id", "string", "The session, as in the tables.", required=True),
    Column("recruiter", "string", "The platform.", required=True),
    Column("platform_id", "string", "The platform's id of the person.", required=True),
    Column("place_id", "string", "The platform's id of the study, or the HIT."),
    Column("submission_id", "string", "The platform's id of the submission, or the assignment."),
)


def rows(
    stream: Callable[[Any], Iterator[Any]], versions: Sequence[int]
) -> Iterator[dict[str, Any]]:
    """Yield the key file's rows by session; of an id that came twice, the latest arrival.

    Parameters
    ----------
    stream : Callable[[Any], Iterator[Any]]
        Runs a query and gives out its rows in batches.
    versions : Sequence[int]
        Ids of the study versions whose sessions are asked for.
    """
    statement = (
        select(
            SESSIONS.c.id,
            SESSIONS.c.public_id,
            SESSIONS.c.recruiter,
            PARTICIPANTS.c.public_id.label("participant"),
            IDENTITIES.c.external_id,
            ARRIVALS.c.parameters,
        )
        .select_from(SESSIONS)
        .join(PARTICIPANTS, PARTICIPANTS.c.id == SESSIONS.c.participant_id)
        .join(
            IDENTITIES,
            (IDENTITIES.c.participant_id == SESSIONS.c.participant_id)
            & (IDENTITIES.c.recruiter == SESSIONS.c.recruiter),
        )
        .outerjoin(ARRIVALS, ARRIVALS.c.session_id == SESSIONS.c.id)
        .where(SESSIONS.c.version_id.in_(versions), SESSIONS.c.kind == "person")
        .order_by(SESSIONS.c.id, ARRIVALS.c.id)
    )
    for _, arrivals in groupby(stream(statement), key=lambda row: row.id):
        *_, row = arrivals
        ids = recruiters.REGISTRY.get(row.recruiter).order_ids(row.parameters or {})
        place, submission = ids or (None, None)
        yield {
            "participant_id": row.participant,
            "session_id": row.public_id,
            "recruiter": row.recruiter,
            "platform_id": row.external_id,
            "place_id": place,
            "submission_id": submission,
        }
