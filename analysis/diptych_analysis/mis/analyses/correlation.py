"""Pearson's and Spearman's correlation of two lists."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

FEWEST = 3


@dataclass(frozen=True)
class Correlation:
    """Both coefficients, and of how many points; NaN where they say nothing."""

    pearson: float
    spearman: float
    n: int

    @property
    def words(self) -> str:
        """For a subtitle."""
        if np.isnan(self.pearson):
            return f"no correlation from {self.n} point{'' if self.n == 1 else 's'}"
        return f"Pearson {self.pearson:+.2f}, Spearman {self.spearman:+.2f}"


def correlate(x: npt.ArrayLike, y: npt.ArrayLike) -> Correlation:
    """Return the correlation of the pairs of which both are numbers.

    NaN for fewer than three pairs (two always lie on a line) and where one list is constant.
    """
    a, b = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    known = np.isfinite(a) & np.isfinite(b)
    a, b = a[known], b[known]
    if len(a) < FEWEST:
        return Correlation(float("nan"), float("nan"), len(a))
    return Correlation(_pearson(a, b), _pearson(rankdata(a), rankdata(b)), len(a))


def _pearson(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> float:
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    a, b = a - a.mean(), b - b.mean()
    return float(np.clip(a @ b / np.sqrt((a @ a) * (b @ b)), -1, 1))
