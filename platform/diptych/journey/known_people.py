"""What is known of somebody who enters a study: who they are, and which sessions they have."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, insert, select

from diptych.domain.rows import SessionRow, session_rows
from diptych.domain.tables import IDENTITIES, PARTICIPANTS, SESSIONS, STUDIES
from diptych.ground.database import insert_row

PSEUDONYM_LENGTH = 32
_THEIRS = (
    SESSIONS.c.study_id == bindparam("study"),
    SESSIONS.c.participant_id == bindparam("participant"),
)
# Built once: these are asked at every entry.
_KNOWN = select(IDENTITIES.c.participant_id).where(
    IDENTITIES.c.recruiter == bindparam("recruiter"),
    IDENTITIES.c.external_id == bindparam("external_id"),
)
# All at once: between two statements somebody else may begin the session that is looked for.
_SESSIONS = select(SESSIONS).where(*_THEIRS).order_by(SESSIONS.c.take)


@dataclass(frozen=True)
class TheirSessions:
    """The sessions of one participant in one study.

    Attributes
    ----------
    latest : SessionRow | None
        The latest of the part that they enter.
    takes : int
        The highest number among them, of all parts.
    """

    latest: SessionRow | None = None
    takes: int = 0


def participant_of_id(connection: Connection, recruiter: str, external_id: str) -> int | None:
    """Find the participant with a platform's id."""
    who = {"recruiter": recruiter, "external_id": external_id}
    return connection.execute(_KNOWN, who).scalar()


def sessions_of(
    connection: Connection, study_id: int, participant_id: int | None, part: int
) -> TheirSessions:
    """Read the sessions of a participant in a study."""
    if participant_id is None:
        return TheirSessions()
    whose = {"study": study_id, "participant": participant_id}
    found = session_rows(connection.execute(_SESSIONS, whose).all())
    of_part = [row for row in found if row.part == part]
    return TheirSessions(of_part[-1] if of_part else None, found[-1].take if found else 0)


def took_one_of(connection: Connection, participant_id: int, studies: Sequence[str]) -> bool:
    """Say whether a participant has entered one of several studies."""
    if not studies:
        return False
    took = connection.execute(
        select(STUDIES.c.name)
        .join(SESSIONS, SESSIONS.c.study_id == STUDIES.c.id)
        .where(SESSIONS.c.participant_id == participant_id, STUDIES.c.name.in_(studies))
        .limit(1)
    ).scalar()
    return took is not None


def new_participant(
    connection: Connection, kind: str, namespace: str, external_id: str | None, at: int
) -> int:
    """Store a participant who enters for the first time.

    Parameters
    ----------
    connection : Connection
        A transaction.
    kind : str
        person, simulated, machine or preview.
    namespace : str
        Whose ids `external_id` is one of.
    external_id : str | None
        The platform's id; None for somebody unknown.
    at : int
        When they entered, ms since 1970-01-01 UTC.
    """
    public_id = uuid.uuid4().hex
    if kind == "machine" and external_id is not None and len(external_id) <= PSEUDONYM_LENGTH:
        public_id = external_id  # a machine needs no pseudonym: the tables say which one it was
    participant_id = insert_row(
        connection,
        insert(PARTICIPANTS),
        {"public_id": public_id, "kind": kind, "created_at": at},
    )
    if external_id is not None:
        values = {
            "recruiter": namespace,
            "external_id": external_id,
            "participant_id": participant_id,
        }
        connection.execute(insert(IDENTITIES), values)
    return participant_id
