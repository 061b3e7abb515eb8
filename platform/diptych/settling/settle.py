"""Settling: a session that has ended is measured, judged by the rules, and counted, once.

Whatever it costs is read and worked out first; then one short transaction per batch writes it all
down, one batch of a study at a time. A session that fails to be settled at its end is found by
`catch_up`, which the dashboard's pages call.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from diptych import figures, quality
from diptych.counts import measures, tallies
from diptych.counts.tallies import Changes, Counts, Key
from diptych.domain.tables import DECISIONS, QUALITY, RESULTS, SESSIONS
from diptych.domain.vocabulary import EMPTIED, LIVE
from diptych.ground.database import in_parts, now_ms, reading, writing
from diptych.host import Host
from diptych.sessions.facts import SessionFacts, facts

log = logging.getLogger("diptych")


#: Sessions that are written down in one transaction.
BATCH = 25
Progress = Callable[[int, int], None]
_UNCOUNTED = SESSIONS.c.ended_at.is_not(None) & SESSIONS.c.result_at.is_(None)


@dataclass(frozen=True)
class Worked:
    """What one ended session comes to.

    Attributes
    ----------
    facts : SessionFacts
        The session, with the findings of the quality rules.
    course : Mapping[str, Counts]
        What it adds to the tallies of the live view.
    figures : Mapping[str, Counts]
        What it adds to the figures of its study; nothing unless it is completed.
    """

    facts: SessionFacts
    course: Mapping[str, Counts]
    figures: Mapping[str, Counts]

    @property
    def status(self) -> str:
        """Of the session, as it was read."""
        return str(self.facts.session.status)


def settle(host: Host, session_id: int) -> bool:
    """Settle one session; True when it was not settled before.

    Raises
    ------
    LookupError
        When there is no such session, or it has not ended.
    """
    with reading() as connection:
        session = connection.execute(
            select(SESSIONS.c.study_id, SESSIONS.c.ended_at, SESSIONS.c.result_at).where(
                SESSIONS.c.id == session_id
            )
        ).one_or_none()
    if session is None or session.ended_at is None:
        raise LookupError(f"no ended session {session_id}")
    if session.result_at is not None:
        return False
    return _settle(host, session.study_id, [session_id]) == 1


def settle_quietly(host: Host, session_id: int) -> None:
    """Settle a session at its end; what goes wrong is noted, never the participant's trouble."""
    try:
        settle(host, session_id)
    except Exception:
        log.exception(
            "session %d ended, but could not be settled; the next page that shows it does so",
            session_id,
        )


def catch_up(host: Host, study_id: int, limit: int = 200) -> int:
    """Settle sessions of a study that were not at their end; returns how many are left.

    Costs one look at an index when there are none, which is nearly always.
    """
    with reading() as connection:
        # By lot, so that sessions that can't be settled don't stand in the way of the others.
        ids = list(
            connection.execute(
                select(SESSIONS.c.id)
                .where(_UNCOUNTED, SESSIONS.c.study_id == study_id)
                .order_by(func.random())
                .limit(limit)
            ).scalars()
        )
    if not ids:
        return 0
    for batch in in_parts(sorted(ids), BATCH):
        settle_many(host, study_id, batch)
    return left_to_settle(study_id)


def left_to_settle(study_id: int) -> int:
    """Return how many sessions of a study have ended and are not counted yet."""
    with reading() as connection:
        return connection.execute(
            select(func.count()).where(_UNCOUNTED, SESSIONS.c.study_id == study_id)
        ).scalar_one()


def begin_again(study_id: int) -> int:
    """Forget what was counted of a study, so that `catch_up` settles it anew, step by step.

    Returns
    -------
    int
        How many sessions there are to settle.
    """
    with writing() as connection:
        tallies.lock(connection, study_id)
        tallies.clear(connection, study_id)
        connection.execute(
            update(SESSIONS)
            .where(SESSIONS.c.study_id == study_id, SESSIONS.c.result_at.is_not(None))
            .values(result_at=None)
        )
    return left_to_settle(study_id)


def resettle(host: Host, study_id: int, progress: Progress = lambda done, of: None) -> int:
    """Measure, judge and count every ended session of a study anew; returns how many failed.

    Sessions may end and pages may be read meanwhile; these show, for as long as it takes, only
    what has been counted again. What people have decided on sessions stays as it is.
    """
    begin_again(study_id)
    with reading() as connection:
        uncounted = select(SESSIONS.c.id).where(_UNCOUNTED, SESSIONS.c.study_id == study_id)
        ids = list(connection.execute(uncounted.order_by(SESSIONS.c.id)).scalars())
    done = 0
    for batch in in_parts(ids, BATCH):
        settle_many(host, study_id, batch)
        done += len(batch)
        progress(done, len(ids))
    return left_to_settle(study_id)


def end_session(host: Host, session_id: int, status: str) -> bool:
    """End a live session from outside (`timed_out`, `returned`) and settle it.

    Returns
    -------
    bool
        False when it had ended before.
    """
    with writing() as connection:
        ended = connection.execute(
            update(SESSIONS)
            .where(SESSIONS.c.id == session_id, SESSIONS.c.status.in_(LIVE))
            .values(status=status, step="end", ended_at=now_ms())
        ).rowcount
    if ended:
        settle_quietly(host, session_id)
    return bool(ended)


def settle_many(host: Host, study_id: int, ids: Sequence[int]) -> None:
    """Settle ended sessions of one study together; never raises.

    When one of them can't be settled, that is noted, and the others are all the same.
    """
    try:
        _settle(host, study_id, ids)
    except Exception:
        for session_id in ids:
            settle_quietly(host, session_id)


