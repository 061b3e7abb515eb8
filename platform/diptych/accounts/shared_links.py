"""Links to the totals of a study, for people without an account: each ends on a day."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from sqlalchemy import insert, select, update

from diptych.accounts import audit
from diptych.accounts.users import User
from diptych.domain.tables import SHARED_LINKS, STUDIES
from diptych.ground.database import now_ms, reading, writing

DAY_MS = 86_400_000
#: The longest that a link can work.
MOST_DAYS = 366
#: The most links of one study that work at a time.
MOST_LINKS = 50


class SharedLinkFault(Exception):
    """A link can't be made; the message says why and what is allowed."""


@dataclass(frozen=True)
class SharedLink:
    """A link as it is listed; the token itself is shown once and not stored.

    Attributes
    ----------
    id : int
        Its row.
    name : str
        Whom it is for.
    made_by : str
        Name of the user.
    created_at, expires_at : int
        In ms since 1970-01-01 UTC.
    """

    id: int
    name: str
    made_by: str
    created_at: int
    expires_at: int


def make(study_id: int, name: str, days: int, user: User) -> str:
    """Make a link, and note it in the audit log.

    Parameters
    ----------
    study_id : int
        The study.
    name : str
        Whom it is for.
    days : int
        How long it works, from now.
    user : User
        Who makes it.

    Returns
    -------
    str
        The token of the address; only its hash is stored.

    Raises
    ------
    SharedLinkFault
        When the name or the number of days is not allowed, or there are too many links.
    """
    name = name.strip()
    if not 0 < len(name) <= 100 or not name.isprintable():
        raise SharedLinkFault("Say whom the link is for: 1 to 100 printable characters.")
    if not 1 <= days <= MOST_DAYS:
        raise SharedLinkFault(f"A link works for 1 to {MOST_DAYS} days.")
    if len(listed(study_id)) >= MOST_LINKS:
        raise SharedLinkFault(f"A study has at most {MOST_LINKS} such links: end one first.")
    token, at = secrets.token_urlsafe(24), now_ms()
    with writing() as connection:
        connection.execute(
            insert(SHARED_LINKS).values(
                study_id=study_id,
                token_hash=_hash(token),
                name=name,
                made_by=user.name,
                created_at=at,
                expires_at=at + days * DAY_MS,
            )
        )
        detail = {"for": name, "days": days}
        audit.note(user, "link.share", study_id=study_id, detail=detail, connection=connection)
    return token


def listed(study_id: int) -> list[SharedLink]:
    """List the links of a study that work, newest first."""
    columns = [SHARED_LINKS.c[name] for name in SharedLink.__dataclass_fields__]
    with reading() as connection:
        rows = connection.execute(
            select(*columns)
            .where(
                SHARED_LINKS.c.study_id == study_id,
                SHARED_LINKS.c.revoked_at.is_(None),
                SHARED_LINKS.c.expires_at > now_ms(),
            )
            .order_by(SHARED_LINKS.c.id.desc())
        ).all()
    return [SharedLink(*row) for row in rows]


def end(study_id: int, link_id: int, user: User) -> bool:
    """Let a link work no longer; False when the study has no such link."""
    with writing() as connection:
        ended = connection.execute(
            update(SHARED_LINKS)
            .where(
                SHARED_LINKS.c.study_id == study_id,
                SHARED_LINKS.c.id == link_id,
                SHARED_LINKS.c.revoked_at.is_(None),
            )
            .values(revoked_at=now_ms())
        ).rowcount
        if ended:
            audit.note(user, "link.unshare", study_id=study_id, connection=connection)
    return bool(ended)


def study_of(token: str) -> tuple[int, str, int] | None:
    """Return (id, name of the study, when the link ends) of a link that works; None otherwise."""
    with reading() as connection:
        row = connection.execute(
            select(STUDIES.c.id, STUDIES.c.name, SHARED_LINKS.c.expires_at)
            .join(STUDIES, STUDIES.c.id == SHARED_LINKS.c.study_id)
            .where(
                SHARED_LINKS.c.token_hash == _hash(token),
                SHARED_LINKS.c.revoked_at.is_(None),
                SHARED_LINKS.c.expires_at > now_ms(),
            )
        ).one_or_none()
    return None if row is None else (row[0], row[1], row[2])


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
