"""The audit log: who did what, when."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, or_, select

from diptych.accounts.users import User
from diptych.domain.tables import AUDIT, STUDIES
from diptych.ground.database import now_ms, reading, writing

COMMAND_LINE = "command line"
#: Who acts where nobody does: a date or a limit of a study was reached.
THE_HOST = "host"
_PUBLIC_ID = re.compile(r"[0-9a-f]{32}")


def note(
    user: User | None,
    action: str,
    *,
    study_id: int | None = None,
    subject: str | None = None,
    detail: dict[str, Any] | None = None,
    connection: Connection | None = None,
    actor: str | None = None,
) -> None:
    """Write one entry.

    Parameters
    ----------
    user : User | None
        Who did it; None for the command line.
    action : str
        `noun.verb`, e.g. `study.open`, `decision.reject`, `ledger.send`, `export.ids`.
    study_id : int | None, optional
        The study it was done to.
    subject : str | None, optional
        The public id of a session, the name of a user, a key of the ledger.
    detail : dict[str, Any] | None, optional
        What else is worth knowing; never a secret, never a platform id.
    connection : Connection | None, optional
        The transaction of the change itself, so that both stand or neither.
    actor : str | None, optional
        Who did it where that is no user, such as `THE_HOST`.
    """
    by = actor or (COMMAND_LINE if user is None else user.name)
    statement = insert(AUDIT).values(
        at=now_ms(),
        user_id=None if user is None else user.id,
        actor=by,
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


@dataclass(frozen=True)
class Entry:
    """One entry, to be read."""

    id: int
    at: int
    actor: str
    action: str
    study: str | None
    subject: str | None
    detail: dict[str, Any]

    @property
    def is_about_session(self) -> bool:
        """Whether the subject is the public id of a session."""
        return bool(self.subject and _PUBLIC_ID.fullmatch(self.subject))


@dataclass(frozen=True)
class Page:
    """Some entries, newest first, and the keys of the pages beside them (None: no such page)."""

    entries: Sequence[Entry]
    older: int | None
    newer: int | None


def read(
    *,
    study_id: int | None = None,
    search: str = "",
    before: int | None = None,
    after: int | None = None,
    size: int = 50,
) -> Page:
    """Read one page of the log, found by key: the last page costs as much as the first.

    Parameters
    ----------
    study_id : int | None, optional
        Only what was done to one study; None for everything.
    search : str, optional
        Part of an actor's name, an action or a subject, in any case.
    before : int | None, optional
        Only entries older than this key.
    after : int | None, optional
        Only entries newer than this key (the oldest of them).
    size : int, optional
        How many entries.
    """
    query = select(AUDIT, STUDIES.c.name.label("study")).outerjoin(
        STUDIES, STUDIES.c.id == AUDIT.c.study_id
    )
    if study_id is not None:
        query = query.where(AUDIT.c.study_id == study_id)
    if search:
        columns = (AUDIT.c.actor, AUDIT.c.action, AUDIT.c.subject)
        query = query.where(or_(*(c.icontains(search, autoescape=True) for c in columns)))
    upwards = after is not None and before is None
    if upwards:
        query = query.where(AUDIT.c.id > after).order_by(AUDIT.c.id)
    else:
        if before is not None:
            query = query.where(AUDIT.c.id < before)
        query = query.order_by(AUDIT.c.id.desc())
    with reading() as connection:
        rows = list(connection.execute(query.limit(size + 1)))
    more, rows = len(rows) > size, rows[:size]
    if upwards:
        rows.reverse()
    entries = [Entry(r.id, r.at, r.actor, r.action, r.study, r.subject, r.detail) for r in rows]
    if not entries:
        return Page((), None, None)
    has_older = upwards or more
    has_newer = more if upwards else before is not None
    return Page(
        entries,
        entries[-1].id if has_older else None,
        entries[0].id if has_newer else None,
    )
