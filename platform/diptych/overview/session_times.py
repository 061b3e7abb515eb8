"""How long sessions take: exact for few of them, so that all pages agree; from counts for many."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from diptych.counts.measures import quantile_ms
from diptych.domain.tables import RESULTS, SESSIONS

#: Up to so many sessions each duration is read; beyond, quantiles are those of bins 1 % wide.
EXACT = 200


@dataclass(frozen=True)
class TimeSpent:
    """From consent to the end, of completed sessions; quantiles in ms."""

    sessions: int
    lower: float | None
    median: float | None
    upper: float | None


def time_spent(
    connection: Connection, study_id: int, kind: str, counts: Mapping[str, Sequence[float]]
) -> TimeSpent:
    """Return the quartiles of the durations of a study's completed sessions.

    Parameters
    ----------
    connection : Connection
        For reading.
    study_id : int
        The study.
    kind : str
        Whose sessions: person, simulated or machine.
    counts : Mapping[str, Sequence[float]]
        The tally `measures.DURATIONS` of these sessions.
    """
    sessions = round(sum(numbers[0] for numbers in counts.values()))
    if sessions > EXACT:
        return TimeSpent(sessions, *(quantile_ms(counts, share) for share in (0.25, 0.5, 0.75)))
    if not sessions:
        return TimeSpent(0, None, None, None)
    took = connection.execute(
        select(RESULTS.c.duration_ms)
        .join(SESSIONS, SESSIONS.c.id == RESULTS.c.session_id)
        .where(
            RESULTS.c.study_id == study_id,
            RESULTS.c.kind == kind,
            RESULTS.c.status == "completed",
            RESULTS.c.duration_ms.is_not(None),
            SESSIONS.c.part == 1,
        )
        .order_by(RESULTS.c.duration_ms)
        .limit(2 * EXACT)
    ).scalars()
    values = list(took)
    return TimeSpent(sessions, *(_quantile(values, share) for share in (0.25, 0.5, 0.75)))


def _quantile(values: Sequence[float], share: float) -> float | None:
    """Return the smallest value that so large a share does not exceed, as `quantile_ms` does."""
    return values[max(0, math.ceil(share * len(values)) - 1)] if values else None
