"""How many raters a stimulus needs before its agreement says something about the stimulus.

Agreement of one stimulus is a U-statistic: the mean over all pairs of raters of "they chose the
same". Its variance over other raters of the same population follows from the counts (Hoeffding
1948, for pairs): 4 (n - 2) / (n (n - 1)) z1 + 2 / (n (n - 1)) z2, where z1 = sum pi^3 - s^2,
z2 = s - s^2, s = sum pi^2, and pi are the population's shares of the categories.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from diptych_analysis.behaviour.responses import Floats
from diptych_analysis.behaviour.tallies import Counts

#: More raters than this are never advised.
MOST_RATERS = 10_000


@dataclass(frozen=True)
class Noise:
    """Variance of agreement between stimuli and within them.

    Attributes
    ----------
    variance : float
        Variance of the population's agreement over stimuli; 0 if noise explains all of it.
    z1, z2 : float
        Means over stimuli of the two parts of the noise.
    stimuli : int
        Stimuli with at least four responses, from which this is estimated.
    """

    variance: float
    z1: float
    z2: float
    stimuli: int

    def noise(self, raters: float) -> float:
        """Compute the mean noise variance of a stimulus's agreement with this many raters."""
        pairs = raters * (raters - 1)
        return (4 * (raters - 2) * self.z1 + 2 * self.z2) / pairs

    def reliability(self, raters: float) -> float:
        """Compute the share of the variance that is not noise, with this many raters."""
        whole = self.variance + self.noise(raters)
        return self.variance / whole if whole > 0 else float("nan")

    def correlation(self, raters: float) -> float:
        """Compute the correlation of agreement with the population's, over stimuli."""
        return float(np.sqrt(self.reliability(raters)))

    def raters_for(self, correlation: float) -> int | None:
        """Find the fewest raters whose agreement correlates this much with the population's.

        Returns
        -------
        int or None
            None if the stimuli do not differ, or 10,000 raters do not suffice.
        """
        if not self.variance > 0 or self.correlation(MOST_RATERS) < correlation:
            return None
        low, high = 2, MOST_RATERS
        while low < high:
            middle = (low + high) // 2
            low, high = (
                (low, middle) if self.correlation(middle) >= correlation else (middle + 1, high)
            )
        return low


def moments(counts: Counts) -> tuple[Floats, Floats, Floats]:
    """Estimate s, sum pi^3 and s^2 of each stimulus without bias.

    Parameters
    ----------
    counts : array of int, shape (stimuli, categories)
        At least four responses each.

    Returns
    -------
    s, cubes, s_squared : array of float, shape (stimuli,)
        Shares of ordered pairs, triples and pairs of pairs of different raters who agree.
    """
    t = np.asarray(counts, dtype=float)
    n = t.sum(axis=1)
    twos = (t * (t - 1)).sum(axis=1)
    threes = (t * (t - 1) * (t - 2)).sum(axis=1)
    # Pairs of pairs that share one rater (four ways) or both (two ways) are taken out.
    fours = twos**2 - 4 * threes - 2 * twos
    return (
        twos / (n * (n - 1)),
        threes / (n * (n - 1) * (n - 2)),
        fours / (n * (n - 1) * (n - 2) * (n - 3)),
    )


def agreement_noise(blocks: Iterable[Counts]) -> Noise:
    """Estimate how much agreement differs between stimuli, and how noisy it is.

    Parameters
    ----------
    blocks : iterable of arrays of int, each of shape (stimuli, categories)
        Counts; stimuli with fewer than four responses are left out.
    """
    found = [_block(part) for part in blocks]
    s, z1, z2, noise = (np.concatenate([each[i] for each in found]) for i in range(4))
    if len(s) < 2:
        return Noise(float("nan"), float("nan"), float("nan"), len(s))
    variance = float(s.var(ddof=1) - noise.mean())
    return Noise(max(variance, 0.0), float(z1.mean()), float(z2.mean()), len(s))


def _block(counts: Counts) -> tuple[Floats, Floats, Floats, Floats]:
    kept = counts[counts.sum(axis=1) > 3]
    s, cubes, squared = moments(kept)
    n = kept.sum(axis=1).astype(float)
    z1, z2 = cubes - squared, s - squared
    return s, z1, z2, (4 * (n - 2) * z1 + 2 * z2) / (n * (n - 1))
