"""Error consistency: whether two raters get the same stimuli wrong more often than by chance.

Source: Geirhos, Meding and Wichmann, *Beyond accuracy*, NeurIPS 2020 (EC below). The accuracies of
a pair limit its EC, so each EC is beside the largest and the smallest that they allow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from diptych_analysis.behaviour.faults import BehaviourFault
from diptych_analysis.behaviour.resampling import percentiles, resampling_weights
from diptych_analysis.behaviour.responses import Floats, Mask

#: Multiplications of one bootstrap beyond which it takes minutes.
_MOST = 2e11
_NO_CHANCE = 1e-12


@dataclass(frozen=True)
class ErrorConsistency:
    """Error consistency of all pairs of raters; each array has the shape (raters, others).

    Attributes
    ----------
    stimuli : array
        Stimuli that both raters of a pair responded to. A pair without any is NaN below.
    observed, expected : array
        c_obs, the share of these stimuli that both get right or both get wrong; c_exp, the same for
        independent raters of these accuracies.
    consistency : array
        EC = (c_obs - c_exp) / (1 - c_exp). Undefined (NaN) if c_exp = 1: both raters are always
        right, or both always wrong. The published code returns 1 there.
    least, most : array
        Smallest and largest EC that the two accuracies allow.
    """

    stimuli: Floats
    observed: Floats
    expected: Floats
    consistency: Floats
    least: Floats
    most: Floats


@dataclass(frozen=True)
class MeanConsistency:
    """Means over pairs of raters.

    Attributes
    ----------
    mean, most : float
        Mean EC, and mean of the largest EC that each pair's accuracies allow.
    pairs, undefined : int
        Pairs in the means, and pairs without EC.
    interval : tuple of float or None
        Bootstrap interval of the mean over stimuli; None if there are too many raters for it.
    """

    mean: float
    most: float
    pairs: int
    undefined: int
    interval: tuple[float, float] | None


def error_consistency(
    right: Mask, counted: Mask, others: tuple[Mask, Mask] | None = None
) -> ErrorConsistency:
    """Compute the error consistency of every pair of raters.

    Parameters
    ----------
    right, counted : array of bool, shape (raters, stimuli)
        Whether each response is right, and whether there is a response and a label.
    others : tuple of two arrays, optional
        The same of other raters to the same stimuli. Without it, raters are compared with each
        other.

    Raises
    ------
    BehaviourFault
        If the shapes differ.
    """
    right2, counted2 = (right, counted) if others is None else others
    shapes = {right.shape[1:], counted.shape[1:], right2.shape[1:], counted2.shape[1:]}
    if len(shapes) > 1:
        raise BehaviourFault(f"raters must share their stimuli; the shapes are {sorted(shapes)}")
    counts = _pair_counts(right, counted, right2, counted2, None)
    return _consistency(*counts)


def _pair_counts(
    right: Mask, counted: Mask, right2: Mask, counted2: Mask, weights: Floats | None
) -> tuple[Floats, Floats, Floats, Floats]:
    """Count common stimuli, those that the first and the second get right, and both."""
    # float32 holds whole numbers up to 2**24, and halves time and memory.
    kind: Any = np.float32 if right.shape[1] < 2**22 else np.float64
    w = np.ones(right.shape[1], kind) if weights is None else weights.astype(kind)
    a: Any = (right & counted).astype(kind)
    b: Any = (right2 & counted2) * w
    both = a @ b.T
    if counted.all() and counted2.all():
        n = np.full(both.shape, w.sum(dtype=float))
        first = np.broadcast_to((a @ w)[:, None], both.shape)
        second = np.broadcast_to(b.sum(axis=1)[None], both.shape)
    else:
        seen: Any = counted.astype(kind)
        seen2: Any = counted2 * w
        n, first, second = seen @ seen2.T, a @ seen2.T, seen @ b.T
    return n.astype(float), first.astype(float), second.astype(float), both.astype(float)


def _consistency(n: Floats, first: Floats, second: Floats, both: Floats) -> ErrorConsistency:
    with np.errstate(invalid="ignore", divide="ignore"):
        p1, p2 = first / n, second / n
        observed = (n - first - second + 2 * both) / n
        expected = p1 * p2 + (1 - p1) * (1 - p2)
        left = np.where(1 - expected > _NO_CHANCE, 1 - expected, np.nan)
        return ErrorConsistency(
            stimuli=n,
            observed=observed,
            expected=expected,
            consistency=(observed - expected) / left,
            least=(np.abs(p1 + p2 - 1) - expected) / left,
            most=(1 - np.abs(p1 - p2) - expected) / left,
        )


def mean_consistency(
    right: Mask,
    counted: Mask,
    others: tuple[Mask, Mask] | None = None,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> MeanConsistency:
    """Average error consistency over pairs, with a bootstrap interval over stimuli.

    Parameters
    ----------
    right, counted, others
        As in `error_consistency`.
    resamples : int
        Resamples of the stimuli; 0 computes no interval.
    seed : int
        Seed of the resamples.
    """
    right2, counted2 = (right, counted) if others is None else others
    whole = error_consistency(right, counted, others)
    chosen = _pairs(whole.consistency.shape, own=others is None)
    values = whole.consistency[chosen]
    interval = None
    if resamples and float(values.size) * right.shape[1] * resamples < _MOST:
        means = []
        for weights in resampling_weights(right.shape[1], resamples, seed):
            counts = _pair_counts(right, counted, right2, counted2, weights.astype(float))
            means.append(_mean(_consistency(*counts).consistency[chosen]))
        interval = percentiles(np.array(means))
    defined = np.isfinite(values)
    return MeanConsistency(
        mean=_mean(values),
        most=_mean(whole.most[chosen]),
        pairs=int(defined.sum()),
        undefined=int((~defined).sum()),
        interval=interval,
    )


def _pairs(shape: tuple[int, ...], *, own: bool) -> tuple[npt.NDArray[np.intp], ...]:
    if own:
        return np.triu_indices(shape[0], 1)
    return tuple(axis.ravel() for axis in np.indices(shape))


def _mean(values: Floats) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else float("nan")


def consistency_of_counts(right: npt.ArrayLike, responses: npt.ArrayLike) -> float:
    """Compute error consistency between raters of whom only counts are known.

    All pairs of responses to a stimulus are compared. Chance is that of raters who all have the
    mean accuracy. With the same raters everywhere, this differs from the mean over pairs only as
    far as the raters' accuracies differ.

    Parameters
    ----------
    right : array_like of int, shape (stimuli,)
        Right responses to each stimulus.
    responses : array_like of int, shape (stimuli,)
        All responses to each stimulus. Stimuli with fewer than two are left out.

    Returns
    -------
    float
        NaN if all responses are right, or all wrong.
    """
    c, n = np.asarray(right, dtype=float), np.asarray(responses, dtype=float)
    if c.shape != n.shape or (c > n).any() or (c < 0).any():
        raise BehaviourFault("right responses must be between 0 and all responses, per stimulus")
    c, n = c[n > 1], n[n > 1]
    if not len(n):
        return float("nan")
    wrong = n - c
    observed = float(np.mean((c * (c - 1) + wrong * (wrong - 1)) / (n * (n - 1))))
    accuracy = float(c.sum() / n.sum())
    expected = accuracy**2 + (1 - accuracy) ** 2
    if 1 - expected <= _NO_CHANCE:
        return float("nan")
    return (observed - expected) / (1 - expected)
