"""Bootstrap intervals of kappa and mean agreement, over stimuli."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diptych_analysis.behaviour.fleiss import kappa_of, pair_agreement
from diptych_analysis.behaviour.responses import Codes, Floats
from diptych_analysis.behaviour.tallies import tallies


@dataclass(frozen=True)
class Intervals:
    """Percentile intervals of resampled stimuli.

    Attributes
    ----------
    kappa, mean : tuple of float
        Low and high end.
    resamples : int
        Number of resamples.
    level : float
        Share of resamples inside the interval.
    """

    kappa: tuple[float, float]
    mean: tuple[float, float]
    resamples: int
    level: float


def bootstrap(
    codes: Codes, categories: int, *, resamples: int = 1000, seed: int = 0, level: float = 0.95
) -> Intervals:
    """Resample stimuli with replacement; raters stay.

    Raters are not resampled: a rater drawn twice agrees with itself, so kappa would be too high.
    The intervals say what other stimuli of the same kind would give to these raters.

    Parameters
    ----------
    codes : array of int, shape (raters, stimuli)
        Numbers of categories, -1 for none.
    categories : int
        Number of categories.
    resamples : int
        Number of resamples.
    seed : int
        Seed of the draws.
    level : float
        Share of resamples inside the interval.
    """
    weights = resampling_weights(codes.shape[1], resamples, seed)
    totals = np.zeros((resamples, categories))
    agreed, counted = np.zeros(resamples), np.zeros(resamples)
    for block, counts in tallies(codes, categories):
        p = pair_agreement(counts)
        there = ~np.isnan(p)
        # Sums of one block are below 2**24, so float32 holds them exactly.
        drawn = weights[:, block][:, there].astype(np.float32)
        totals += drawn @ counts[there].astype(np.float32)
        agreed += drawn @ p[there]
        counted += drawn.sum(axis=1)
    mean = agreed / np.where(counted > 0, counted, np.nan)
    shares = totals / np.maximum(totals.sum(axis=1, keepdims=True), 1)
    kappa = kappa_of(mean, np.square(shares).sum(axis=1))
    return Intervals(
        percentiles(kappa, level), percentiles(mean, level), resamples=resamples, level=level
    )


def resampling_weights(n: int, resamples: int, seed: int) -> np.ndarray[tuple[int, int]]:
    """Draw how often each of n stimuli is in each resample: uint8, shape (resamples, n)."""
    rng = np.random.default_rng(seed)
    found = np.zeros((resamples, n), np.uint8)
    for row in found:
        row[:] = np.bincount(rng.integers(0, n, n), minlength=n)
    return found


def percentiles(values: Floats, level: float = 0.95) -> tuple[float, float]:
    """Take the equal-tailed percentiles of finite values; NaN if there are none."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return float("nan"), float("nan")
    low, high = np.quantile(finite, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
