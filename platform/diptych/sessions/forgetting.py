"""Forgetting: sessions and participants leave the database, with all that hangs on them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, select

from diptych import models
from diptych.domain.tables import IDENTITIES, PARTICIPANTS, SESSIONS
from diptych.ground.database import table

#: How long the host keeps sessions of previews, in ms.
PREVIEWS_KEPT_MS = 24 * 3_600_000


def purge_previews(connection: Connection, before: int) -> None:
    """Delete preview sessions that began before a time, with all that hangs on them."""
    old = select(SESSIONS.c.id).where(SESSIONS.c.kind == "preview", SESSIONS.c.entered_at < before)
    forget_sessions(connection, list(connection.execute(old).scalars()))


def forget_sessions(connection: Connection, session_ids: list[int]) -> None:
    """Delete sessions with everything that hangs on them, their participants' rows included."""
    if not session_ids:
        return
    owners = connection.execute(
        select(SESSIONS.c.participant_id).where(SESSIONS.c.id.in_(session_ids))
    ).scalars()
    participants = [owner for owner in owners if owner is not None]
    for model in (
        models.QuestionAnswer,
        models.Response,
        models.Trial,
        models.Event,
        models.Arrival,
    ):
        rows = table(model)
        connection.execute(rows.delete().where(rows.c.session_id.in_(session_ids)))
    connection.execute(SESSIONS.delete().where(SESSIONS.c.id.in_(session_ids)))
    forget_participants(connection, participants)


def forget_participants(connection: Connection, participants: Sequence[int | None]) -> None:
    """Delete participants, and their identities, who have no session any more."""
    for participant_id in filter(None, participants):
        left = select(SESSIONS.c.id).where(SESSIONS.c.participant_id == participant_id).limit(1)
        if connection.execute(left).scalar() is None:
            connection.execute(
                IDENTITIES.delete().where(IDENTITIES.c.participant_id == participant_id)
            )
            connection.execute(PARTICIPANTS.delete().where(PARTICIPANTS.c.id == participant_id))
