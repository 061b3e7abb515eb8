"""Grids: the few items of a cluster, or of all items, that show a difference best (Sec. 4.4.3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from diptych_analysis.representations.rdx.affinity import affinity
from diptych_analysis.representations.rdx.settings import Settings

Matrix = npt.NDArray[Any]
Items = npt.NDArray[np.int64]
#: Greedy sampling blocks this many grids' worth of items around each grid.
_BLOCKED_GRIDS = 3
_DAMPING, _STEPS = 0.85, 100
#: Centres whose neighbourhoods are scored at once.
_CHUNK = 2048


@dataclass(frozen=True)
class Pairs:
    """Distances in A and in B, and the affinities F that follow, computed where they are needed.

    Attributes
    ----------
    a, b : array, (n, n)
        Distances in A and in B.
    settings : Settings
        How they are compared.
    """

    a: Matrix
    b: Matrix
    settings: Settings

    def affinity(self, rows: Items, columns: Items) -> npt.NDArray[np.float32]:
        """F of index arrays that broadcast against each other; not symmetric."""
        a, b = self.a[rows, columns], self.b[rows, columns]
        return affinity(a, b, self.settings, items=len(self.a))

    def swapped(self) -> Pairs:
        """Return the other direction."""
        return Pairs(self.b, self.a, self.settings)


def mean_affinity(pairs: Pairs, items: Items) -> float:
    """Average F over all ordered pairs of two different items of a grid."""
    block = pairs.affinity(items[:, None], items[None])
    k = len(items)
    return float((block.sum(dtype=np.float64) - np.trace(block, dtype=np.float64)) / (k * (k - 1)))


def nearest_grid(pairs: Pairs, members: Items) -> Items:
    """Choose a member and its k nearest, by the sum of F over all pairs: the published code.

    Parameters
    ----------
    pairs : Pairs
        Distances and affinities.
    members : array of int, (c,)
        Items of a cluster.

    Returns
    -------
    array of int, (min(k, c),)
        The chosen member first, then its neighbours in A by distance.
    """
    near = neighbourhoods(pairs.a[np.ix_(members, members)], pairs.settings.size)
    grids = members[near]
    return np.asarray(grids[np.argmax(all_pairs(pairs, grids))])


def neighbourhoods(distances: Matrix, size: int) -> Items:
    """Order the `size` nearest of each row's item, itself first: (rows, size).

    Ties keep the order of the columns.
    """
    size = min(size, distances.shape[1])
    return np.argsort(distances, axis=1, kind="stable")[:, :size].astype(np.int64)


def all_pairs(pairs: Pairs, grids: Items) -> npt.NDArray[np.float64]:
    """Sum F over all ordered pairs of each grid: (grids, k) -> (grids,)."""
    found = np.empty(len(grids))
    for first in range(0, len(grids), _CHUNK):
        part = grids[first : first + _CHUNK]
        block = pairs.affinity(part[:, :, None], part[:, None, :])
        found[first : first + _CHUNK] = block.sum(axis=(1, 2), dtype=np.float64)
    return found


def strongest_grid(pairs: Pairs, members: Items) -> Items:
    """Choose a member and its strongest affinities, by the sum of these edges: the published text.

    Such a grid is a star: its outer items need not be close to each other (Sec. 4.9.1). Parameters
    and returned array as in `nearest_grid`.
    """
    found = pairs.affinity(members[:, None], members[None])
    symmetric = (found + found.T) / 2
    np.fill_diagonal(symmetric, np.inf)
    size = min(pairs.settings.size, len(members))
    near = np.argsort(-symmetric, axis=1, kind="stable")[:, :size]
    edges = np.take_along_axis(symmetric, near[:, 1:], axis=1).sum(axis=1, dtype=np.float64)
    return np.asarray(members[near[np.argmax(edges)]])


def greedy_grids(pairs: Pairs) -> Iterator[Items]:
    """Take the best-scoring neighbourhood, block the items around it, and repeat.

    Needs no clusters and no right number of grids.

    Yields
    ------
    array of int, (k,)
        Grids by falling sum of F; no two share an item.
    """
    n, size = len(pairs.a), pairs.settings.size
    around = _nearest_of_all(pairs.a, min(_BLOCKED_GRIDS * size, n))
    grids = around[:, :size]
    order = np.argsort(-all_pairs(pairs, grids), kind="stable")
    blocked = np.zeros(n, dtype=bool)
    for centre in order:
        if not blocked[grids[centre]].any():
            blocked[around[centre]] = True
            yield grids[centre]


def _nearest_of_all(distances: Matrix, size: int) -> Items:
    parts = [
        neighbourhoods(distances[first : first + _CHUNK], size)
        for first in range(0, len(distances), _CHUNK)
    ]
    return np.concatenate(parts)


def pagerank_grids(symmetric: npt.NDArray[np.float32], size: int) -> Iterator[Items]:
    """Take the node of highest PageRank and its strongest edges, remove them, repeat (Sec. 4.9.4).

    Parameters
    ----------
    symmetric : array of float32, (n, n)
        Symmetric affinities with a zero diagonal.
    size : int
        k.

    Yields
    ------
    array of int, (k,)
        The node first, then the ends of its strongest edges.
    """
    left = np.arange(len(symmetric))
    while len(left) >= size:
        graph = symmetric[np.ix_(left, left)]
        top = int(np.argmax(page_ranks(graph)))
        edges = graph[top].copy()
        edges[top] = np.inf
        chosen = np.argsort(-edges, kind="stable")[:size]
        yield left[chosen]
        left = np.delete(left, chosen)


def page_ranks(graph: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Compute PageRank of each node of a weighted graph by power iteration: (n, n) -> (n,)."""
    n = len(graph)
    weights = np.maximum(graph.sum(axis=1, dtype=np.float64), np.finfo(np.float64).tiny)
    found = np.full(n, 1 / n)
    for _ in range(_STEPS):
        shared = graph.T @ (found / weights).astype(np.float32)
        following = _DAMPING * shared + (1 - _DAMPING) / n
        following = following / following.sum(dtype=np.float64)
        moved = float(np.abs(following - found).sum())
        found = following
        if moved < 1e-7:
            break
    return np.asarray(found, dtype=np.float64)
