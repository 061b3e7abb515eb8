"""How right answers fade over days: the forgetting baselines for studies of several parts.

The probability of a right answer t days after learning is c + (1 - c) a R(t): c is chance, a the
share that is known at the start, and R a curve that falls from 1.

References
----------
Wixted and Ebbesen, "On the form of forgetting" (Psychological Science 1991): power against
exponential. Ye et al., "A stochastic shortest path algorithm for optimizing spaced repetition
scheduling" (KDD 2022), and the FSRS-4.5 scheduler that came from it: its curve reaches 0.9 after
as many days as its stability.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, xlogy

Array = NDArray[np.float64]


class ForgettingFault(ValueError):
    """Answers that say nothing of forgetting; the message says why."""


def exponential(days: Array, scale: float) -> Array:
    """Return exp(-t / scale); `scale` is the time constant in days."""
    return np.exp(-days / scale)


def power(days: Array, scale: float) -> Array:
    """Return (1 + t)^(-1 / scale), t in days; a larger `scale` forgets more slowly."""
    return (1 + days) ** (-1 / scale)


def fsrs(days: Array, scale: float) -> Array:
    """Return the curve of FSRS-4.5, (1 + 19 t / (81 scale))^(-1/2); `scale` is the stability."""
    return (1 + 19 / 81 * days / scale) ** -0.5


CURVES: Mapping[str, Callable[[Array, float], Array]] = {
    "exponential": exponential,
    "power": power,
    "fsrs": fsrs,
}
#: Bounds of ln(scale) and of the logit of the start.
_BOUNDS = ((np.log(1e-3), np.log(1e5)), (-12.0, 12.0))
#: Delays must differ by so many days: one hour.
_LEAST_SPREAD = 1 / 24
_STARTS = ((0.0, 2.0), (2.0, 1.0), (5.0, 0.0))


@dataclass(frozen=True)
class ForgettingFit:
    """One curve, fitted to the answers of one group.

    Attributes
    ----------
    curve : str
        One of `CURVES`.
    start : float
        Share that is known at the start: a.
    scale : float
        Of the curve, in days (of `power`, without a unit).
    log_likelihood : float
        Of all answers, natural logarithm.
    answers, learners : int
        What it was fitted to.
    """

    curve: str
    start: float
    scale: float
    log_likelihood: float
    answers: int
    learners: int

    @property
    def aic(self) -> float:
        """Akaike's criterion: 2 parameters; the smallest is the best."""
        return 4 - 2 * self.log_likelihood

    def right_after(self, days: Array, chance: float) -> Array:
        """Return the probability of a right answer after so many days."""
        return chance + (1 - chance) * self.start * CURVES[self.curve](days, self.scale)


def log_likelihood(days: Array, right: Array, asked: Array, p: Array) -> float:
    """Return the log likelihood of `right` of `asked` answers, each right with probability p."""
    assert days.shape == right.shape == asked.shape == p.shape
    return float(np.sum(xlogy(right, p) + xlogy(asked - right, 1 - p)))


def _spread(days: pd.Series[float]) -> bool:
    """Return whether delays differ enough to say something of forgetting.

    Over less than an hour all curves are flat, and a fit would return its starting point.
    """
    return bool(days.max() - days.min() >= _LEAST_SPREAD)


