"""Bootstrap intervals of similarities: images are drawn again, with all their patches."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from diptych_analysis.representations.rsvc.layerwise import standardised

Floats = npt.NDArray[np.float64]
DRAWS = 1000


def similarity_intervals(
    left: Floats,
    right: Floats,
    images: npt.NDArray[np.int64],
    *,
    draws: int = DRAWS,
    level: float = 0.95,
    seed: int = 0,
) -> tuple[Floats, Floats]:
    """Bound the correlation of each column of one table with the same column of another.

    Parameters
    ----------
    left, right : npt.NDArray[np.float64]
        Shape (n, k).
    images : npt.NDArray[np.int64]
        Image of each row, shape (n,). Patches of an image are not independent.
    draws : int, optional
        Bootstrap samples.
    level : float, optional
        Coverage.
    seed : int, optional
        Of the samples.

    Returns
    -------
    low, high : npt.NDArray[np.float64]
        Percentiles, shape (k,). 0 where a column is constant, also within a sample.
    """
    names, owner = np.unique(images, return_inverse=True)
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=draws)
    # Standardised columns keep the sums below well conditioned.
    x, y = standardised(left), standardised(right)
    parts = np.concatenate([x, y, x * x, y * y, x * y], axis=1)
    sums = np.zeros((len(names), parts.shape[1]))
    np.add.at(sums, owner, parts)
    n = counts @ np.bincount(owner)
    sx, sy, sxx, syy, sxy = np.split(counts @ sums / n[:, None], 5, axis=1)
    spread = np.sqrt(np.maximum(sxx - sx * sx, 0) * np.maximum(syy - sy * sy, 0))
    flat = spread <= 1e-14
    found = np.where(flat, 0.0, (sxy - sx * sy) / np.where(flat, 1.0, spread))
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high
