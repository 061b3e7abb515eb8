"""Scores of grids: success rate, overlap of two sets of grids, and recall of known differences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[Any]
Grid = npt.NDArray[np.int64]


def success_rate(grids: Iterable[Grid], a: Matrix, b: Matrix) -> float:
    """Compute the binary success rate: how often a pair of a grid is closer in A (Sec. 4.4.5).

    Ordered pairs count, since ranks are not symmetric. A tie is no success. The rate has no zero:
    random grids reach about 0.5, and neighbours in A reach more without any difference. Compare it
    with the null distribution.

    Parameters
    ----------
    grids : iterable of array of int, (k,)
        Items of each grid.
    a, b : array, (n, n)
        Distances in A and in B.

    Returns
    -------
    float
        From 0 to 1; NaN without pairs.
    """
    won = pairs = 0
    for items in grids:
        inside = np.ix_(items, items)
        closer = a[inside] < b[inside]
        won += int(closer.sum() - np.trace(closer))
        pairs += len(items) * (len(items) - 1)
    return won / pairs if pairs else float("nan")


def matched_overlap(first: Sequence[Grid], second: Sequence[Grid]) -> float:
    """Average the Jaccard overlap of two sets of grids, in the pairing that makes it greatest.

    Parameters
    ----------
    first, second : sequence of array of int
        Grids or clusters.

    Returns
    -------
    float
        From 0 to 1; grids without a partner count as 0, two empty sets as 1.
    """
    from scipy.optimize import linear_sum_assignment

    if not first and not second:
        return 1.0
    if not first or not second:
        return 0.0
    overlaps = np.array([[_jaccard(x, y) for y in second] for x in first])
    rows, columns = linear_sum_assignment(-overlaps)
    return float(overlaps[rows, columns].sum() / max(len(first), len(second)))


def _jaccard(x: Grid, y: Grid) -> float:
    common = len(np.intersect1d(x, y))
    return common / (len(x) + len(y) - common)


def recall(grids: Sequence[Grid], known: Sequence[Grid], *, purity: float = 2 / 3) -> float:
    """Compute the share of known groups of items that some grid shows.

    Parameters
    ----------
    grids, known : sequence of array of int
        Items of each grid, and of each known group.
    purity : float
        Least share of a grid's items that belong to the group it shows.

    Returns
    -------
    float
        From 0 to 1.
    """
    shown = [any(np.isin(g, group).mean() >= purity for g in grids if len(g)) for group in known]
    return float(np.mean(shown)) if shown else float("nan")
