"""Distances between items that two representations can share: ranks, or scaled distances.

All work goes in tiles of a fixed height, so one thread and several give the same bytes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from diptych_analysis.representations.rdx.settings import Distance

Matrix = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
#: Rows of one tile. Fixed: a product's last bits depend on its height.
TILE = 128
#: Squared distances below this share of the greatest squared norm are rounding errors.
_ROUNDING = 1e-13
#: Neighbour whose distance scales `local` distances.
LOCAL_NEIGHBOUR = 7
#: How far apart, in greatest distances, guidance puts items of different labels.
GUIDANCE_FACTOR = 5.0


def distances(
    values: Matrix,
    kind: Distance = "rank",
    *,
    guide: Matrix | None = None,
    jobs: int = 2,
) -> Matrix:
    """Compute distances of all pairs of items, in units from 0 to n - 1.

    Parameters
    ----------
    values : array, (n, d)
        One row per item; finite.
    kind : {"rank", "symmetric_rank", "max", "local"}
        See `Settings`.
    guide : array, (n,), optional
        Labels. Items of different labels get `GUIDANCE_FACTOR` times the greatest distance more.
    jobs : int
        Threads.

    Returns
    -------
    array, (n, n)
        int16 or int32 ranks, or float32 distances. Row i belongs to item i; its own distance is 0.
    """
    if kind == "rank":
        return ranks(values, guide=guide, jobs=jobs)
    if kind == "symmetric_rank":
        own = ranks(values, guide=guide, jobs=jobs).astype(np.float32)
        return (own + own.T) / 2
    found = _euclidean(values, guide, jobs)
    if kind == "local":
        neighbour = min(LOCAL_NEIGHBOUR, len(found) - 1)
        scale = np.partition(found, neighbour, axis=1)[:, neighbour]
        scale = np.maximum(scale, np.finfo(np.float32).tiny ** 0.25)
        found = found**2 / (scale[:, None] * scale[None, :])
    return np.asarray(found * ((len(found) - 1) / found.max()), dtype=np.float32)


def ranks(values: Matrix, *, guide: Matrix | None = None, jobs: int = 2) -> Matrix:
    """Rank all items by their distance from each item (Sec. 4.4.1).

    Items at the same distance keep the order of their rows. The item itself has rank 0, also if it
    has duplicates.

    Parameters
    ----------
    values : array, (n, d)
        One row per item.
    guide : array, (n,), optional
        Labels, see `distances`.
    jobs : int
        Threads.

    Returns
    -------
    array of int16 (int32 above 32,767 items), (n, n)
        Row i: the rank of each item among the distances from item i.
    """
    squared = _Squared(values, guide)
    n = squared.n
    found = np.empty((n, n), dtype=np.int16 if n <= np.iinfo(np.int16).max else np.int32)
    places = np.arange(n, dtype=found.dtype)[None]
    columns = np.arange(n, dtype=np.uint64)[None]

    def fill(first: int) -> None:
        near = squared.tile(first).astype(np.float32)
        # Floats from 0 on have the order of their bits. With the column behind them, one sort of
        # whole numbers breaks ties by row, and is faster than an argsort.
        keys = near.view(np.uint32).astype(np.uint64)
        keys += 1
        keys[np.arange(len(keys)), np.arange(first, first + len(keys))] = 0
        keys <<= np.uint64(32)
        keys |= columns
        keys.sort(axis=1)
        order = (keys & np.uint64(0xFFFFFFFF)).astype(np.int64)
        np.put_along_axis(found[first : first + len(near)], order, places, axis=1)

    in_threads(fill, range(0, n, TILE), jobs)
    return found


def _euclidean(values: Matrix, guide: Matrix | None, jobs: int) -> npt.NDArray[np.float32]:
    squared = _Squared(values, guide)
    found = np.empty((squared.n, squared.n), dtype=np.float32)

    def fill(first: int) -> None:
        near = np.sqrt(squared.tile(first))
        found[first : first + len(near)] = near

    in_threads(fill, range(0, squared.n, TILE), jobs)
    return found


class _Squared:
    """Squared Euclidean distances, a tile of rows at a time."""

    def __init__(self, values: Matrix, guide: Matrix | None) -> None:
        rows = np.asarray(values, dtype=np.float64)
        # Distances do not change; the rounding of large means goes away.
        self._rows = rows - rows.mean(axis=0)
        self._norms = np.einsum("ij,ij->i", self._rows, self._rows)
        self._labels = None if guide is None else np.unique(guide, return_inverse=True)[1]
        self._far = 0.0 if guide is None else self._greatest()
        self.n = len(rows)

    def tile(self, first: int, *, guided: bool = True) -> Floats:
        """Squared distances from items first, first + 1, … to all: (at most TILE, n)."""
        rows = self._rows[first : first + TILE]
        height = len(rows)
        if height < TILE:
            rows = np.vstack([rows, np.zeros((TILE - height, rows.shape[1]))])
        near = rows @ self._rows.T
        near *= -2
        near += self._norms
        near = near[:height]
        near += self._norms[first : first + height, None]
        near[near < _ROUNDING * self._norms.max()] = 0
        near[np.arange(height), np.arange(first, first + height)] = 0
        if guided and self._labels is not None:
            other = self._labels[first : first + height, None] != self._labels[None]
            near[other] = (np.sqrt(near[other]) + GUIDANCE_FACTOR * self._far) ** 2
        return np.asarray(near)

    def _greatest(self) -> float:
        tiles = range(0, len(self._rows), TILE)
        return float(np.sqrt(max(self.tile(first, guided=False).max() for first in tiles)))


def in_threads(task: Callable[[Any], None], each: Iterable[Any], jobs: int) -> None:
    """Call `task` for each, in threads whose matrix products use one thread each."""
    from threadpoolctl import threadpool_limits

    jobs = min(max(jobs, 1), os.cpu_count() or 1)
    with threadpool_limits(1), ThreadPoolExecutor(jobs) as pool:
        for _ in pool.map(task, each):
            pass
