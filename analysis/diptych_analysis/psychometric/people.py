"""A psychometric function of each person, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from diptych_analysis.psychometric import PsychometricFault
from diptych_analysis.psychometric.estimate import Estimate, Settings
from diptych_analysis.psychometric.fit import Counts, Psychometric, count, fit
from diptych_analysis.psychometric.resamples import Resamples, resample

#: What a function tells, in the order of tables.
QUANTITIES = ("threshold", "weber", "jnd", "width", "lapse")
#: Half of the share of a normal distribution within one standard deviation.
_ONE_SD = (0.15865525393145707, 0.8413447460685429)
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Person:
    """One person's function in one group.

    Attributes
    ----------
    name, group : str
        Pseudonym and group.
    counts : Counts
        Answers by level.
    function : Psychometric or None
        None where no function can be fitted.
    estimates : Mapping of str to Estimate
        By name of `QUANTITIES`; empty without a function.
    fault : str
        Why the person is left out of the group's estimates; empty for one who counts.
    """

    name: str
    group: str
    counts: Counts
    function: Psychometric | None
    estimates: Mapping[str, Estimate]
    fault: str = ""

    @property
    def answers(self) -> int:
        """Number of answers."""
        return int(self.counts.total.sum())


def is_falling(frame: pd.DataFrame, *, log: bool) -> bool:
    """Return whether positive answers become rarer as the level rises, over all people."""
    level = np.log(frame["level"]) if log and (frame["level"] > 0).all() else frame["level"]
    if level.nunique() < 2:
        return False
    return bool(np.cov(level, frame["positive"].astype(float))[0, 1] < 0)


def fit_people(
    frame: pd.DataFrame, settings: Settings, progress: Progress = lambda done, of: None
) -> list[Person]:
    """Fit a function to the answers of each person in each group.

    Parameters
    ----------
    frame : DataFrame
        One row per answer: person, group, level, positive.
    settings : Settings
        How functions are fitted.
    progress : callable
        Called with the number of people done, and of all.

    Returns
    -------
    list of Person
        By group and name.
    """
    parts = list(frame.groupby(["group", "person"], sort=True))
    people = []
    for number, ((group, name), part) in enumerate(parts):
        people.append(fit_person(str(name), str(group), part, settings, number))
        progress(number + 1, len(parts))
    return people


def fit_person(
    name: str, group: str, part: pd.DataFrame, settings: Settings, number: int = 0
) -> Person:
    """Fit the function of one person; `number` makes the draws of this person their own."""
    counts = count(part["level"], part["positive"])
    try:
        if settings.bayes:
            from diptych_analysis.psychometric.bayes import fit_bayes

            function, estimates = fit_bayes(counts, settings)
        else:
            shape = settings.shape
            function = fit(
                counts,
                guess=shape.guess,
                log=shape.log,
                falling=shape.falling,
                most_lapse=settings.most_lapse,
            )
            drawn = resample(
                function,
                counts,
                resamples=settings.resamples,
                seed=settings.seed * 1_000_003 + number,
                most_lapse=settings.most_lapse,
            )
            estimates = _estimates(function, drawn, settings)
    except PsychometricFault as fault:
        return Person(name, group, counts, None, {}, str(fault))
    return Person(name, group, counts, function, estimates, undetermined(function, counts))


def _estimates(function: Psychometric, drawn: Resamples, settings: Settings) -> dict[str, Estimate]:
    found = {}
    for name in QUANTITIES:
        value, values = getattr(function, name), getattr(drawn, name)
        low, high = np.quantile(values, settings.tails)
        found[name] = Estimate(
            float(value), float(low), float(high), standard_error(name, values, function.log)
        )
    return found


def standard_error(name: str, values: Any, log: bool) -> float:
    """Half of the range that holds 68 % of some values, on the scale of `averaged`.

    A standard deviation would hang on the few resamples whose width is not determined.
    """
    scaled = averaged(name, np.asarray(values, dtype=float), log=log)
    if not np.isfinite(scaled).all():
        return float("nan")
    low, high = np.quantile(scaled, _ONE_SD)
    return float(high - low) / 2


def averaged(name: str, values: Any, *, log: bool) -> Any:
    """Return values on the scale on which a group's mean is taken.

    Logarithms of widths, JNDs and Weber fractions, and of thresholds on a logarithmic axis;
    lapse rates, and thresholds on a linear axis, as they are.
    """
    if name == "lapse" or (name == "threshold" and not log):
        return np.asarray(values, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.log(np.asarray(values, dtype=float))


def unaveraged(name: str, values: Any, *, log: bool) -> Any:
    """Return values from the scale of `averaged`."""
    return values if name == "lapse" or (name == "threshold" and not log) else np.exp(values)


def undetermined(function: Psychometric, counts: Counts) -> str:
    """Say why the answers do not determine a function; empty where they do."""
    x = np.log(counts.level) if function.log else counts.level
    span = float(x[-1] - x[0])
    if not 2e-3 * span < function.width < 9.9 * span:
        extreme = "steeper" if function.width < span else "flatter"
        return f"the answers do not determine a width: the function is {extreme} than any allowed"
    if not x[0] - 1.5 * span < function.location < x[-1] + 1.5 * span:
        return "the threshold is far outside the levels"
    return ""
