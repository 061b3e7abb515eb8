"""Checking passwords: as slow for a name that nobody has as for one that somebody has."""

from __future__ import annotations

from functools import lru_cache

from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import select, update

from diptych.accounts import links, logins, throttle
from diptych.accounts.users import (
    MAX_PASSWORD,
    AccountFault,
    User,
    hasher,
    password_hash,
    user_from,
)
from diptych.domain.tables import USERS
from diptych.ground.database import reading, writing


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    """Make a hash that no password fits, with the parameters in force."""
    return hasher.hash("the password of nobody")


def check(name: str, password: str) -> User | None:
    """Find the user with this name and password; None when they do not match.

    A hash of older parameters is renewed on the way.
    """
    with reading() as connection:
        row = connection.execute(
            select(USERS).where(USERS.c.name == name.strip().lower(), USERS.c.disabled_at.is_(None))
        ).one_or_none()
    known = row is not None and row.password_hash is not None
    # Asked for whoever comes: made only for the first unknown name, it would tell that one.
    nobodys = _nobodys_hash()
    stored = row.password_hash if row is not None and known else nobodys
    if not fits(stored, password) or row is None or not known:
        return None
    if hasher.check_needs_rehash(stored):
        with writing() as connection:
            connection.execute(
                update(USERS)
                .where(USERS.c.id == row.id, USERS.c.password_hash == stored)
                .values(password_hash=hasher.hash(password))
            )
    return user_from(row)


def fits(stored: str, password: str) -> bool:
    """Say whether a password is the one of a hash."""
    try:
        return hasher.verify(stored, password[: MAX_PASSWORD + 1])
    except (VerificationError, InvalidHashError):
        return False


def log_in(attempt: throttle.Attempt, name: str, password: str) -> User | None:
    """Check a name and a password, counting failures.

    Raises
    ------
    TooMany
        When too many attempts failed; the password was not looked at.
    """
    throttle.begin(attempt)
    user = check(name, password)
    if user is not None:
        throttle.succeeded(attempt)
        throttle.forget_old()
    return user


def change(login: logins.LoggedIn, old: str, new: str) -> None:
    """Change one's own password; every other log-in ends.

    Raises
    ------
    AccountFault
        When the old one is wrong, or the new one can't be used.
    """
    if check(login.user.name, old) is None:
        raise AccountFault("The current password is wrong.")
    hashed = password_hash(new)
    with writing() as connection:
        links.set_password(connection, login.user, hashed, but=login.login_id)
