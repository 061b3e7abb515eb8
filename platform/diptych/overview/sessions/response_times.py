"""Response times of one session, as bars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Bar:
    """One answered trial: `height` in per cent of the highest bar."""

    index: int
    phase: str
    correct: bool | None
    rt_ms: float
    height: float


@dataclass(frozen=True)
class Times:
    """The bars of a session, in the order of its trials.

    Attributes
    ----------
    bars : Sequence[Bar]
        One for each answered trial.
    longest : float
        Response time in ms.
    top : float
        What a bar of full height stands for, in ms; longer ones are cut off there.
    """

    bars: Sequence[Bar]
    longest: float
    top: float


def times(trials: Sequence[Mapping[str, Any]]) -> Times | None:
    """Draw the bars of a session's trials; None without a response.

    One pause of minutes would flatten all other bars: what is above twice the 95th percentile is
    cut off there.
    """
    answered = [trial for trial in trials if "correct" in trial]
    if not answered:
        return None
    sorted_ms = sorted(float(trial["rt_ms"]) for trial in answered)
    longest = sorted_ms[-1]
    top = max(min(longest, 2 * sorted_ms[int(0.95 * (len(sorted_ms) - 1))]), 1.0)
    return Times(
        [
            Bar(
                trial["trial_index"],
                trial["phase"],
                trial["correct"],
                trial["rt_ms"],
                round(min(trial["rt_ms"] / top, 1.0) * 100, 2),
            )
            for trial in answered
        ],
        longest,
        top,
    )