def fit_forgetting(trials: pd.DataFrame, curve: str, chance: float) -> ForgettingFit:
    """Fit one forgetting curve by maximum likelihood.

    Parameters
    ----------
    trials : DataFrame
        One row per answer, with `participant_id`, `days_since_first` and `correct`.
    curve : str
        One of `CURVES`.
    chance : float
        Probability of a right answer by guessing, from 0 to below 1.

    Returns
    -------
    ForgettingFit
        The best of several starting points.

    Raises
    ------
    ForgettingFault
        Without answers whose delays differ by an hour or more.

    Examples
    --------
    >>> import pandas as pd
    >>> answers = pd.DataFrame({
    ...     "participant_id": "a",
    ...     "days_since_first": [0.0] * 10 + [1.0] * 10,
    ...     "correct": [True] * 9 + [False] + [True] * 6 + [False] * 4,
    ... })
    >>> fit = fit_forgetting(answers, "exponential", 0.0)
    >>> round(fit.start, 2), round(fit.start * np.exp(-1 / fit.scale), 2)
    (0.9, 0.6)
    """
    if not 0 <= chance < 1:
        raise ForgettingFault(f"chance is {chance:g}; allowed is 0 up to, but not including, 1")
    known = trials.dropna(subset=["days_since_first", "correct"])
    counted = (
        known.assign(correct=known["correct"].astype(float))
        .groupby("days_since_first")["correct"]
        .agg(["sum", "count"])
    )
    if not _spread(known["days_since_first"]):
        raise ForgettingFault(
            "the values of days_since_first differ by less than an hour: forgetting needs tests "
            "on several days (simulated participants do not wait between the parts)"
        )
    days, right, asked = (
        np.asarray(values, dtype=np.float64)
        for values in (counted.index, counted["sum"], counted["count"])
    )

    def likelihood(parameters: Array) -> float:
        scale, start = float(np.exp(parameters[0])), float(expit(parameters[1]))
        p = chance + (1 - chance) * start * CURVES[curve](days, scale)
        return log_likelihood(days, right, asked, np.clip(p, 1e-12, 1 - 1e-12))

    found = max(
        (
            minimize(lambda x: -likelihood(x), first, method="L-BFGS-B", bounds=_BOUNDS)
            for first in _STARTS
        ),
        key=lambda result: -float(result.fun),
    )
    return ForgettingFit(
        curve=curve,
        start=float(expit(found.x[1])),
        scale=float(np.exp(found.x[0])),
        log_likelihood=-float(found.fun),
        answers=int(asked.sum()),
        learners=int(known["participant_id"].nunique()),
    )


def scale_interval(
    trials: pd.DataFrame, curve: str, chance: float, resamples: int, seed: int
) -> tuple[float, float]:
    """Return the 95 % interval of the scale: percentiles over resampled learners.

    Parameters
    ----------
    trials, curve, chance
        As in `fit_forgetting`.
    resamples : int
        Number of resamples.
    seed : int
        Seed of the draws.
    """
    rng = np.random.default_rng(seed)
    of_learner = [group for _, group in trials.groupby("participant_id")]
    scales = []
    for _ in range(resamples):
        drawn = rng.integers(len(of_learner), size=len(of_learner))
        sample = pd.concat([of_learner[n] for n in drawn])
        if _spread(sample["days_since_first"]):
            scales.append(fit_forgetting(sample, curve, chance).scale)
    if not scales:
        return float("nan"), float("nan")
    low, high = np.quantile(scales, (0.025, 0.975))
    return float(low), float(high)


def tested_answers(
    sessions: pd.DataFrame, trials: pd.DataFrame, kinds: tuple[str, ...], *, excluded: bool
) -> pd.DataFrame:
    """Return the test answers of completed sessions with a known delay.

    Parameters
    ----------
    sessions, trials : DataFrame
        The tidy tables.
    kinds : tuple of str
        Kinds of participants.
    excluded : bool
        Whether excluded sessions count, too.

    Raises
    ------
    ForgettingFault
        When there are none.
    """
    used = sessions["status"].eq("completed") & sessions["participant_kind"].isin(kinds)
    if not excluded:
        used &= ~sessions["excluded"].fillna(False).astype(bool)
    chosen = trials["session_id"].isin(sessions.loc[used, "session_id"])
    known = trials["correct"].notna() & trials["days_since_first"].notna()
    found: pd.DataFrame = trials[chosen & known & trials["phase"].eq("test")]
    if found.empty:
        raise ForgettingFault(
            "no test answers of completed sessions with correct and days_since_first"
        )
    return found
