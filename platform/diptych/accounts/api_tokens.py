"""Tokens with which a script reads what its user may read."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import insert, select, update

from diptych.accounts import audit
from diptych.accounts.logins import token_hash
from diptych.accounts.users import AccountFault, User, user_from
from diptych.domain.tables import TOKENS, USERS
from diptych.ground.database import now_ms, reading, writing

_SEEN_EVERY_MS = 60_000
MOST = 20


@dataclass(frozen=True)
class Token:
    """A token to be listed; the token itself is known to nobody but its user."""

    id: int
    name: str
    created_at: int
    last_used_at: int | None


def make(user: User, name: str) -> str:
    """Make a token; it is shown once and stands in the database only as a hash.

    Raises
    ------
    AccountFault
        Without a name, or when the user has too many.
    """
    name = " ".join(name.split())[:64]
    if not name:
        raise AccountFault("The token needs a name that says what it is for.")
    if len(all_of(user)) >= MOST:
        raise AccountFault(f"You have {MOST} tokens already: revoke one first.")
    token = f"diptych_{secrets.token_urlsafe(32)}"
    with writing() as connection:
        connection.execute(
            insert(TOKENS).values(
                token_hash=token_hash(token), user_id=user.id, name=name, created_at=now_ms()
            )
        )
        audit.note(user, "token.make", subject=name, connection=connection)
    return token


def all_of(user: User) -> list[Token]:
    """List the tokens of a user that still work, newest first."""
    with reading() as connection:
        rows = connection.execute(
            select(TOKENS)
            .where(TOKENS.c.user_id == user.id, TOKENS.c.revoked_at.is_(None))
            .order_by(TOKENS.c.id.desc())
        ).all()
    return [Token(r.id, r.name, r.created_at, r.last_used_at) for r in rows]


def revoke(user: User, token_id: int) -> bool:
    """Make one of a user's own tokens useless; False when it is not among them."""
    mine = (TOKENS.c.id == token_id) & (TOKENS.c.user_id == user.id) & TOKENS.c.revoked_at.is_(None)
    with writing() as connection:
        name = connection.execute(select(TOKENS.c.name).where(mine)).scalar()
        if name is None:
            return False
        connection.execute(update(TOKENS).where(mine).values(revoked_at=now_ms()))
        audit.note(user, "token.revoke", subject=name, connection=connection)
    return True


def read(token: str) -> User | None:
    """Find the user of a token; None when it is unknown or was revoked."""
    with reading() as connection:
        row = connection.execute(
            select(USERS, TOKENS.c.id.label("token_id"), TOKENS.c.last_used_at)
            .join(TOKENS, TOKENS.c.user_id == USERS.c.id)
            .where(
                TOKENS.c.token_hash == token_hash(token),
                TOKENS.c.revoked_at.is_(None),
                USERS.c.disabled_at.is_(None),
            )
        ).one_or_none()
    if row is None:
        return None
    at = now_ms()
    if row.last_used_at is None or at - row.last_used_at > _SEEN_EVERY_MS:
        with writing() as connection:
            connection.execute(
                update(TOKENS).where(TOKENS.c.id == row.token_id).values(last_used_at=at)
            )
    return user_from(row)
