"""Users and their roles."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import IntegrityError

from diptych.domain.tables import MEMBERSHIPS, USERS
from diptych.ground.database import insert_row, now_ms, reading, writing

#: What each role may do, from least to most: a role may do all that stands before it.
ROLES = ("viewer", "editor", "owner")
_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")
MIN_PASSWORD = 10
MAX_PASSWORD = 1000
hasher = PasswordHasher()


class AccountFault(ValueError):
    """An account can't be made or changed; the message says why."""


@dataclass(frozen=True)
class User:
    """A researcher with an account."""

    id: int
    name: str
    is_admin: bool


def user_from(row: Any) -> User:
    """Make a user from a row of `users`, without its secrets."""
    return User(row.id, row.name, row.is_admin)


def add_user(name: str, password: str | None = None, *, is_admin: bool = False) -> User:
    """Make an account; without a password it needs a one-time link.

    Raises
    ------
    AccountFault
        When the name is taken or malformed, or the password too short.
    """
    hashed = None if password is None else password_hash(password)
    with writing() as connection:
        return insert_user(connection, name, hashed, is_admin=is_admin)


def user_name(name: str) -> str:
    """Return the name of a user as it is stored.

    Raises
    ------
    AccountFault
        When it is malformed.
    """
    stored = name.strip().lower()
    if not _NAME.fullmatch(stored):
        raise AccountFault(
            f"{stored!r} cannot be the name of a user: allowed are letters, digits and . _ @ + "
            "-, at most 64"
        )
    return stored


def insert_user(
    connection: Connection, name: str, hashed: str | None, *, is_admin: bool = False
) -> User:
    """Make an account within a transaction.

    Raises
    ------
    AccountFault
        When the name is taken or malformed.
    """
    name = user_name(name)
    values = {
        "name": name,
        "password_hash": hashed,
        "is_admin": is_admin,
        "created_at": now_ms(),
    }
    try:
        with connection.begin_nested():
            user_id = insert_row(connection, insert(USERS).values(values))
    except IntegrityError:
        raise AccountFault(f"a user {name!r} already exists") from None
    return User(user_id, name, is_admin)


def password_hash(password: str) -> str:
    """Return the argon2id hash of a password.

    Raises
    ------
    AccountFault
        When the password is too short, or absurdly long.
    """
    if len(password) < MIN_PASSWORD:
        raise AccountFault(f"The password needs at least {MIN_PASSWORD} characters.")
    if len(password) > MAX_PASSWORD:
        raise AccountFault(f"The password has more than {MAX_PASSWORD:,} characters.")
    return hasher.hash(password)


def find_user(name: str) -> User | None:
    """Find the user of a name; None when there is none, or it was disabled."""
    with reading() as connection:
        row = connection.execute(
            select(USERS).where(USERS.c.name == name.strip().lower(), USERS.c.disabled_at.is_(None))
        ).one_or_none()
    return None if row is None else user_from(row)


def set_role(user: User, study_id: int, role: str | None) -> None:
    """Give a user a role in a study, or take it away with None.

    Raises
    ------
    AccountFault
        When there is no such role.
    """
    if role is not None and role not in ROLES:
        raise AccountFault(f"{role!r} is not a role; allowed are {', '.join(ROLES)}")
    with writing() as connection:
        put_role(connection, user, study_id, role)


def put_role(connection: Connection, user: User, study_id: int, role: str | None) -> None:
    """Write a role that is known to be one, within a transaction."""
    here = (MEMBERSHIPS.c.user_id == user.id) & (MEMBERSHIPS.c.study_id == study_id)
    connection.execute(MEMBERSHIPS.delete().where(here))
    if role is not None:
        connection.execute(
            insert(MEMBERSHIPS).values(user_id=user.id, study_id=study_id, role=role)
        )


def role_in(user: User, study_id: int) -> str | None:
    """Find the role of a user in a study: administrators own every study; None for strangers."""
    if user.is_admin:
        return "owner"
    with reading() as connection:
        role: str | None = connection.execute(
            select(MEMBERSHIPS.c.role).where(
                MEMBERSHIPS.c.user_id == user.id, MEMBERSHIPS.c.study_id == study_id
            )
        ).scalar()
    return role


def allows(role: str | None, needed: str) -> bool:
    """Say whether a role may do what another one may."""
    return role is not None and ROLES.index(role) >= ROLES.index(needed)
