"""Keys of a study: links by which somebody takes it as a preview or as a simulated participant.

Each is somebody's: it works for as long as that account may do what the key allows, and until it is
revoked. The command line of the host has keys of its own, listed like all others.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update

from diptych.accounts import audit
from diptych.accounts.audit import COMMAND_LINE
from diptych.accounts.users import User, allows
from diptych.domain.tables import KEYS, MEMBERSHIPS, USERS
from diptych.ground.database import now_ms, reading, writing
from diptych.ground.keys import PURPOSES, is_study_key, name_in_key, named_key

#: What a user must be in the study for their keys to work.
NEEDED = {"preview": "viewer", "simulate": "editor", "machine": "editor"}
_SEEN_EVERY_MS = 60_000


@dataclass(frozen=True)
class StudyKey:
    """A key to be listed.

    Attributes
    ----------
    name : str
        Its first part: enough to tell keys apart, and to revoke one.
    purpose : str
        preview, simulate or machine.
    user : str
        Whose it is; `command line` for the host's own.
    created_at : int
        Unix ms.
    last_used_at : int | None
        Unix ms, to the minute; None: never.
    works : bool
        Whether its user may still do what it allows.
    """

    name: str
    purpose: str
    user: str
    created_at: int
    last_used_at: int | None
    works: bool


def ensure(secret: bytes, study_id: int, study: str, purpose: str, user: User | None) -> str:
    """Return the newest key of a user that still works, or a new one.

    Parameters
    ----------
    secret : bytes
        Of the host.
    study_id : int
        The study.
    study : str
        Its name.
    purpose : str
        preview, simulate or machine.
    user : User | None
        Whose; None for the command line.
    """
    whose = KEYS.c.user_id.is_(None) if user is None else KEYS.c.user_id == user.id
    mine = (KEYS.c.study_id == study_id) & (KEYS.c.purpose == purpose) & whose
    with writing() as connection:
        name = connection.execute(
            select(KEYS.c.name)
            .where(mine, KEYS.c.revoked_at.is_(None))
            .order_by(KEYS.c.id.desc())
            .limit(1)
        ).scalar()
        if name is None:
            name = secrets.token_hex(6)
            connection.execute(
                insert(KEYS).values(
                    name=name,
                    study_id=study_id,
                    purpose=purpose,
                    user_id=None if user is None else user.id,
                    created_at=now_ms(),
                )
            )
            audit.note(
                user,
                "key.make",
                study_id=study_id,
                subject=name,
                detail={"purpose": purpose},
                connection=connection,
            )
    return named_key(secret, purpose, study, name)


def listed(study_id: int) -> list[StudyKey]:
    """List the keys of a study that are not revoked, newest first."""
    with reading() as connection:
        rows = connection.execute(
            _with_role().where(KEYS.c.study_id == study_id).order_by(KEYS.c.id.desc())
        ).all()
    return [
        StudyKey(
            row.name,
            row.purpose,
            row.user or COMMAND_LINE,
            row.created_at,
            row.last_used_at,
            _works(row),
        )
        for row in rows
    ]


def revoke(study_id: int, name: str, user: User | None) -> bool:
    """Make a key useless; False when the study has none of that name that works."""
    this = (KEYS.c.study_id == study_id) & (KEYS.c.name == name) & KEYS.c.revoked_at.is_(None)
    with writing() as connection:
        if not connection.execute(update(KEYS).where(this).values(revoked_at=now_ms())).rowcount:
            return False
        audit.note(user, "key.revoke", study_id=study_id, subject=name, connection=connection)
    return True


def admits(given: str, secret: bytes, purpose: str, study: str) -> bool:
    """Say whether a key opens a study for a purpose; what is forged costs no statement."""
    if purpose not in PURPOSES:
        return False
    if is_study_key(given, secret, purpose, study):
        return True
    name = name_in_key(given, secret, purpose, study)
    if name is None:
        return False
    with reading() as connection:
        row = connection.execute(_with_role().where(KEYS.c.name == name)).one_or_none()
    if row is None or not _works(row):
        return False
    if row.last_used_at is None or now_ms() - row.last_used_at > _SEEN_EVERY_MS:
        with writing() as connection:
            _seen(connection, name)
    return True


def _seen(connection: Connection, name: str) -> None:
    connection.execute(update(KEYS).where(KEYS.c.name == name).values(last_used_at=now_ms()))


def _with_role() -> Any:
    """Select the keys that are not revoked, with their users and those users' roles."""
    member = (MEMBERSHIPS.c.user_id == KEYS.c.user_id) & (MEMBERSHIPS.c.study_id == KEYS.c.study_id)
    return (
        select(
            KEYS,
            USERS.c.name.label("user"),
            USERS.c.is_admin,
            USERS.c.disabled_at,
            MEMBERSHIPS.c.role,
        )
        .outerjoin(USERS, USERS.c.id == KEYS.c.user_id)
        .outerjoin(MEMBERSHIPS, member)
        .where(KEYS.c.revoked_at.is_(None))
    )


def _works(row: Any) -> bool:
    if row.user_id is None:
        return True
    if row.disabled_at is not None:
        return False
    return allows("owner" if row.is_admin else row.role, NEEDED[row.purpose])
