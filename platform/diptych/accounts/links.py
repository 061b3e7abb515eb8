"""One-time links: how somebody sets a password without ever being told one."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select, update

from diptych.accounts import audit, logins
from diptych.accounts.users import AccountFault, User, insert_user, password_hash, user_from
from diptych.domain.tables import LINKS, USERS
from diptych.ground.database import now_ms, reading, writing

VALID_MS = 48 * 3_600_000
_SPENT = (
    "This link was used, has expired, or a newer link replaced it. Ask an administrator for a "
    "new link."
)


@dataclass(frozen=True)
class Link:
    """A link that still works; without a user it makes the first administrator."""

    token: str
    user: User | None


def make(user: User | None, *, by: User | None = None) -> str:
    """Make a new link; the older ones of the same user (or of the first start) stop working.

    Returns
    -------
    str
        The token that stands in the address; it is kept only as a hash.
    """
    token, at = secrets.token_urlsafe(32), now_ms()
    owner = LINKS.c.user_id.is_(None) if user is None else LINKS.c.user_id == user.id
    with writing() as connection:
        connection.execute(LINKS.delete().where(owner, LINKS.c.used_at.is_(None)))
        connection.execute(
            insert(LINKS).values(
                token_hash=logins.token_hash(token),
                user_id=None if user is None else user.id,
                created_at=at,
                expires_at=at + VALID_MS,
            )
        )
        if user is not None:
            audit.note(by, "user.link", subject=user.name, connection=connection)
    return token


def link_address(base_url: str, token: str) -> str:
    """Return the address of the page on which a link is used."""
    return f"{base_url}/dashboard/link/{token}"


def read(token: str) -> Link | None:
    """Find the link of a token without using it up; None when it no longer works."""
    with reading() as connection:
        return _find(connection, token)


def use(token: str, password: str, name: str = "") -> User:
    """Set the password of a link's user, or make the first administrator, and spend the link.

    Raises
    ------
    AccountFault
        When the link works no more, or the password or the name can't be used;
        in the latter cases the link still works.
    """
    hashed = password_hash(password)
    with writing() as connection:
        link = _find(connection, token)
        if link is None:
            raise AccountFault(_SPENT)
        spent = connection.execute(
            update(LINKS)
            .where(LINKS.c.token_hash == logins.token_hash(token), LINKS.c.used_at.is_(None))
            .values(used_at=now_ms())
        )
        if spent.rowcount != 1:
            raise AccountFault(_SPENT)  # somebody was quicker
        if link.user is None:
            user = insert_user(connection, name, hashed, is_admin=True)
            audit.note(user, "user.add", subject=user.name, connection=connection)
            return user
        set_password(connection, link.user, hashed)
        return link.user


def set_password(
    connection: Connection, user: User, hashed: str, *, but: int | None = None
) -> None:
    """Change a password; every log-in but one ends, and open links stop working."""
    connection.execute(update(USERS).where(USERS.c.id == user.id).values(password_hash=hashed))
    logins.end_all(user, but=but, connection=connection)
    connection.execute(LINKS.delete().where(LINKS.c.user_id == user.id, LINKS.c.used_at.is_(None)))
    audit.note(user, "user.password", subject=user.name, connection=connection)


def nobody_yet() -> bool:
    """Say whether this host has no user at all."""
    with reading() as connection:
        return not connection.execute(select(func.count()).select_from(USERS)).scalar()


def _find(connection: Connection, token: str) -> Link | None:
    at = now_ms()
    row = connection.execute(
        select(LINKS.c.user_id).where(
            LINKS.c.token_hash == logins.token_hash(token),
            LINKS.c.used_at.is_(None),
            LINKS.c.expires_at > at,
            # One from further ahead was made while the clock was wrong.
            LINKS.c.created_at < at + VALID_MS,
        )
    ).one_or_none()
    if row is None:
        return None
    if row.user_id is None:
        # The first start is over as soon as there is anybody.
        there = connection.execute(select(USERS.c.id).limit(1)).one_or_none()
        return Link(token, None) if there is None else None
    user = connection.execute(
        select(USERS).where(USERS.c.id == row.user_id, USERS.c.disabled_at.is_(None))
    ).one_or_none()
    return None if user is None else Link(token, user_from(user))
