"""Read the few numbers that alerts need: each by an index, whatever the size of the study."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, func, select

from diptych.alerts.reasons import DOUBT_MS, SESSIONS_JUDGED, StudyNumbers
from diptych.counts.measures import ERROR_KINDS
from diptych.domain.tables import EVENTS, ORDERS, SESSIONS, STUDIES, VERSIONS
from diptych.domain.vocabulary import LIVE
from diptych.journey.allocation import count_places
from diptych.payments import budget
from diptych.study import opening_plan
from diptych.study.spec import StudySpec
from diptych.study.versions import frozen

HOUR_MS = 3_600_000
_LEFT = ("timed_out", "returned", *LIVE)
#: More sessions of the last day are not looked through for errors.
_MOST = 200


def of_studies(connection: Connection, at: int) -> Iterator[tuple[int, str, StudyNumbers]]:
    """Yield (id, name, numbers) of every study that was opened.

    Parameters
    ----------
    connection : Connection
        For reading.
    at : int
        Now, in ms since 1970-01-01 UTC.
    """
    newest = (
        select(VERSIONS.c.study_id, func.max(VERSIONS.c.opened_at).label("opened_at"))
        .where(VERSIONS.c.opened_at.is_not(None))
        .group_by(VERSIONS.c.study_id)
        .subquery()
    )
    rows = connection.execute(
        select(STUDIES.c.id, STUDIES.c.name, STUDIES.c.state, newest.c.opened_at, VERSIONS.c.id)
        .join(newest, newest.c.study_id == STUDIES.c.id)
        .join(
            VERSIONS,
            (VERSIONS.c.study_id == STUDIES.c.id) & (VERSIONS.c.opened_at == newest.c.opened_at),
        )
    ).all()
    for study_id, name, state, opened_at, version_id in rows:
        spec = frozen(version_id, connection).spec
        yield study_id, name, _numbers(connection, study_id, state, opened_at, spec, at)


def _numbers(
    connection: Connection, study_id: int, state: str, opened_at: int, spec: StudySpec, at: int
) -> StudyNumbers:
    people = (SESSIONS.c.study_id == study_id, SESSIONS.c.kind == "person", SESSIONS.c.part == 1)
    entered = connection.execute(select(func.max(SESSIONS.c.entered_at)).where(*people)).scalar()
    silent_since = at - int(spec.recruitment.dropout_minutes * 60_000)
    over = SESSIONS.c.status.not_in(LIVE) | (SESSIONS.c.last_seen_at <= silent_since)
    judged = connection.execute(
        select(SESSIONS.c.status)
        .where(*people, SESSIONS.c.consented_at.is_not(None), over)
        .order_by(SESSIONS.c.entered_at.desc(), SESSIONS.c.id.desc())
        .limit(SESSIONS_JUDGED)
    ).scalars()
    statuses = list(judged)
    allowance = budget.read(connection, study_id)
    return StudyNumbers(
        state=state,
        full=count_places(connection, study_id, spec, "person").full(spec),
        participants=spec.recruitment.participants,
        hours_quiet=(at - max(entered or 0, opened_at)) / HOUR_MS,
        ended=len(statuses),
        left=sum(status in _LEFT for status in statuses),
        with_errors=_with_errors(connection, study_id, at - 24 * HOUR_MS),
        budget=0 if allowance is None else allowance.amount,
        spent=0 if allowance is None else allowance.spent,
        in_doubt=connection.execute(
            select(func.count()).where(
                ORDERS.c.study_id == study_id, ORDERS.c.state == "sent", ORDERS.c.at < at - DOUBT_MS
            )
        ).scalar_one(),
        stopped_because=opening_plan.read(connection, study_id).stopped_because,
    )


def _with_errors(connection: Connection, study_id: int, since: int) -> int:
    newest = (
        select(SESSIONS.c.id)
        .where(
            SESSIONS.c.study_id == study_id,
            SESSIONS.c.kind == "person",
            SESSIONS.c.entered_at >= since,
        )
        .order_by(SESSIONS.c.entered_at.desc())
        .limit(_MOST)
        .subquery()
    )
    return int(
        connection.execute(
            select(func.count(EVENTS.c.session_id.distinct()))
            .join(newest, newest.c.id == EVENTS.c.session_id)
            .where(EVENTS.c.kind.in_(ERROR_KINDS))
        ).scalar_one()
    )
