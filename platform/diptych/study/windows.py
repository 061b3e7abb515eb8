"""When a participant can start a later part of a study."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from diptych.study.spec import StudySpec

DAY_MS = 86_400_000


@dataclass(frozen=True)
class Window:
    """The time in which one participant can start one part; ms since 1970-01-01 UTC.

    Attributes
    ----------
    opens_at : int
        First moment.
    closes_at : int
        First moment after it.
    """

    opens_at: int
    closes_at: int

    def state(self, at: int) -> Literal["early", "open", "late"]:
        """Say whether a moment is before, in or after the window."""
        if at < self.opens_at:
            return "early"
        return "open" if at < self.closes_at else "late"


def window_of(spec: StudySpec, part: int, first_ended_at: int) -> Window:
    """Return when a participant can start a later part.

    Parameters
    ----------
    spec : StudySpec
        The study, whole.
    part : int
        2 or more.
    first_ended_at : int
        When the participant's first part ended, ms since 1970-01-01 UTC.
    """
    given = spec.part[part - 2]
    opens, closes = (
        first_ended_at + round(days * DAY_MS)
        for days in (given.after_days, given.closes_after_days)
    )
    return Window(opens, max(closes, opens + 1))


def days_between(first_ended_at: int | None, at: int) -> float:
    """Return the days from the end of the first part to a moment; 0 in the first part."""
    return 0.0 if first_ended_at is None else (at - first_ended_at) / DAY_MS
