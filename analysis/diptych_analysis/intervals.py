"""Intervals around proportions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Z95 = 1.959963984540054


def wilson(
    right: npt.ArrayLike, n: npt.ArrayLike, z: float = Z95
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Compute Wilson's score interval of a proportion, low and high; 0 to 1 without counts."""
    import numpy as np

    k, m = np.asarray(right, dtype=float), np.asarray(n, dtype=float)
    safe = np.maximum(m, 1)
    p = k / safe
    middle = (p + z**2 / (2 * safe)) / (1 + z**2 / safe)
    half = z / (1 + z**2 / safe) * np.sqrt(p * (1 - p) / safe + z**2 / (4 * safe**2))
    nothing = m == 0
    return np.where(nothing, 0.0, middle - half), np.where(nothing, 1.0, middle + half)


def bayesian(
    right: npt.ArrayLike, n: npt.ArrayLike, level: float = 0.95
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Compute the equal-tailed posterior interval of a proportion under a uniform prior.

    The posterior is Beta(right + 1, n - right + 1).

    Parameters
    ----------
    right, n : array_like
        Counts, and of how many.
    level : float
        Probability inside the interval.

    Returns
    -------
    low, high : ndarray
    """
    import numpy as np
    from scipy.stats import beta

    k, m = np.asarray(right, dtype=float), np.asarray(n, dtype=float)
    tail = (1 - level) / 2
    found = beta.ppf(np.array([tail, 1 - tail]).reshape(2, *[1] * k.ndim), k + 1, m - k + 1)
    return found[0], found[1]
