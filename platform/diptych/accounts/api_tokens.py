"""Tokens with which a script reads what its user may read."""

from __future__ import annotations

import secrets

from sqlalchemy import insert, select

from diptych import models
from diptych.accounts.logins import token_hash
from diptych.accounts.users import USERS, User, user_from
from diptych.database import now_ms, reading, table, writing

TOKENS = table(models.ApiToken)


def make(user: User, name: str) -> str:
    """Make a token; it is shown once and stands in the database only as a hash."""
    token = f"diptych_{secrets.token_urlsafe(32)}"
    with writing() as connection:
        connection.execute(
            insert(TOKENS).values(
                token_hash=token_hash(token), user_id=user.id, name=name[:64], created_at=now_ms()
            )
        )
    return token


def read(token: str) -> User | None:
    """The user of a token; None when it is unknown or was revoked."""
    with reading() as connection:
        row = connection.execute(
            select(USERS)
            .join(TOKENS, TOKENS.c.user_id == USERS.c.id)
            .where(
                TOKENS.c.token_hash == token_hash(token),
                TOKENS.c.revoked_at.is_(None),
                USERS.c.disabled_at.is_(None),
            )
        ).one_or_none()
    return None if row is None else user_from(row)
