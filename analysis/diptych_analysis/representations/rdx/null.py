"""How strong grids get when two representations differ by noise alone.

BSR and affinity have no zero: noise alone gives grids of high affinity. Here, B is replaced by A
with local noise, as much of it as makes the neighbours of A's neighbours as scattered as they are
in B. Whatever grids this pair has do not show a difference. Repeated, they give the null
distribution of the strongest grid.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from diptych_analysis.representations.rdx.comparison import Comparison, compare_distances
from diptych_analysis.representations.rdx.distances import distances

Matrix = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]
Random = np.random.Generator
#: Neighbours whose differences are the noise of an item.
_LOCAL = 20
_ROWS, _BISECTIONS, _MOST_NOISE = 300, 18, 64.0


@dataclass(frozen=True)
class Null:
    """Null distribution of one direction.

    Attributes
    ----------
    noise : float
        Added noise, in differences of two near neighbours.
    affinities : array, (draws,)
        Affinity of the strongest grid of each draw.
    success_rates : array, (draws,)
        BSR of each draw.
    affinity_p : tuple of float
        For each observed grid: share of draws (the observed one included) whose strongest grid
        has at least this affinity. Corrected for the number of grids, since each draw gives its
        greatest.
    affinity_z : tuple of float
        For each observed grid: standard deviations above the mean draw.
    success_rate_p, success_rate_z : float
        The same for the BSR of the direction.
    """

    noise: float
    affinities: Floats
    success_rates: Floats
    affinity_p: tuple[float, ...]
    affinity_z: tuple[float, ...]
    success_rate_p: float
    success_rate_z: float

    def significant(self, level: float = 0.05) -> int:
        """Count the grids with p at or below a level."""
        return sum(p <= level for p in self.affinity_p)

    def in_words(self, level: float = 0.05) -> str:
        """Say in a sentence how many grids are stronger than those of the noisy copies."""
        found, of = self.significant(level), len(self.affinity_p)
        least = 1 / (len(self.affinities) + 1)
        if least > level:
            return f"With {len(self.affinities)} copies no p is below {least:.2f}: take more."
        some = f"{found} of {of} grids" if found else "No grid"
        verb = "are" if found > 1 else "is"
        return f"{some} {verb} stronger than those of the noisy copies (p at most {level:g})."

    def as_dict(self) -> dict[str, Any]:
        """As JSON stores it."""
        return {
            "noise": self.noise,
            "draws": len(self.affinities),
            "affinity_mean": float(self.affinities.mean()),
            "affinity_greatest": float(self.affinities.max()),
            "success_rate_mean": float(np.nanmean(self.success_rates)),
            "success_rate_p": self.success_rate_p,
            "success_rate_z": self.success_rate_z,
            "affinity_p": list(self.affinity_p),
            "affinity_z": list(self.affinity_z),
        }


def null_distribution(
    a: Matrix,
    found: Comparison,
    *,
    backward: bool = False,
    draws: int = 39,
    seed: int = 0,
    jobs: int = 2,
    watch: Callable[[int, int], None] | None = None,
) -> Null:
    """Compare A with noisy copies of itself, as unlike A as B is.

    Parameters
    ----------
    a : array, (n, d)
        The representation whose grids are tested: A, or B with `backward`.
    found : Comparison
        The comparison to test.
    backward : bool
        Test B against A.
    draws : int
        Noisy copies. 19 is the least with which p can be 0.05.
    seed : int
        Seeds the noise.
    jobs : int
        Threads.
    watch : callable, optional
        Gets the number of finished draws, and of all.

    Returns
    -------
    Null
        p and z of each grid, and of the BSR.
    """
    rows = np.asarray(a, dtype=np.float64)
    pairs = found.pairs.swapped() if backward else found.pairs
    observed = found.backward if backward else found.forward
    rng = np.random.default_rng([seed, int(backward)])
    near = _neighbours(pairs.a)
    scatter = _median_scatter(pairs.a, pairs.b)
    noise = _matched_noise(rows, pairs.a, near, scatter, rng)
    top, rates = [], []
    for draw in range(draws):
        copy = rows + noise * _local_noise(rows, near, rng)
        other = distances(copy, found.settings.distance, jobs=jobs)
        drawn = compare_distances(pairs.a, other, found.settings, jobs=jobs, both=False).forward
        top.append(max((grid.affinity for grid in drawn.grids), default=1.0))
        rates.append(drawn.success_rate)
        if watch is not None:
            watch(draw + 1, draws)
    affinities, success = np.array(top), np.array(rates)
    return Null(
        noise,
        affinities,
        success,
        tuple(_p(grid.affinity, affinities) for grid in observed.grids),
        tuple(_z(grid.affinity, affinities) for grid in observed.grids),
        _p(observed.success_rate, success),
        _z(observed.success_rate, success),
    )


def _p(value: float, null: Floats) -> float:
    return float((1 + (null >= value).sum()) / (1 + len(null)))


def _z(value: float, null: Floats) -> float:
    spread = float(np.nanstd(null, ddof=1))
    return float((value - np.nanmean(null)) / spread) if spread > 0 else float("nan")


def _neighbours(near: Matrix) -> npt.NDArray[np.int64]:
    """Find the nearest items of each, without itself: (n, _LOCAL)."""
    count = min(_LOCAL, len(near) - 1)
    found = np.argpartition(near, count, axis=1)[:, : count + 1]
    own = np.arange(len(near))[:, None]
    # The item itself goes to the end, and is cut off.
    order = np.argsort(found == own, axis=1, kind="stable")
    return np.take_along_axis(found, order, axis=1)[:, :count].astype(np.int64)


def _local_noise(rows: Floats, near: npt.NDArray[np.int64], rng: Random) -> Floats:
    """For each item, the difference of two of its neighbours: noise of the local shape."""
    n, count = near.shape
    first, second = (rng.integers(0, count, n) for _ in range(2))
    own = np.arange(n)
    return np.asarray(rows[near[own, first]] - rows[near[own, second]])


def _median_scatter(a: Matrix, b: Matrix) -> float:
    """Median over items of how far, in log ranks, A's nearest neighbours are in B."""
    count = min(8, len(a) - 1)
    near = np.argpartition(a, count, axis=1)[:, : count + 1]
    return float(np.median(np.log1p(np.take_along_axis(b, near, axis=1)).mean(axis=1)))


def _matched_noise(
    rows: Floats, a: Matrix, near: npt.NDArray[np.int64], wanted: float, rng: Random
) -> float:
    """Find the noise whose copy of A scatters A's neighbours as B does."""
    noise = _local_noise(rows, near, rng)
    low, high = 0.0, _MOST_NOISE
    chosen = np.sort(rng.permutation(len(rows))[: max(_ROWS, 2)])
    for _ in range(_BISECTIONS):
        middle = (low * high) ** 0.5 if low > 0 else high / 2 if high > 1e-3 else 0.0
        if middle == 0:
            break
        copy = rows + middle * noise
        if _scatter_of_rows(copy, a, chosen) < wanted:
            low = middle
        else:
            high = middle
    return high


def _scatter_of_rows(copy: Floats, a: Matrix, chosen: npt.NDArray[np.int64]) -> float:
    centred = copy - copy.mean(axis=0)
    norms = np.einsum("ij,ij->i", centred, centred)
    squared = norms[chosen, None] + norms - 2 * centred[chosen] @ centred.T
    squared[np.arange(len(chosen)), chosen] = -1
    order = np.argsort(squared, axis=1)
    places = np.empty_like(order)
    np.put_along_axis(places, order, np.arange(len(copy))[None], axis=1)
    return _median_scatter(a[chosen], places)
