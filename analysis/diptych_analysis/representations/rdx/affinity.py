"""Differences of two sets of distances, and the affinity of items that only A holds close."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from diptych_analysis.representations.rdx.distances import in_threads
from diptych_analysis.representations.rdx.settings import Settings

Matrix = npt.NDArray[Any]
Float32 = npt.NDArray[np.float32]
_TILE = 512


def difference(a: Matrix, b: Matrix, settings: Settings, *, items: int) -> Float32:
    """Compute G: negative where a pair is closer in A (Eq. 4.1).

    The published code adds 1 to the smaller distance. Without it, the diagonal divides 0 by 0.

    Parameters
    ----------
    a, b : array of any one shape
        Distances of the same pairs in A and in B, from 0 to `items` - 1.
    settings : Settings
        gamma and difference.
    items : int
        n.

    Returns
    -------
    array of float32, same shape
        From -1 to 1. Swapping a and b changes the sign and nothing else.
    """
    found = a.astype(np.float32)
    other = b.astype(np.float32)
    smaller = np.minimum(found, other)
    found -= other
    if settings.difference == "subtract":
        found /= np.float32(max(items - 1, 1))
        return found
    smaller += np.float32(1)
    found /= smaller
    found *= np.float32(settings.gamma)
    return np.tanh(found, out=found)


def affinity(a: Matrix, b: Matrix, settings: Settings, *, items: int) -> Float32:
    """Compute F = exp(-beta G): above 1 where a pair is closer in A (Sec. 4.4.3).

    Parameters and returned shape as in `difference`. The reverse direction is 1 / F.
    """
    found = difference(a, b, settings, items=items)
    found *= np.float32(-settings.beta)
    return np.exp(found, out=found)


def symmetric_affinities(
    a: Matrix, b: Matrix, settings: Settings, *, jobs: int = 2
) -> tuple[Float32, Float32]:
    """Average F with its transpose, in both directions at once.

    Parameters
    ----------
    a, b : array, (n, n)
        Distances in A and in B.
    settings : Settings
        How they are compared.
    jobs : int
        Threads.

    Returns
    -------
    forward, backward : array of float32, (n, n)
        Symmetric affinities of A against B, and of B against A. Their diagonals are 0: an item is
        no neighbour of its own in the graph.
    """
    n = len(a)
    forward, backward = np.empty((n, n), np.float32), np.empty((n, n), np.float32)

    def fill(tile: tuple[int, int]) -> None:
        rows, columns = (slice(first, first + _TILE) for first in tile)
        upper = affinity(a[rows, columns], b[rows, columns], settings, items=n)
        lower = affinity(a[columns, rows], b[columns, rows], settings, items=n).T
        forward[rows, columns] = half = (upper + lower) / 2
        np.reciprocal(upper, out=upper)
        backward[rows, columns] = other = (upper + np.reciprocal(lower)) / 2
        if tile[0] != tile[1]:
            forward[columns, rows] = half.T
            backward[columns, rows] = other.T

    starts = range(0, n, _TILE)
    in_threads(fill, [(i, j) for i in starts for j in starts if i <= j], jobs)
    np.fill_diagonal(forward, 0)
    np.fill_diagonal(backward, 0)
    return forward, backward
