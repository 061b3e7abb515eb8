"""Retention: what is known of people goes when it has been kept for as long as their study says.

`[privacy]` in study.toml sets the limits. For each session the limit of the version that its person
agreed to holds, or that of the study's current version where that is shorter. A host applies them
by itself about once an hour, in a thread of its own; `diptych retention` does it at once.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask
from sqlalchemy import Connection, Select, exists, func, or_, select

from diptych.accounts import audit, throttle
from diptych.domain.rows import SessionRow, session_rows
from diptych.domain.tables import ARRIVALS, IDENTITIES, SESSIONS, VERSIONS
from diptych.domain.vocabulary import EMPTIED
from diptych.ground import clocks
from diptych.ground.database import db, in_parts, now_ms, reading, writing
from diptych.host import Host
from diptych.payments import ledger
from diptych.privacy.withdrawal import DAY_MS, empty, unsettled
from diptych.sessions import forgetting
from diptych.settling import settle, silent
from diptych.study.spec import ADDRESS_HASH_DAYS

log = logging.getLogger("diptych")

#: Sessions that one transaction is about, and at most so many in one pass of a host.
BATCH, MOST = 25, 500
#: A clock is not believed that was set by more while the host runs, or is so far from the
#: database's (s).
CLOCK_SLACK_S = 3600.0
#: A host looks so often (s), each process for itself.
EVERY_S = 3600.0


@dataclass(frozen=True)
class Limits:
    """Days until what is known of a session is deleted; None: kept.

    Attributes
    ----------
    identities : float | None
        After its end, until its ids go.
    answers : float | None
        After its end, until its answers go.
    addresses : float
        After the day on which it was entered, until the mark of its address goes.
    """

    identities: float | None = None
    answers: float | None = None
    addresses: float = ADDRESS_HASH_DAYS


@dataclass
class Applied:
    """What one pass has done, or would do.

    Attributes
    ----------
    ids : int
        Sessions whose arrivals (the submission's ids) were deleted.
    people : int
        People whose platform ids were deleted.
    answers : int
        Sessions that were emptied.
    waiting : int
        Sessions that stay for now: an order about their person is not settled.
    addresses : int
        Sessions whose mark of an address was deleted.
    """

    ids: int = 0
    people: int = 0
    answers: int = 0
    waiting: int = 0
    addresses: int = 0


def limits(connection: Connection) -> dict[int, Limits]:
    """Read the limits that hold for the sessions of each version, by its id."""
    rows = connection.execute(
        select(VERSIONS.c.id, VERSIONS.c.study_id, VERSIONS.c.spec["privacy"].label("privacy"))
        .order_by(func.coalesce(VERSIONS.c.opened_at, 0), VERSIONS.c.id)
    ).all()  # fmt: skip
    current = {row.study_id: row.privacy or {} for row in rows}
    found = {}
    for row in rows:
        both = (row.privacy or {}, current[row.study_id])
        identities, answers = (
            min((each[key] for each in both if each.get(key) is not None), default=None)
            for key in ("identities_days", "answers_days")
        )
        addresses = min(each.get("address_hash_days", ADDRESS_HASH_DAYS) for each in both)
        found[row.id] = Limits(identities, answers, addresses)
    return found


def apply(host: Host, *, dry: bool = False, most: int | None = None) -> Applied:
    """Delete what is kept no longer.

    Parameters
    ----------
    host : Host
        The host.
    dry : bool, optional
        Only say what would be deleted.
    most : int | None, optional
        At most so many sessions, drawn by lot; None: all.
    """
    with reading() as connection:
        held = limits(connection)
    done = Applied()
    _forget_addresses(held, done, dry=dry)
    if not dry:
        _forget_previews()
        _end_left(host, held)
    _empty_sessions(host, held, done, most, dry=dry)
    _forget_ids(held, done, most, dry=dry)
    return done


def _batches(due: Select[Any] | None, most: int | None) -> Iterator[Sequence[SessionRow]]:
    """Yield the sessions of a query, some at a time: all by their ids, or `most` drawn by lot."""
    after, left = 0, most
    while due is not None and (left is None or left > 0):
        if left is None:
            statement = due.where(SESSIONS.c.id > after).order_by(SESSIONS.c.id)
        else:
            # By lot: those that wait for something must not stand in the way of the others.
            statement = due.order_by(func.random())
        with reading() as connection:
            rows = session_rows(connection.execute(statement.limit(BATCH)).all())
        if not rows:
            return
        yield rows
        after, left = rows[-1].id, None if left is None else left - BATCH


def _due(days: Mapping[int, float | None]) -> Select[Any] | None:
    """Query people's sessions that ended longer ago than a limit; None without any limit.

    `days` run from a session's end until it is due, by the version; None for no limit.
    """
    at = now_ms()
    passed = [
        (SESSIONS.c.version_id == number) & (SESSIONS.c.ended_at < at - int(limit * DAY_MS))
        for number, limit in days.items()
        if limit is not None
    ]
    if not passed:
        return None
    return select(SESSIONS).where(
        SESSIONS.c.kind == "person", SESSIONS.c.status.not_in(EMPTIED), or_(*passed)
    )


def _ids_due(held: Mapping[int, Limits]) -> Select[Any] | None:
    statement = _due({number: each.identities for number, each in held.items()})
    if statement is None:
        return None
    return statement.where(
        or_(
            exists().where(ARRIVALS.c.session_id == SESSIONS.c.id),
            exists().where(IDENTITIES.c.participant_id == SESSIONS.c.participant_id),
        )
    )


def _settled(
    connection: Connection, batch: Sequence[SessionRow], done: Applied
) -> list[SessionRow]:
    """Return the sessions of people without an order that waits or is in doubt."""
    for study_id in sorted({session.study_id for session in batch}):
        ledger.lock(connection, study_id)
    people = {session.participant_id for session in batch}
    theirs = connection.execute(
        select(SESSIONS.c.id, SESSIONS.c.participant_id, SESSIONS.c.status).where(
            SESSIONS.c.participant_id.in_(people)
        )
    ).all()
    open_ = unsettled(connection, [session.id for session in theirs])
    owed = {session.participant_id for session in theirs if session.id in open_}
    there = {session.id for session in theirs}  # whoever withdrew meanwhile has none
    settled = [s for s in batch if s.id in there and s.participant_id not in owed]
    done.waiting += sum(session.participant_id in owed for session in batch)
    return settled


def _empty_sessions(
    host: Host, held: Mapping[int, Limits], done: Applied, most: int | None, *, dry: bool
) -> None:
    """Delete the answers that are due; of their sessions only the fact and the day are kept."""
    due = _due({number: each.answers for number, each in held.items()})
    for batch in _batches(due, most):
        with writing() as connection:
            sessions = _settled(connection, batch, done)
            done.answers += len(sessions)
            if dry or not sessions:
                continue
            empty(host, connection, sessions, "expired")
            people = {s.participant_id for s in sessions if s.participant_id is not None}
            forgetting.forget_participants(connection, sorted(people))
            _note(connection, [s.study_id for s in sessions], "retention.answers")
        for session in sessions:
            settle.settle_quietly(host, session.id)


def _forget_ids(held: Mapping[int, Limits], done: Applied, most: int | None, *, dry: bool) -> None:
    """Delete the platforms' ids that are due."""
    for batch in _batches(_ids_due(held), most):
        with writing() as connection:
            sessions = _settled(connection, batch, done)
            if sessions:
                _forget_ids_of(connection, sessions, held, done, dry=dry)


def _forget_ids_of(
    connection: Connection,
    sessions: Sequence[SessionRow],
    held: Mapping[int, Limits],
    done: Applied,
    *,
    dry: bool,
) -> None:
    ids = [session.id for session in sessions]
    with_arrivals = set(
        connection.execute(
            select(ARRIVALS.c.session_id).where(ARRIVALS.c.session_id.in_(ids)).distinct()
        ).scalars()
    )
    done.ids += len(with_arrivals)
    people = _wholly_due(connection, {s.participant_id for s in sessions}, held)
    known = set(
        connection.execute(
            select(IDENTITIES.c.participant_id).where(IDENTITIES.c.participant_id.in_(people))
        ).scalars()
    )
    done.people += len(known)
    if dry:
        return
    connection.execute(ARRIVALS.delete().where(ARRIVALS.c.session_id.in_(ids)))
    connection.execute(IDENTITIES.delete().where(IDENTITIES.c.participant_id.in_(known)))
    changed = [s for s in sessions if s.id in with_arrivals or s.participant_id in known]
    _note(connection, [s.study_id for s in changed], "retention.ids")


def _end_left(host: Host, held: Mapping[int, Limits]) -> None:
    """End what people have left for good: limits count from a session's end, and it needs one."""
    limited = [number for number, each in held.items() if each.identities or each.answers]
    with reading() as connection:
        studies = (
            connection.execute(
                select(VERSIONS.c.study_id).where(VERSIONS.c.id.in_(limited)).distinct()
            )
            .scalars()
            .all()
        )
    for study_id in studies:
        silent.end(host, study_id, "person")


def _forget_previews() -> None:
    """Delete previews that are a day old, and what is known of guessed passwords, unasked."""
    with writing() as connection:
        forgetting.purge_previews(connection, now_ms() - forgetting.PREVIEWS_KEPT_MS)
    throttle.forget_old()


def _forget_addresses(held: Mapping[int, Limits], done: Applied, *, dry: bool) -> None:
    """Delete the marks of addresses that are due: nobody is paid by them, so nothing waits.

    Those of one day go together, so that what is left of a day can still be counted.
    """
    at, versions = now_ms(), dict[float, list[int]]()
    for number, each in held.items():
        versions.setdefault(each.addresses, []).append(number)
    if not versions:
        return
    due = (
        SESSIONS.c.version_id.in_(numbers)
        & (SESSIONS.c.entered_at < (at - int(days * DAY_MS)) // DAY_MS * DAY_MS)
        for days, numbers in versions.items()
    )
    with reading() as connection:
        sessions = connection.execute(
            select(SESSIONS.c.id, SESSIONS.c.study_id).where(
                SESSIONS.c.address_hash.is_not(None), or_(*due)
            )
        ).all()
    for batch in in_parts(sessions):
        marked = SESSIONS.c.id.in_([s.id for s in batch]) & SESSIONS.c.address_hash.is_not(None)
        with writing() as connection:
            gone = connection.execute(
                # Another host may do the same at this moment: it is noted once.
                select(SESSIONS.c.id, SESSIONS.c.study_id).where(marked).with_for_update()
            ).all()
            done.addresses += len(gone)
            if gone and not dry:
                connection.execute(SESSIONS.update().where(marked).values(address_hash=None))
                _note(connection, [session.study_id for session in gone], "retention.addresses")


def _wholly_due(
    connection: Connection, people: set[int | None], held: Mapping[int, Limits]
) -> set[int | None]:
    """Return the people of whom no session needs the platform's id any more."""
    at, needed = now_ms(), set()
    rows = connection.execute(
        select(SESSIONS.c.participant_id, SESSIONS.c.version_id, SESSIONS.c.ended_at).where(
            SESSIONS.c.participant_id.in_(people)
        )
    )
    for person, version_id, ended_at in rows:
        days = held.get(version_id, Limits()).identities
        if days is None or ended_at is None or ended_at >= at - int(days * DAY_MS):
            needed.add(person)
    return people - needed


def _note(connection: Connection, studies: Sequence[int], action: str) -> None:
    """Add one entry per study to the audit log: in how many sessions the action was done.

    `studies` has the study of each session.
    """
    for study_id, count in sorted(Counter(studies).items()):
        audit.note(
            None,
            action,
            study_id=study_id,
            detail={"sessions": count, "by": "limits of the study"},
            connection=connection,
        )


def now_and_then(app: Flask, host: Host) -> threading.Thread | None:
    """Apply the limits when it is time again, beside the request; what goes wrong is logged.

    Returns
    -------
    threading.Thread | None
        The thread that does it; None when it is not time.
    """
    now = time.monotonic()
    if now < host.retention_due:
        return None
    host.retention_due = now + EVERY_S
    thread = threading.Thread(target=_quietly, args=(app, host), name="retention", daemon=True)
    thread.start()
    return thread


def _quietly(app: Flask, host: Host) -> None:
    try:
        with app.app_context():
            doubt = _doubt_about_the_clock()
            if doubt:
                log.error("the limits of [privacy] are not applied: %s", doubt)
                return
            done = apply(host, most=MOST)
        if done != Applied():
            log.info(
                "retention: ids of %d sessions and %d people deleted, %d sessions emptied, "
                "%d wait for their orders, marks of %d addresses deleted",
                done.ids, done.people, done.answers, done.waiting, done.addresses,
            )  # fmt: skip
    except Exception:
        log.exception("the limits of [privacy] could not be applied; tried again in an hour")


def _doubt_about_the_clock() -> str:
    """Say why the clock can't be believed; empty when it can. What is deleted can't come back.

    A host that was started with a wrong clock, on the machine of its database, can't know it.
    """
    moved = clocks.set_by_s()
    if abs(moved) > CLOCK_SLACK_S:
        return (
            f"this machine's clock was set by {moved / 3600:+.1f} h since the host began; "
            "restart it once the clock is right, or run `diptych retention`"
        )
    apart = clocks.apart_s(db.engine)
    if apart > CLOCK_SLACK_S:
        return f"this machine's clock is {apart / 3600:.1f} h from the database's"
    return ""
