"""The audit log: who did what, when."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, insert

from diptych import models
from diptych.accounts.users import User
from diptych.database import now_ms, table, writing

AUDIT = table(models.AuditEntry)
COMMAND_LINE = "command line"


def note(
    user: User | None,
    action: str,
    *,
    study_id: int | None = None,
    subject: str | None = None,
    detail: dict[str, Any] | None = None,
    connection: Connection | None = None,
) -> None:
    """Write one entry.

    Args:
        user: who did it; None for the command line.
        action: `noun.verb`, e.g. `study.open`, `decision.reject`, `ledger.send`, `export.ids`.
        study_id: the study it was done to.
        subject: the public id of a session, the name of a user, a key of the ledger.
        detail: what else is worth knowing; never a secret, never a platform id.
        connection: the transaction of the change itself, so that both stand or neither.
    """
    statement = insert(AUDIT).values(
        at=now_ms(),
        user_id=None if user is None else user.id,
        actor=COMMAND_LINE if user is None else user.name,
        action=action,
        study_id=study_id,
        subject=subject,
        detail=detail or {},
    )
    if connection is not None:
        connection.execute(statement)
        return
    with writing() as own:
        own.execute(statement)
