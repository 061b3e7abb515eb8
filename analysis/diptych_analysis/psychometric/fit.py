"""Fit psychometric functions by maximum likelihood.

The probability of a positive answer at a level x is

    P(x) = g + (1 - g - h) Phi((x - m) / s)

with m the threshold, s the width, g the share of positive answers far below the threshold and
h the share of negative answers far above it. x is the attribute, or its natural logarithm.

With lapses on both sides (`guess=None`) g = h = l / 2: the function of comparisons and of yes-no
tasks, whose threshold is the point of subjective equality (PSE). With a guessing rate g, as 1/2
in 2-AFC, h = l: then the threshold is where the answer is right with probability (1 + g - l) / 2.

A function that falls with the level has (m - x) in place of (x - m).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from diptych_analysis.psychometric import PsychometricFault

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

#: Phi(0.6745) = 0.75.
QUARTILE = 0.6744897501960817
#: The largest lapse rate that a fit allows (Wichmann and Hill 2001 constrain it likewise).
MOST_LAPSE = 0.2
# The width lies between these multiples of the range of levels: a step, and nearly a line.
_NARROWEST, _WIDEST = 1e-3, 10.0
_LAPSES = (0.005, 0.05, 0.15)


@dataclass(frozen=True)
class Counts:
    """Answers by level.

    Attributes
    ----------
    level : ndarray of shape (n,)
        The attribute at each level, in its own unit, rising.
    positive : ndarray of shape (n,)
        Number of positive answers.
    total : ndarray of shape (n,)
        Number of answers, at least 1.
    """

    level: Floats
    positive: Floats
    total: Floats


@dataclass(frozen=True)
class Psychometric:
    """A psychometric function.

    Attributes
    ----------
    location : float
        m: the threshold on the axis of the fit, ln(level) if `log`.
    width : float
        s: the standard deviation of the normal distribution on that axis.
    lapse : float
        l: the lapse rate.
    guess : float or None
        g: the guessing rate; None for half of the lapses.
    log : bool
        Whether the axis is the natural logarithm of the level.
    log_likelihood : float
        Of the data that it was fitted to, without the binomial coefficients.
    falling : bool
        Whether positive answers become rarer as the level rises.
    """

    location: float
    width: float
    lapse: float
    guess: float | None = None
    log: bool = True
    log_likelihood: float = math.nan
    falling: bool = False

    @property
    def threshold(self) -> float:
        """The level at which the normal distribution is at 1/2: the PSE if `guess` is None."""
        return math.exp(self.location) if self.log else self.location

    @property
    def weber(self) -> float:
        """The Weber fraction w.

        On a log axis the width s, in log units; on a linear axis s / threshold. Some papers call
        JND / PSE the Weber fraction, which is smaller by a third: see `jnd`.
        """
        return self.width if self.log else self.width / self.threshold

    @property
    def jnd(self) -> float:
        """The just noticeable difference at 75 %, without lapses, in the unit of the level.

        On a linear axis 0.6745 s. On a log axis threshold * (exp(0.6745 s) - 1): the step up
        from the threshold.
        """
        if self.log:
            return self.threshold * math.expm1(QUARTILE * self.width)
        return QUARTILE * self.width

    def probability(self, level: npt.ArrayLike) -> Floats:
        """Return the probability of a positive answer.

        Parameters
        ----------
        level : array_like of shape (n,)
            The attribute, in its own unit.

        Returns
        -------
        ndarray of shape (n,)
            Between 0 and 1.
        """
        import numpy as np

        x = np.asarray(level, dtype=float)
        x = np.log(x) if self.log else x
        shape = Shape(self.guess, self.log, self.falling)
        return probability_at(x, self.location, self.width, self.lapse, shape)


def count(level: npt.ArrayLike, positive: npt.ArrayLike) -> Counts:
    """Count the answers at each level.

    Parameters
    ----------
    level : array_like of shape (n_trials,)
        The attribute of each trial.
    positive : array_like of shape (n_trials,)
        Whether the answer was positive, as booleans or 0 and 1.

    Returns
    -------
    Counts
        Levels in rising order.
    """
    import numpy as np

    levels, place = np.unique(np.asarray(level, dtype=np.float64), return_inverse=True)
    weights = np.asarray(positive, dtype=float)
    return Counts(
        levels,
        np.bincount(place, weights, len(levels)).astype(np.float64),
        np.bincount(place, minlength=len(levels)).astype(np.float64),
    )


def fit(
    counts: Counts,
    *,
    guess: float | None = None,
    log: bool = True,
    most_lapse: float = MOST_LAPSE,
    falling: bool = False,
    start: Psychometric | None = None,
) -> Psychometric:
    """Fit a psychometric function by maximum likelihood.

    Parameters
    ----------
    counts : Counts
        Answers by level.
    guess : float, optional
        The guessing rate, in [0, 1); None for half of the lapses on each side.
    log : bool
        Whether the axis is the natural logarithm of the level.
    most_lapse : float
        The largest lapse rate, in [0, 0.5]; 0 fits a function without lapses.
    falling : bool
        Whether positive answers become rarer as the level rises.
    start : Psychometric, optional
        Where the search starts; by default it starts at several places.

    Returns
    -------
    Psychometric
        The function with the largest likelihood that the search finds.

    Raises
    ------
    PsychometricFault
        If there are fewer than two levels, if all answers are equal, or if a level has no
        logarithm.

    References
    ----------
    .. [1] Wichmann, F. A. and Hill, N. J. (2001). The psychometric function: I. Fitting,
       sampling, and goodness of fit. Perception & Psychophysics 63, 1293-1313.

    Examples
    --------
    >>> from diptych_analysis.psychometric.fit import Counts, fit
    >>> import numpy as np
    >>> level, total = np.array([8.0, 12, 16, 20, 32]), np.full(5, 40.0)
    >>> found = fit(Counts(level, np.array([1.0, 6, 20, 32, 40]), total))
    >>> 15 < found.threshold < 17
    True
    """
    check(counts, log=log)
    return _Search(counts, Shape(guess, log, falling), most_lapse).run(start)


@dataclass(frozen=True)
class Shape:
    """What a fit takes as given: guessing rate, axis and direction, as in `fit`."""

    guess: float | None = None
    log: bool = True
    falling: bool = False


class _Search:
    """The likelihood of some counts, on an axis scaled to about [-1, 1]."""

    def __init__(self, counts: Counts, shape: Shape, most_lapse: float) -> None:
        import numpy as np

        self.counts, self.shape, self.guess = counts, shape, shape.guess
        x = np.log(counts.level) if shape.log else counts.level
        self.middle, self.range = float(x[0] + x[-1]) / 2, float(x[-1] - x[0])
        self.sign = -1 if shape.falling else 1
        self.x = self.sign * (x - self.middle) / self.range
        self.bounds = [
            (-2.5, 2.5),
            (math.log(_NARROWEST), math.log(_WIDEST)),
            (0.0, most_lapse),
        ]

    def negative(self, at: Floats) -> tuple[float, Floats]:
        """Return minus the log likelihood, and its gradient, at (m, ln s, l)."""
        import numpy as np
        from scipy.special import ndtr

        m, s, lapse = float(at[0]), math.exp(at[1]), float(at[2])
        z = (self.x - m) / s
        f, density = ndtr(z), np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
        low = lapse / 2 if self.guess is None else self.guess
        span = 1 - lapse if self.guess is None else 1 - self.guess - lapse
        p = np.clip(low + span * f, 1e-12, 1 - 1e-12)
        positive, negative = self.counts.positive, self.counts.total - self.counts.positive
        by_p = positive / p - negative / (1 - p)
        by_lapse = (0.5 if self.guess is None else 0.0) - f
        gradient = -np.array([
            (by_p * span * density * -1 / s).sum(),
            (by_p * span * density * -z).sum(),
            (by_p * by_lapse).sum(),
        ])  # fmt: skip
        return -float((positive * np.log(p) + negative * np.log1p(-p)).sum()), gradient

    def run(self, start: Psychometric | None) -> Psychometric:
        from scipy.optimize import minimize

        best: Any = None
        for first in self._starts(start):
            found = minimize(self.negative, first, jac=True, bounds=self.bounds, method="L-BFGS-B")
            if best is None or found.fun < best.fun:
                best = found
        m, ln_s, lapse = (float(value) for value in best.x)
        return Psychometric(
            self.sign * m * self.range + self.middle,
            math.exp(ln_s) * self.range,
            lapse,
            self.guess,
            self.shape.log,
            -float(best.fun),
            self.shape.falling,
        )

    def _starts(self, start: Psychometric | None) -> list[tuple[float, float, float]]:
        most = self.bounds[2][1]
        if start is not None:
            m = self.sign * (start.location - self.middle) / self.range
            return [(m, math.log(max(start.width / self.range, 0.02)), min(start.lapse, most))]
        lapses = sorted({min(lapse, most) for lapse in _LAPSES})
        return [
            (m, math.log(s), lapse) for m in (-0.2, 0.2) for s in (0.05, 0.4) for lapse in lapses
        ]


def probability_at(
    x: Floats, location: float | Floats, width: float | Floats, lapse: float, shape: Shape
) -> Floats:
    """Return the probability of a positive answer on the axis of the fit; arrays broadcast."""
    import numpy as np
    from scipy.special import ndtr

    f = ndtr((-1 if shape.falling else 1) * (x - location) / width)
    if shape.guess is None:
        return np.asarray(lapse / 2 + (1 - lapse) * f)
    return np.asarray(shape.guess + (1 - shape.guess - lapse) * f)


def check(counts: Counts, *, log: bool) -> None:
    """Raise `PsychometricFault` if no function can be fitted to counts; see `fit`."""
    levels = len(counts.level)
    if levels < 2:
        raise PsychometricFault(f"answers at {levels} levels; a fit needs two levels or more")
    if log and counts.level[0] <= 0:
        raise PsychometricFault(
            f"a level of {counts.level[0]:g} has no logarithm; use a linear axis, or levels above 0"
        )
    positive, total = counts.positive.sum(), counts.total.sum()
    if positive in (0, total):
        kind = "positive" if positive else "negative"
        raise PsychometricFault(f"all {total:g} answers are {kind}; a fit needs answers of both")
