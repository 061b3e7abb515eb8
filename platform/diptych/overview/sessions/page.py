"""The table of sessions: a page at a time, by key, so that a long table is as quick as a short one.

Every page starts where the last one ended: at a value and a session, which an index leads to. No
page counts all rows, and none skips over the rows before it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, null, select, tuple_

from diptych.domain.tables import RESULTS, SESSIONS
from diptych.domain.vocabulary import KINDS, LIVE
from diptych.ground.database import in_parts
from diptych.overview.sessions.filters import narrowed
from diptych.overview.sessions.query import SORTS, Wanted, WantedFault

PAGE = 25
_BOUND = re.compile(r"(-?[0-9.e+-]*)~(\d{1,18})")


@dataclass(frozen=True)
class Bound:
    """Where a page starts or ends: a session, and its value of what is sorted by."""

    value: float | None
    session_id: int

    def __str__(self) -> str:
        """Write the bound for an address."""
        return f"{'' if self.value is None else repr(self.value)}~{self.session_id}"


def read_bound(text: str) -> Bound | None:
    """Read what `str(bound)` wrote; None of an empty text.

    Raises
    ------
    WantedFault
        When it is anything else.
    """
    if not text:
        return None
    found = _BOUND.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        number = float(found[1]) if "." in found[1] or "e" in found[1] else int(found[1] or 0)
        if isinstance(number, int) and abs(number) >= 2**63:  # no column holds it
            raise ValueError
        return Bound(number if found[1] else None, int(found[2]))
    except ValueError:
        raise WantedFault(f"after, before: {text!r} is no place in the table") from None


@dataclass(frozen=True)
class Slice:
    """A page of the table.

    Attributes
    ----------
    ids : Sequence[int]
        sessions, in order.
    before : Bound | None
        Where the page before this one ends; None on the first.
    after : Bound | None
        Where the next page starts; None on the last.
    """

    ids: Sequence[int]
    before: Bound | None
    after: Bound | None


def page(
    connection: Connection,
    study_id: int,
    wanted: Wanted,
    *,
    after: Bound | None = None,
    before: Bound | None = None,
    see_ids: bool = False,
    size: int = PAGE,
) -> Slice:
    """Return one page of the sessions that are wanted.

    Parameters
    ----------
    connection : Connection
        To read with.
    study_id : int
        The study.
    wanted : Wanted
        Which sessions, in which order.
    after : Bound | None, optional
        The last session of the page before; None for the first page.
    before : Bound | None, optional
        The first session of the page after, instead of `after`.
    see_ids : bool, optional
        Whether a search may look at platforms' ids.
    size : int, optional
        Most sessions a page.

    Raises
    ------
    WantedFault
        When the search is too short.
    """
    backwards, bound = before is not None, before or after
    found: list[tuple[int, Any]] = []
    stretches = segments(study_id, wanted, see_ids=see_ids)
    is_there = bound is None
    for segment in reversed(stretches) if backwards else stretches:
        if not is_there and bound is not None and not segment.holds(bound):
            continue  # the pages before this one have gone through it
        here, is_there = (None if is_there else bound), True
        left = size + 1 - len(found)
        found += [
            (row[0], row[1])
            for row in connection.execute(segment.rows(wanted, here, left, backwards=backwards))
        ]
        if len(found) > size:
            break
    more, found = len(found) > size, found[:size]
    if backwards:
        found.reverse()
    if not found:
        return Slice([], None, None)
    first, last = Bound(found[0][1], found[0][0]), Bound(found[-1][1], found[-1][0])
    has_before = more if backwards else after is not None
    return Slice(
        [session_id for session_id, _ in found],
        first if has_before else None,
        last if more or backwards else None,
    )


def matching(
    connection: Connection, study_id: int, wanted: Wanted, most: int, *, see_ids: bool = False
) -> list[int]:
    """Return all sessions that are wanted, oldest first, `most` at most."""
    where = narrowed(study_id, wanted, see_ids=see_ids)
    return list(
        connection.execute(
            select(SESSIONS.c.id).where(*where).order_by(SESSIONS.c.id).limit(most)
        ).scalars()
    )


def count(
    connection: Connection, study_id: int, wanted: Wanted, most: int, *, see_ids: bool = False
) -> int:
    """Count the wanted sessions; `most` + 1 means any larger number."""
    where = narrowed(study_id, wanted, see_ids=see_ids)
    some = select(SESSIONS.c.id).where(*where).limit(most + 1).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one())


def named(connection: Connection, study_id: int, public_ids: Sequence[str]) -> list[int]:
    """Return the sessions of a study by their public ids; ids that it has not are left out."""
    found: list[int] = []
    for some in in_parts(public_ids):
        found += connection.execute(
            select(SESSIONS.c.id).where(
                SESSIONS.c.public_id.in_(some),
                SESSIONS.c.study_id == study_id,
                SESSIONS.c.kind.in_(KINDS),
                SESSIONS.c.participant_id.is_not(None),
            )
        ).scalars()
    return found


def versions_of(connection: Connection, session_ids: Sequence[int]) -> list[int]:
    """List the versions that some sessions were shown, ascending."""
    return sorted(_distinct(connection, SESSIONS.c.version_id, session_ids))


def recruiters_of(connection: Connection, session_ids: Sequence[int]) -> list[str]:
    """Return where some sessions came from."""
    return sorted(_distinct(connection, SESSIONS.c.recruiter, session_ids))


def _distinct(connection: Connection, column: Any, session_ids: Sequence[int]) -> set[Any]:
    found: set[Any] = set()
    for some in in_parts(session_ids):
        rows = connection.execute(select(column).where(SESSIONS.c.id.in_(some)).distinct())
        found |= set(rows.scalars())
    return found


@dataclass(frozen=True)
class Segment:
    """A stretch of the table in one order: all sessions, those with a value, or those without."""

    source: Any
    where: Sequence[ColumnElement[bool]]
    value: Any  # the column sorted by; None where the segment has no values
    session: ColumnElement[int]  # puts equal values in order

    def holds(self, bound: Bound) -> bool:
        """Say whether a place of the table is in this stretch."""
        return (self.value is None) == (bound.value is None)

    def rows(
        self, wanted: Wanted, bound: Bound | None, limit: int, *, backwards: bool
    ) -> Select[Any]:
        """Query (session, value), in order, from a place on."""
        # Without a value there is nothing to go by but the session: newest first.
        keys = [self.session] if self.value is None else [self.value, self.session]
        ascending = (self.value is not None and wanted.is_ascending) != backwards
        rows = select(self.session, null() if self.value is None else self.value)
        rows = rows.select_from(self.source).where(*self.where)
        if bound is not None:
            place = tuple_(*keys)
            at = tuple_(*([] if self.value is None else [bound.value]), bound.session_id)
            rows = rows.where(place > at if ascending else place < at)
        return rows.order_by(*(key.asc() if ascending else key.desc() for key in keys)).limit(limit)


def segments(study_id: int, wanted: Wanted, *, see_ids: bool) -> list[Segment]:
    """List the stretches of the table, in order.

    Raises
    ------
    WantedFault
        When the search is too short.
    """
    where = narrowed(study_id, wanted, see_ids=see_ids)
    if wanted.sort == "entered":
        return [Segment(SESSIONS, where, SESSIONS.c.entered_at, SESSIONS.c.id)]
    value = RESULTS.c[SORTS[wanted.sort]]
    ours = (RESULTS.c.study_id == study_id, RESULTS.c.kind == wanted.who)
    here = RESULTS.c.session_id == SESSIONS.c.id
    valued = Segment(
        RESULTS.join(SESSIONS, here), [*ours, value.is_not(None), *where], value,
        RESULTS.c.session_id,
    )  # fmt: skip
    unvalued = Segment(
        SESSIONS.outerjoin(RESULTS, here), [value.is_(None), *where], None, SESSIONS.c.id
    )
    # Only sessions that have ended have values: to look for others among them would take long.
    return [unvalued] if wanted.status in LIVE else [valued, unvalued]
