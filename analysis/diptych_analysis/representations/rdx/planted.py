"""Representations with planted differences: RDX has a known answer on them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Items = npt.NDArray[np.int64]
#: Clusters that both representations share.
_SHARED = 8


def planted_groups(
    n: int, groups: int, size: int, *, features: int = 16, seed: int = 0
) -> tuple[Floats, Floats, list[Items]]:
    """Draw two noisy copies of the same clusters, and groups that are compact in A alone.

    Parameters
    ----------
    n : int
        Number of items.
    groups, size : int
        Number of groups, and items per group. In B, their items are scattered.
    features : int
        Columns of A and of B.
    seed : int
        Seeds all draws.

    Returns
    -------
    a, b : array, (n, features)
        The representations.
    known : list of array of int, (size,)
        Rows of each group.
    """
    rng = np.random.default_rng(seed)
    shared = 3 * rng.normal(size=(_SHARED, features))[rng.integers(0, _SHARED, n)]
    a, b = (shared + rng.normal(size=(n, features)) for _ in range(2))
    known = list(rng.permutation(n)[: groups * size].reshape(groups, size))
    for items in known:
        a[items] = 4 * rng.normal(size=features) + 0.3 * rng.normal(size=(size, features))
    return a, b, known
