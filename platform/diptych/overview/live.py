"""What goes on in a study now: as much work after a hundred thousand sessions as after a hundred.

Sessions that have ended are counted already (`tallies`); only those under way, and the newest few,
are looked at. A session that was left for longer than its study lets it resume is ended here, a
bounded number at a time, so that those under way stay few.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from diptych.counts import measures, tallies
from diptych.counts.measures import STAGES
from diptych.domain.tables import EVENTS, SESSIONS, VERSIONS
from diptych.domain.vocabulary import EMPTIED, LIVE
from diptych.ground.database import now_ms, reading
from diptych.host import Host
from diptych.journey.allocation import count_excluded
from diptych.overview.session_times import TimeSpent, time_spent
from diptych.settling import settle, silent
from diptych.study.content import StudyContent
from diptych.study.versions import frozen

#: The stage at which a session under way stands, by its status.
_STAGE_OF = {"entered": 0, "consented": 1, "practising": 2, "running": 3}
MINUTE = 60_000
SLICE, SLICES = 5 * MINUTE, 12
#: Errors are looked for in so many sessions that entered last.
NEWEST = 50


@dataclass(frozen=True)
class Stage:
    """One stage of the funnel: sessions that reached it, and those under way that stand there."""

    name: str
    reached: int
    here: int


@dataclass(frozen=True)
class Balance:
    """One condition: its completed sessions, those under way, and its share of all by weight."""

    name: str
    completed: int
    under_way: int
    wanted: float

    @property
    def taken(self) -> int:
        """Places it has taken."""
        return self.completed + self.under_way


@dataclass(frozen=True)
class Left:
    """How many left at trials `first` to `last` (from 0), of so many that came so far."""

    first: int
    last: int
    left: int
    came: int


@dataclass(frozen=True)
class LiveView:
    """A study as it stands. Times in ms since 1970-01-01 UTC.

    Attributes
    ----------
    kind : str
        Whose sessions: person, simulated or machine.
    stages : tuple[Stage, ...]
        The funnel; without `practised` where the study has no practice.
    ends : tuple[tuple[str, int], ...]
        Sessions that ended without completing, by how.
    silent : int
        Sessions under way that were silent so long that their place is free again.
    wanted : int | None
        How many people the study wants; None for others than people.
    places : int
        Places taken: completed (and usable, where the study replaces who is excluded), or
        under way and not silent.
    usable : int
        Completed sessions that are not excluded.
    conditions : tuple[Balance, ...]
        The balance of conditions.
    hour : tuple[tuple[int, int], ...]
        Sessions that entered, by slices of five minutes: (begin of the slice, number).
    left_before : tuple[tuple[str, int], ...]
        Sessions left before the first trial, by where.
    left : tuple[Left, ...]
        Those left at a trial, by trial.
    time : TimeSpent
        Time spent.
    hourly : float | None
        Pay per hour so far, in major units; None without a reward or a median.
    reward, currency : float
        What a completed session is paid, in major units.
    errors : tuple[tuple[str, int], ...]
        Errors that browsers reported in sessions that have ended, by kind.
    newest_errors : tuple[tuple[Any, ...], ...]
        The newest few: (at, public id of the session, kind, trial, detail).
    uncounted : int
        Sessions that have ended and are not counted yet.
    """

    kind: str
    stages: tuple[Stage, ...]
    ends: tuple[tuple[str, int], ...]
    silent: int
    wanted: int | None
    places: int
    usable: int
    conditions: tuple[Balance, ...]
    hour: tuple[tuple[int, int], ...]
    left_before: tuple[tuple[str, int], ...]
    left: tuple[Left, ...]
    time: TimeSpent
    hourly: float | None
    reward: float
    currency: str
    errors: tuple[tuple[str, int], ...]
    newest_errors: tuple[tuple[Any, ...], ...]
    uncounted: int

    @property
    def is_empty(self) -> bool:
        """Whether nobody has come yet."""
        return self.stages[0].reached == 0

    @property
    def under_way(self) -> int:
        """Sessions that have not ended."""
        return sum(stage.here for stage in self.stages)


def live_view(host: Host, study_id: int, kind: str = "person") -> LiveView:
    """Show a study as it is at this moment.

    Parameters
    ----------
    host : Host
        The host.
    study_id : int
        A study with at least one version.
    kind : str, optional
        Whose sessions: person, simulated or machine.
    """
    silent.end(host, study_id, kind)
    uncounted = settle.catch_up(host, study_id, silent.MOST_ENDED)
    at = now_ms()
    with reading() as connection:
        content = newest_content(connection, study_id)
        counted = tallies.read_several(
            connection, study_id, kind, "all",
            [measures.FUNNEL, measures.LEFT, measures.CONDITIONS, measures.DURATIONS,
             measures.ERRORS],
        )  # fmt: skip
        spec = content.spec
        silent_since = at - int(spec.recruitment.dropout_minutes * MINUTE)
        under_way = _under_way(connection, study_id, kind, silent_since)
        hour = _last_hour(connection, study_id, kind, at)
        newest = _newest_errors(connection, study_id, kind)
        excluded = count_excluded(connection, study_id, kind).total()
        time = time_spent(connection, study_id, kind, counted[measures.DURATIONS][1])
    funnel = _whole(counted[measures.FUNNEL][1])
    conditions = _balance(content, _whole(counted[measures.CONDITIONS][1]), under_way)
    before, left = _left(_whole(counted[measures.LEFT][1]), funnel)
    completed = funnel.get("completed", 0)
    usable = completed - excluded
    return LiveView(
        kind=kind,
        stages=_stages(funnel, under_way, practice=spec.trials("practice") > 0),
        ends=tuple((name, funnel[name]) for name in measures.OTHER_ENDS if funnel.get(name)),
        silent=sum(n for (_, _, active), n in under_way.items() if not active),
        wanted=spec.recruitment.participants if kind == "person" else None,
        places=(usable if spec.recruitment.replace_excluded else completed)
        + sum(n for (_, c, active), n in under_way.items() if active and c),
        usable=usable,
        conditions=conditions,
        hour=hour,
        left_before=before,
        left=left,
        time=time,
        hourly=hourly(spec.payment.reward, time.median),
        reward=spec.payment.reward,
        currency=spec.payment.currency,
        errors=tuple(_whole(counted[measures.ERRORS][1]).items()),
        newest_errors=newest,
        uncounted=uncounted,
    )


def newest_content(connection: Connection, study_id: int) -> StudyContent:
    """Return the version shown to people who enter now, or the newest when none was opened."""
    version_id = connection.execute(
        select(VERSIONS.c.id)
        .where(VERSIONS.c.study_id == study_id)
        .order_by(func.coalesce(VERSIONS.c.opened_at, 0).desc(), VERSIONS.c.id.desc())
        .limit(1)
    ).scalar_one()
    return frozen(version_id, connection)


def hourly(reward: float, duration_ms: float | None) -> float | None:
    """Return the reward for a duration as pay per hour."""
    return reward * 3_600_000 / duration_ms if reward and duration_ms else None


def _under_way(
    connection: Connection, study_id: int, kind: str, silent_since: int
) -> dict[tuple[str, str | None, bool], int]:
    """Return sessions that have not ended, by status, condition and whether they hold a place."""
    active = SESSIONS.c.last_seen_at > silent_since
    rows = connection.execute(
        select(SESSIONS.c.status, SESSIONS.c.condition, active, func.count())
        .where(
            SESSIONS.c.study_id == study_id,
            SESSIONS.c.kind == kind,
            SESSIONS.c.part == 1,
            SESSIONS.c.status.in_(LIVE),
        )
        .group_by(SESSIONS.c.status, SESSIONS.c.condition, active)
    )
    return {(status, condition, bool(there)): n for status, condition, there, n in rows}


def _last_hour(
    connection: Connection, study_id: int, kind: str, at: int
) -> tuple[tuple[int, int], ...]:
    """Return sessions that entered in the last hour, by slices that begin at whole five minutes."""
    begin = (at // SLICE - SLICES + 1) * SLICE
    slice_ = SESSIONS.c.entered_at // SLICE
    rows = connection.execute(
        select(slice_, func.count())
        .where(
            SESSIONS.c.study_id == study_id,
            SESSIONS.c.kind == kind,
            SESSIONS.c.part == 1,
            SESSIONS.c.entered_at >= begin,
            # Of those the day is kept, not the hour.
            SESSIONS.c.status.not_in(EMPTIED),
        )
        .group_by(slice_)
    )
    found = {int(number) * SLICE: n for number, n in rows}
    return tuple((when, found.get(when, 0)) for when in range(begin, at + 1, SLICE))


def _newest_errors(connection: Connection, study_id: int, kind: str) -> tuple[tuple[Any, ...], ...]:
    newest = (
        select(SESSIONS.c.id, SESSIONS.c.public_id)
        .where(SESSIONS.c.study_id == study_id, SESSIONS.c.kind == kind)
        .order_by(SESSIONS.c.entered_at.desc(), SESSIONS.c.id.desc())
        .limit(NEWEST)
        .subquery()
    )
    rows = connection.execute(
        select(
            EVENTS.c.at, newest.c.public_id, EVENTS.c.kind, EVENTS.c.trial_index, EVENTS.c.detail
        )
        .join(newest, newest.c.id == EVENTS.c.session_id)
        .where(EVENTS.c.kind.in_(measures.ERROR_KINDS))
        .order_by(EVENTS.c.id.desc())
        .limit(5)
    )
    return tuple(tuple(row) for row in rows)


def _whole(counts: Mapping[str, Sequence[float]]) -> dict[str, int]:
    return {name: int(numbers[0]) for name, numbers in counts.items()}


def _stages(
    funnel: Mapping[str, int],
    under_way: Mapping[tuple[str, str | None, bool], int],
    practice: bool,
) -> tuple[Stage, ...]:
    here = [0] * len(STAGES)
    for (status, _, _), n in under_way.items():
        here[_STAGE_OF[status]] += n
    return tuple(
        Stage(name, funnel.get(name, 0) + sum(here[place:]), here[place])
        for place, name in enumerate(STAGES)
        if practice or name != "practised"
    )


def _balance(
    content: StudyContent,
    completed: Mapping[str, int],
    under_way: Mapping[tuple[str, str | None, bool], int],
) -> tuple[Balance, ...]:
    active: dict[str, int] = {}
    for (_, condition, there), n in under_way.items():
        if condition is not None and there:
            active[condition] = active.get(condition, 0) + n
    weights = {condition.name: condition.weight for condition in content.spec.conditions}
    total = sum(weights.values())
    names = [*weights, *sorted((set(completed) | set(active)) - set(weights))]
    return tuple(
        Balance(name, completed.get(name, 0), active.get(name, 0), weights.get(name, 0) / total)
        for name in names
    )


def _left(
    counts: Mapping[str, int], funnel: Mapping[str, int], most_bars: int = 30
) -> tuple[tuple[tuple[str, int], ...], tuple[Left, ...]]:
    """Count who left before the trials, and at which trial; trials of long studies share a bar."""
    before = tuple((name, n) for name, n in counts.items() if not name.isdigit())
    at = {int(name): n for name, n in counts.items() if name.isdigit()}
    if not at:
        return before, ()
    width = -(-(max(at) + 1) // most_bars)
    came = sum(at.values()) + funnel.get("completed", 0)
    bars = []
    for first in range(0, max(at) + 1, width):
        left = sum(at.get(index, 0) for index in range(first, first + width))
        bars.append(Left(first, first + width - 1, left, came))
        came -= left
    return before, tuple(bars)
