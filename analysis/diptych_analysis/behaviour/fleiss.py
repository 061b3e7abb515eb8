"""Fleiss' kappa and the agreement of raters about each stimulus."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from diptych_analysis.behaviour.faults import BehaviourFault
from diptych_analysis.behaviour.responses import Codes, Floats
from diptych_analysis.behaviour.tallies import Counts, tallies


@dataclass(frozen=True)
class StimulusAgreement:
    """Agreement about each stimulus, and what it takes to compute kappa.

    A stimulus with fewer than two responses has no agreement (NaN). It counts nowhere.

    Attributes
    ----------
    per_stimulus : array of float, shape (stimuli,)
        p of Cheung et al., Eq. 1: share of pairs of raters who chose the same category.
    ratings : array of int, shape (stimuli,)
        Responses per stimulus.
    totals : array of float, shape (categories,)
        Responses per category, over the stimuli that count.
    """

    per_stimulus: Floats
    ratings: npt.NDArray[np.int64]
    totals: Floats

    @property
    def mean(self) -> float:
        """Mean agreement over stimuli, Fleiss' P."""
        counted = self.per_stimulus[~np.isnan(self.per_stimulus)]
        return float(counted.mean()) if len(counted) else float("nan")

    @property
    def expected(self) -> float:
        """Agreement expected by chance: the sum of squared shares of the categories, Fleiss' Pe."""
        return float(np.square(self.totals / max(self.totals.sum(), 1)).sum())

    @property
    def kappa(self) -> float:
        """Fleiss' kappa; NaN if all responses are the same category."""
        return float(kappa_of(np.float64(self.mean), np.float64(self.expected)))


def kappa_of(mean: npt.ArrayLike, expected: npt.ArrayLike) -> Floats:
    """Compute (P - Pe) / (1 - Pe); NaN where Pe is 1.

    Parameters
    ----------
    mean, expected : array_like
        P and Pe.

    References
    ----------
    Fleiss (1971), *Psychological Bulletin* 76(5), 378-382.
    """
    observed, chance = np.asarray(mean, dtype=float), np.asarray(expected, dtype=float)
    left = 1 - chance
    possible = left > 1e-12
    return np.where(possible, (observed - chance) / np.where(possible, left, 1), np.nan)


def pair_agreement(counts: Counts) -> Floats:
    """Compute the share of pairs of raters who agree, for each row of counts.

    Parameters
    ----------
    counts : array of int, shape (..., categories)
        Raters who chose each category.

    Returns
    -------
    array of float, shape (...)
        NaN where fewer than two raters responded.

    References
    ----------
    Cheung et al., *Let's disagree to agree*, Eq. 1.
    """
    n = counts.sum(axis=-1)
    squares = np.einsum("...j,...j->...", counts, counts)
    pairs = n * (n - 1)
    return np.where(pairs > 0, (squares - n) / np.maximum(pairs, 1), np.nan)


def agreement_of_counts(counts: npt.ArrayLike) -> StimulusAgreement:
    """Compute agreement from counts.

    Parameters
    ----------
    counts : array_like of int, shape (stimuli, categories)
        Raters who chose each category. The number of raters may differ between stimuli.

    Raises
    ------
    BehaviourFault
        If the counts are not a table of whole numbers of 0 or more.

    Examples
    --------
    >>> found = agreement_of_counts([[3, 0], [2, 1]])
    >>> found.per_stimulus.round(2).tolist()
    [1.0, 0.33]
    >>> round(found.kappa, 2)
    -0.2
    """
    table = np.asarray(counts)
    if table.ndim != 2 or table.shape[1] < 1:
        raise BehaviourFault(f"counts have the shape {table.shape}; expected (stimuli, categories)")
    whole = table.astype(np.int64) if np.isfinite(table).all() else np.full((1, 1), -1)
    if (whole < 0).any() or not (whole == table).all():
        raise BehaviourFault("counts must be whole numbers of 0 or more")
    ratings = whole.sum(axis=1)
    return StimulusAgreement(
        pair_agreement(whole), ratings, whole[ratings > 1].sum(axis=0).astype(float)
    )


def agreement(codes: Codes, categories: int) -> StimulusAgreement:
    """Compute agreement from responses, a few stimuli at a time.

    Parameters
    ----------
    codes : array of int, shape (raters, stimuli)
        Numbers of categories, -1 for none.
    categories : int
        Number of categories.
    """
    per_stimulus = np.full(codes.shape[1], np.nan)
    ratings = np.zeros(codes.shape[1], np.int64)
    totals = np.zeros(categories)
    for block, counts in tallies(codes, categories):
        part = agreement_of_counts(counts)
        per_stimulus[block], ratings[block] = part.per_stimulus, part.ratings
        totals += part.totals
    return StimulusAgreement(per_stimulus, ratings, totals)


def least_agreement(raters: int, categories: int) -> float:
    """Compute the lowest possible agreement: responses spread evenly over the categories.

    Parameters
    ----------
    raters, categories : int
        Responses to a stimulus, at least 2; number of categories.

    Returns
    -------
    float
        (n / c - 1) / (n - 1) if c divides n; 0 only if there are at least as many categories as
        raters.
    """
    each, more = divmod(raters, categories)
    counts = np.array([each + 1] * more + [each] * (categories - more))
    return float(pair_agreement(counts))