def _settle(host: Host, study_id: int, ids: Sequence[int]) -> int:
    """Work out sessions of one study, and write them down; returns how many were not before."""
    with reading() as connection:
        worked = [_work_out(host, connection, session_id) for session_id in ids]
    with writing() as connection:
        tallies.lock(connection, study_id)
        unsettled = select(SESSIONS.c.id, SESSIONS.c.status).where(
            SESSIONS.c.id.in_(ids), _UNCOUNTED
        )
        open_ = {row.id: row.status for row in connection.execute(unsettled.with_for_update())}
        # One that was emptied since it was read is worked out anew, by a page.
        fresh = [each for each in worked if open_.get(each.facts.session.id) == each.status]
        decided = _decided(connection, open_)
        settled = _Settled()
        for each in fresh:
            _add(each, decided.get(each.facts.session.id), settled)
        _write(connection, settled)
    return len(fresh)


def _work_out(host: Host, connection: Connection, session_id: int) -> Worked:
    found = as_it_ended(facts(host, connection, session_id))
    session = found.session
    if session.kind == "preview":
        return Worked(found, {}, {})
    if session.status in EMPTIED:
        return Worked(found, measures.emptied(session) if session.part == 1 else {}, {})
    others = quality.others(connection, session, quality.asked(found.content))
    found = replace(found, findings=quality.evaluate(found, others))
    return Worked(found, course_counts(found), figure_counts(found))


def as_it_ended(found: SessionFacts) -> SessionFacts:
    """Drop what came after the end: what is counted must not change any more."""
    end = found.session.ended_at
    assert end is not None, "only ended sessions are settled"
    return replace(found, events=[event for event in found.events if event.at <= end])


def course_counts(found: SessionFacts) -> dict[str, Counts]:
    """Compute what an ended session adds to the live view: a later part adds its findings alone."""
    findings = {measures.RULES: measures.findings(found)}
    return measures.course(found) | findings if found.session.part == 1 else findings


def figure_counts(found: SessionFacts) -> dict[str, Counts]:
    """Compute what a session adds to each figure; leave out and note those that fail.

    Figures show completed first parts. Later parts have a page of their own.
    """
    counts: dict[str, Counts] = {}
    if found.session.status != "completed" or found.session.part > 1:
        return counts
    for figure in figures.figures_of(found.content):
        try:
            counted = figure.count(found)
            tallies.in_units(counted)
        except Exception:
            log.exception("the figure %s cannot count session %d", figure.name, found.session.id)
        else:
            counts[figure.name] = counted
    return counts


def _decided(connection: Connection, ids: Iterable[int]) -> dict[int, bool]:
    """Read which sessions were excluded (True) or included; the latest decision holds."""
    rows = connection.execute(
        select(DECISIONS.c.session_id, DECISIONS.c.action)
        .where(
            DECISIONS.c.session_id.in_(list(ids)), DECISIONS.c.action.in_(("exclude", "include"))
        )
        .order_by(DECISIONS.c.id)
    )
    return {session_id: action == "exclude" for session_id, action in rows}


@dataclass
class _Settled:
    """What sessions that are settled together come to, table by table.

    Attributes
    ----------
    now : int
        When they are settled (ms).
    at : dict[int, list[int]]
        Ids of sessions by the time (ms) that is noted as that of their settling.
    results : list[dict[str, Any]]
        Rows of `session_results`.
    findings : list[dict[str, Any]]
        Rows of `quality_results`.
    changes : Changes
        What they add to the tallies.
    """

    now: int = field(default_factory=now_ms)
    at: dict[int, list[int]] = field(default_factory=dict)
    results: list[dict[str, Any]] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    changes: Changes = field(default_factory=Changes)


def _add(each: Worked, decided: bool | None, settled: _Settled) -> None:
    """Add what one session comes to; `decided`: whether somebody has excluded it."""
    found, session, changes = each.facts, each.facts.session, settled.changes
    assert session.ended_at is not None, "only ended sessions are settled"
    at = session.ended_at if session.status in EMPTIED else settled.now  # a day, no more
    settled.at.setdefault(at, []).append(session.id)
    for name, counts in each.course.items():
        changes.add(Key(session.study_id, session.kind, "all", name), counts)
    if session.kind == "preview" or session.status in EMPTIED:
        return
    by_rule = any(result.flagged and result.auto for result in found.findings)
    excluded = by_rule if decided is None else decided
    kept = session.status == "completed" and not excluded
    for name, counts in each.figures.items():
        for scope in ("all", "kept") if kept else ("all",):
            changes.add(Key(session.study_id, session.kind, scope, name), counts)
    measured = measures.measures(found)
    whose = {"session_id": session.id, "study_id": session.study_id, "kind": session.kind}
    settled.results.append(
        {
            **whose,
            "status": session.status,
            "score": measured.score,
            "duration_ms": measured.duration_ms,
            "median_rt_ms": measured.median_rt_ms,
            "n_flags": sum(result.flagged for result in found.findings),
            "excluded": excluded,
            "counted": "kept" if kept else "all",
            "computed_at": at,
        }
    )
    names = ("rule", "flagged", "auto", "value", "threshold", "evidence")
    for result in found.findings:
        settled.findings.append({**whose, **{name: getattr(result, name) for name in names}})


def _write(connection: Connection, settled: _Settled) -> None:
    """Write down what sessions come to, each table once."""
    for at, ids in settled.at.items():
        connection.execute(update(SESSIONS).where(SESSIONS.c.id.in_(ids)).values(result_at=at))
    ids = [row["session_id"] for row in settled.results]
    for table_, rows in ((RESULTS, settled.results), (QUALITY, settled.findings)):
        if ids:
            connection.execute(table_.delete().where(table_.c.session_id.in_(ids)))
        if rows:
            connection.execute(insert(table_), rows)
    tallies.add(connection, settled.changes)
