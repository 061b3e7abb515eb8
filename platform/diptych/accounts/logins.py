"""Log-ins: kept on the server, so that they can be ended from there.

One from further ahead than it could last was begun while the clock was wrong, and is over: or it
would last until that time has come.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, insert, not_, or_, select, update

from diptych.accounts.users import User, user_from
from diptych.domain.tables import LOGINS, USERS
from diptych.ground.database import now_ms, reading, writing

IDLE_MS = 12 * 3_600_000
ABSOLUTE_MS = 14 * 86_400_000
# `last_seen_at` is written once in so long, not with every request.
_SEEN_EVERY_MS = 60_000


@dataclass(frozen=True)
class LoggedIn:
    """A live log-in: whose it is, and the row it stands in."""

    user: User
    login_id: int
    token: str


def token_hash(token: str) -> str:
    """Return a random token as the database stores it: knowing the hash opens nothing."""
    return hashlib.sha256(token.encode()).hexdigest()


def begin(user: User, user_agent: str = "") -> str:
    """Log a user in; the returned token is the cookie's value and stands nowhere else."""
    token, at = secrets.token_urlsafe(32), now_ms()
    over = or_(
        not_(LOGINS.c.last_seen_at.between(at - IDLE_MS, at + IDLE_MS)),
        not_(LOGINS.c.created_at.between(at - ABSOLUTE_MS, at + ABSOLUTE_MS)),
    )
    with writing() as connection:
        connection.execute(LOGINS.delete().where(LOGINS.c.user_id == user.id, over))
        connection.execute(
            insert(LOGINS).values(
                token_hash=token_hash(token),
                user_id=user.id,
                created_at=at,
                last_seen_at=at,
                user_agent=user_agent[:200],
            )
        )
    return token


def read(token: str, *, counts_as_use: bool = True) -> LoggedIn | None:
    """Find the log-in of a token; None when it is unknown, ended, idle too long or too old.

    Parameters
    ----------
    token : str
        The cookie's value.
    counts_as_use : bool, optional
        Whether somebody is there: not when a page updates itself.
    """
    with reading() as connection:
        row = connection.execute(
            select(LOGINS.c.id.label("login_id"), LOGINS.c.created_at, LOGINS.c.last_seen_at, USERS)
            .join(USERS, USERS.c.id == LOGINS.c.user_id)
            .where(LOGINS.c.token_hash == token_hash(token), USERS.c.disabled_at.is_(None))
        ).one_or_none()
    at = now_ms()
    if row is None or abs(at - row.last_seen_at) > IDLE_MS or abs(at - row[1]) > ABSOLUTE_MS:
        return None
    if counts_as_use and at - row.last_seen_at > _SEEN_EVERY_MS:
        with writing() as connection:
            connection.execute(
                update(LOGINS).where(LOGINS.c.id == row.login_id).values(last_seen_at=at)
            )
    return LoggedIn(user_from(row), row.login_id, token)


def end(token: str) -> None:
    """Log out this browser."""
    with writing() as connection:
        connection.execute(LOGINS.delete().where(LOGINS.c.token_hash == token_hash(token)))


def end_all(user: User, *, but: int | None = None, connection: Connection | None = None) -> None:
    """Log a user out everywhere, except in one log-in."""
    ended = LOGINS.delete().where(LOGINS.c.user_id == user.id)
    if but is not None:
        ended = ended.where(LOGINS.c.id != but)
    if connection is not None:
        connection.execute(ended)
        return
    with writing() as own:
        own.execute(ended)


def end_one(user: User, login_id: int) -> bool:
    """End one of a user's own log-ins; False when it is not (or no longer) among them."""
    with writing() as connection:
        ended = connection.execute(
            LOGINS.delete().where(LOGINS.c.id == login_id, LOGINS.c.user_id == user.id)
        )
    return ended.rowcount == 1


@dataclass(frozen=True)
class OpenLogin:
    """One of a user's log-ins, to be listed."""

    id: int
    created_at: int
    last_seen_at: int
    user_agent: str


def all_of(user: User) -> list[OpenLogin]:
    """List the live log-ins of a user, latest first."""
    at = now_ms()
    with reading() as connection:
        rows = connection.execute(
            select(LOGINS)
            .where(
                LOGINS.c.user_id == user.id,
                LOGINS.c.last_seen_at.between(at - IDLE_MS, at + IDLE_MS),
                LOGINS.c.created_at.between(at - ABSOLUTE_MS, at + ABSOLUTE_MS),
            )
            .order_by(LOGINS.c.last_seen_at.desc(), LOGINS.c.id.desc())
        ).all()
    return [OpenLogin(r.id, r.created_at, r.last_seen_at, r.user_agent) for r in rows]
