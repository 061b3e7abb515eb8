"""Corrections of what was counted: settled sessions leave the tallies, or move within them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, select, update

from diptych.counts import measures, tallies
from diptych.counts.tallies import Changes, Counts, Key
from diptych.domain.tables import QUALITY, RESULTS, SESSIONS
from diptych.domain.vocabulary import EMPTIED
from diptych.ground.database import writing
from diptych.host import Host
from diptych.sessions.facts import SessionFacts, facts
from diptych.settling.settle import as_it_ended, course_counts, figure_counts


def set_excluded(
    host: Host, session_id: int, excluded: bool, connection: Connection | None = None
) -> None:
    """Take a session out of the counts of those kept, or put it back.

    To be called once the decision stands in `decisions`: whoever settles the session anew looks
    there.

    Parameters
    ----------
    host : Host
        The host.
    session_id : int
        A session that has ended.
    excluded : bool
        Whether it is excluded.
    connection : Connection | None, optional
        The transaction of the decision, so that both stand or neither; without one,
        the decision must be committed.
    """
    set_excluded_many(host, {session_id: excluded}, connection)


def set_excluded_many(
    host: Host, excluded: Mapping[int, bool], connection: Connection | None = None
) -> None:
    """Apply `set_excluded` to many sessions; the tallies are written once per study."""
    if connection is None:
        with writing() as own:
            set_excluded_many(host, excluded, own)
        return
    ids = sorted(excluded)
    rows = connection.execute(
        select(SESSIONS.c.id, SESSIONS.c.study_id).where(SESSIONS.c.id.in_(ids))
    ).all()
    for study_id in sorted({row.study_id for row in rows}):
        tallies.lock(connection, study_id)
        changes = Changes()
        for row in rows:
            if row.study_id == study_id:
                _move(host, connection, row.id, excluded[row.id], changes)
        tallies.add(connection, changes)


def _move(
    host: Host, connection: Connection, session_id: int, excluded: bool, changes: Changes
) -> None:
    """Set one session's flag, and collect what that changes in the tallies."""
    row = connection.execute(
        select(RESULTS.c.excluded, RESULTS.c.counted, SESSIONS.c.result_at)
        .join(SESSIONS, SESSIONS.c.id == RESULTS.c.session_id)
        .where(RESULTS.c.session_id == session_id)
    ).one_or_none()
    if row is None or row.result_at is None:
        return  # whoever settles it looks for the decision
    values: dict[str, Any] = {"excluded": excluded}
    was_kept = row.counted == "kept"
    found = facts(host, connection, session_id)
    if found.session.status == "completed" and was_kept == excluded:
        stored = connection.execute(
            select(QUALITY).where(QUALITY.c.session_id == session_id).order_by(QUALITY.c.rule)
        ).all()
        found = as_it_ended(replace(found, findings=stored))
        values["counted"] = "all" if excluded else "kept"
        for name, counts in figure_counts(found).items():
            key = Key(found.session.study_id, found.session.kind, "kept", name)
            changes.add(key, counts, -1 if excluded else 1)
    connection.execute(update(RESULTS).where(RESULTS.c.session_id == session_id).values(values))


def take_out(host: Host, connection: Connection, study_id: int, ids: Sequence[int]) -> None:
    """Take sessions out of every count and forget their results, as if they were never settled.

    Parameters
    ----------
    host : Host
        The host.
    connection : Connection
        A transaction that holds the lock of the study's tallies (`tallies.lock`).
    study_id : int
        The study.
    ids : Sequence[int]
        Sessions of it that have ended.
    """
    changes = Changes()
    for session_id in ids:
        found = facts(host, connection, session_id)
        if found.session.result_at is not None and found.session.kind != "preview":
            _take_out(connection, found, changes)
    for rows in (RESULTS, QUALITY):
        connection.execute(rows.delete().where(rows.c.session_id.in_(ids)))
    connection.execute(update(SESSIONS).where(SESSIONS.c.id.in_(ids)).values(result_at=None))
    tallies.add(connection, changes)


def _take_out(connection: Connection, found: SessionFacts, changes: Changes) -> None:
    """Collect what one settled session has added to the tallies, to be taken away."""
    session = found.session
    course: Mapping[str, Counts] = measures.emptied(session) if session.part == 1 else {}
    counted: Mapping[str, Counts] = {}
    scopes: tuple[str, ...] = ("all",)
    if session.status not in EMPTIED:
        stored = connection.execute(
            select(QUALITY).where(QUALITY.c.session_id == session.id).order_by(QUALITY.c.rule)
        ).all()
        found = as_it_ended(replace(found, findings=stored))
        course, counted = course_counts(found), figure_counts(found)
        stands = select(RESULTS.c.counted).where(RESULTS.c.session_id == session.id)
        if connection.execute(stands).scalar() == "kept":
            scopes = ("all", "kept")
    for name, counts in course.items():
        changes.add(Key(session.study_id, session.kind, "all", name), counts, -1)
    for name, counts in counted.items():
        for scope in scopes:
            changes.add(Key(session.study_id, session.kind, scope, name), counts, -1)
