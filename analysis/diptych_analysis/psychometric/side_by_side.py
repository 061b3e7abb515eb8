"""Observers of the same comparisons side by side: what each one's answers depend on.

An observer chooses one of two displays. For each observer: the psychometric function of the number,
the weights of the number and its covariates, and the right answers where the covariates go with the
number or against it.

The weights are those of a logistic regression of the answer on the log ratios of both displays,

    ln(P / (1 - P)) = b0 + sum_i b_i ln(test_i / reference_i)

as DeWind, Adams, Platt and Brannon (2015) do with a probit link and other axes. The length of
the vector b says how reliable the answers are, its direction what they depend on.

References
----------
.. [1] DeWind, N. K., Adams, G. K., Platt, M. L. and Brannon, E. M. (2015). Modeling the approximate
   number system to quantify the contribution of visual stimulus features. Cognition 142, 247-265.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from diptych_analysis.psychometric import PsychometricFault
from diptych_analysis.psychometric.fit import Counts, Psychometric, fit
from diptych_analysis.psychometric.people import undetermined

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

#: Inverse strength of the ridge penalty sum_i b_i ** 2 / (2 C). It matters only where the answers
#: have no noise: then weights without a penalty are infinite.
PENALTY = 1000.0
RESAMPLES = 200
#: From so many sessions on, intervals are over sessions; with fewer, over answers.
LEAST_SESSIONS = 10
#: Whether all covariates go with the number, all against it, or some with it and some against it.
CONGRUENT, MIXED, INCONGRUENT = "congruent", "mixed", "incongruent"
PAIRS = (CONGRUENT, MIXED, INCONGRUENT)


@dataclass(frozen=True)
class Comparisons:
    """Answers of one observer, or of a group of observers.

    Parameters
    ----------
    observer : str
        Name.
    session : ndarray, shape (n,)
        Session of each answer.
    level : ndarray, shape (n,)
        Number of the test display.
    ratios : ndarray, shape (n, k)
        Natural logarithms of test / reference: first of the number, then of each covariate.
    chosen : ndarray of bool, shape (n,)
        Whether the test display was chosen.
    """

    observer: str
    session: npt.NDArray[np.object_]
    level: Floats
    ratios: Floats
    chosen: Booleans


@dataclass(frozen=True)
class _Cases:
    """Different answers to different pairs, and how often each was given; m of them."""

    level: Floats
    ratios: Floats
    chosen: Booleans
    n: Floats

    def kept(self) -> _Cases:
        """Leave out what was never answered."""
        some = self.n > 0
        return _Cases(self.level[some], self.ratios[some], self.chosen[some], self.n[some])

    def counts(self) -> Counts:
        """Count the answers at each level."""
        level, place = np.unique(self.level, return_inverse=True)
        positive, total = (
            np.bincount(place, n, len(level)).astype(np.float64)
            for n in (self.n * self.chosen, self.n)
        )
        return Counts(level, positive, total)


def _cases(answers: Comparisons) -> tuple[_Cases, npt.NDArray[np.int64]]:
    """Count cases; return also the case of each answer, shape (n,)."""
    columns = np.column_stack([answers.level, answers.ratios, answers.chosen])
    rows, place, n = np.unique(columns, axis=0, return_inverse=True, return_counts=True)
    cases = _Cases(rows[:, 0], rows[:, 1:-1], rows[:, -1] > 0, n.astype(np.float64))
    return cases, place.astype(np.int64).ravel()


def covariate_weights(ratios: Floats, chosen: Booleans, n: Floats | None = None) -> Floats:
    """Fit the weights of a logistic regression of the answers on log ratios.

    Parameters
    ----------
    ratios : ndarray, shape (n, k)
        Natural logarithms of test / reference.
    chosen : ndarray of bool, shape (n,)
        Whether the test display was chosen.
    n : ndarray, shape (n,), optional
        How often each of these answers was given; by default once.

    Returns
    -------
    ndarray, shape (k,)
        Log odds per unit of each log ratio; NaN if all answers are alike.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> ratios = rng.normal(0, 0.4, (4000, 2))
    >>> odds = ratios @ [6.0, 2.0]
    >>> found = covariate_weights(ratios, rng.random(4000) < 1 / (1 + np.exp(-odds)))
    >>> bool(5 < found[0] < 7 and 1.5 < found[1] < 2.5)
    True
    """
    from sklearn.linear_model import LogisticRegression

    if chosen.all() or not chosen.any():
        return np.full(ratios.shape[1], np.nan)
    model = LogisticRegression(C=PENALTY, solver="newton-cholesky", max_iter=200)
    model.fit(ratios, chosen, sample_weight=n)
    weights: Floats = np.asarray(model.coef_[0], dtype=np.float64)
    return weights


def congruence(ratios: Floats) -> npt.NDArray[np.object_]:
    """Say for each pair whether its covariates go with the number.

    Parameters
    ----------
    ratios : ndarray, shape (n, k)
        Log ratios: first of the number, then of each covariate.

    Returns
    -------
    ndarray of str, shape (n,)
        congruent, incongruent or mixed; "" where the numbers are equal, or without covariates.
    """
    found = np.full(len(ratios), MIXED, dtype=object)
    agree = np.sign(ratios[:, 1:]) * np.sign(ratios[:, :1])
    found[(agree > 0).all(axis=1)] = CONGRUENT
    found[(agree < 0).all(axis=1)] = INCONGRUENT
    found[(ratios[:, 0] == 0) | (ratios.shape[1] < 2)] = ""
    return found


def function_of(answers: Comparisons) -> Psychometric | None:
    """Fit the psychometric function of the number; None where the answers determine none."""
    return _function(_cases(answers)[0].counts())


def _function(counts: Counts, start: Psychometric | None = None) -> Psychometric | None:
    try:
        found = fit(counts, log=bool((counts.level > 0).all()), start=start)
    except PsychometricFault:
        return None
    return None if undetermined(found, counts) else found


def measured(answers: Comparisons, names: Sequence[str]) -> dict[str, float]:
    """Compute all quantities of one observer.

    Parameters
    ----------
    answers : Comparisons
        The observer's answers.
    names : sequence of str, length k
        Names of the columns of `ratios`.

    Returns
    -------
    dict
        pse, weber; sensitivity (length of the vector of weights, log odds per unit of log ratio);
        weight NAME (its direction, -1 to 1); right congruent, right mixed, right incongruent. NaN
        is what the answers do not determine.
    """
    return _measured(_cases(answers)[0], names, function_of(answers))


def _measured(
    cases: _Cases, names: Sequence[str], function: Psychometric | None
) -> dict[str, float]:
    nan = float("nan")
    found = {
        "pse": function.threshold if function else nan,
        "weber": function.weber if function else nan,
    }
    weights = covariate_weights(cases.ratios, cases.chosen, cases.n)
    length = float(np.linalg.norm(weights))
    found["sensitivity"] = length
    for name, weight in zip(names, weights, strict=True):
        found[f"weight {name}"] = float(weight) / length if length else nan
    right = cases.chosen == (cases.ratios[:, 0] > 0)
    pairs = congruence(cases.ratios)
    for pair in PAIRS:
        n = cases.n * (pairs == pair)
        found[f"right {pair}"] = float((n * right).sum() / n.sum()) if n.any() else nan
    return found


def side_by_side(
    observers: Sequence[Comparisons],
    names: Sequence[str],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> pd.DataFrame:
    """Measure observers of the same comparisons.

    Parameters
    ----------
    observers : sequence of Comparisons
        One per observer or group.
    names : sequence of str, length k
        Names of the columns of `ratios`: the number first.
    resamples : int
        Bootstrap resamples: of sessions from 10 sessions on, of answers with fewer.
    seed : int
        Seed of the resamples.

    Returns
    -------
    pandas.DataFrame
        observer, sessions, answers, quantity (as in `measured`), value, low and high (95 %
        bootstrap interval; NaN where the value is NaN).
    """
    rows = []
    for place, answers in enumerate(observers):
        cases, case = _cases(answers)
        function = _function(cases.counts())
        found = _measured(cases, names, function)
        rng = np.random.default_rng([seed, place])
        drawn = pd.DataFrame(
            _redrawn(cases, n, names, function)
            for n in _drawn(case, answers.session, resamples, rng)
        )
        about = {
            "observer": answers.observer,
            "sessions": len(np.unique(answers.session)),
            "answers": len(answers.chosen),
        }
        for quantity, value in found.items():
            low, high = (
                drawn[quantity].quantile([0.025, 0.975])
                if np.isfinite(value) and len(drawn)
                else (float("nan"), float("nan"))
            )
            rows.append(about | {"quantity": quantity, "value": value, "low": low, "high": high})
    return pd.DataFrame(rows)


def _redrawn(
    cases: _Cases, n: Floats, names: Sequence[str], function: Psychometric | None
) -> dict[str, float]:
    """Measure a resample, which has the cases n times each."""
    some = replace(cases, n=n).kept()
    # A function that all answers don't determine is not searched for again.
    found = _function(some.counts(), function) if function else None
    return _measured(some, names, found)


def _drawn(
    case: npt.NDArray[np.int64],
    session: npt.NDArray[np.object_],
    resamples: int,
    rng: np.random.Generator,
) -> Iterator[Floats]:
    """Yield how often each case is in a resample of sessions, or of answers if sessions are few."""
    sessions, unit = np.unique(session, return_inverse=True)
    if len(sessions) < LEAST_SESSIONS:
        unit = np.arange(len(case))
    units, cases = int(unit.max()) + 1, int(case.max()) + 1
    for _ in range(resamples):
        times = np.bincount(rng.integers(0, units, units), minlength=units)
        yield np.bincount(case, times[unit].astype(float), cases).astype(np.float64)
