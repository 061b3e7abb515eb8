"""The comparison of two representations: grids in both directions, with their scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt

from diptych_analysis.representations.faults import RepresentationFault
from diptych_analysis.representations.rdx.affinity import Float32, symmetric_affinities
from diptych_analysis.representations.rdx.distances import distances
from diptych_analysis.representations.rdx.grids import (
    Items,
    Pairs,
    greedy_grids,
    mean_affinity,
    nearest_grid,
    pagerank_grids,
    strongest_grid,
)
from diptych_analysis.representations.rdx.scores import success_rate
from diptych_analysis.representations.rdx.settings import Settings
from diptych_analysis.representations.rdx.spectral import spectral_clusters
from diptych_analysis.summary_display import Summarised, Table, number

Matrix = npt.NDArray[Any]
Watch = Callable[[str], None]
#: The steps of `compare`, as its `watch` names them.
#: Sizes of numbers whose squares and sums of squares are neither 0 nor infinite.
LEAST_SCALE, MOST_SCALE = 1e-100, 1e100
STEPS = ("distances in A", "distances in B", "affinities", "A against B", "B against A")
NO_DIFFERENCE = "the two representations order all neighbours alike: there is no difference to show"


@dataclass(frozen=True)
class Grid:
    """Items that one representation holds close and the other does not.

    Attributes
    ----------
    items : array of int, (k,)
        Rows of the items; the centre first. Fewer than k where the cluster is smaller.
    affinity : float
        Mean F over all ordered pairs. 1: no difference; `exp(beta)`: the greatest.
    success_rate : float
        BSR of this grid alone.
    cluster : array of int
        Items of the cluster that the grid stands for; the grid's own without clusters.
    """

    items: Items
    affinity: float
    success_rate: float
    cluster: Items


@dataclass(frozen=True)
class Direction:
    """What one representation holds close and the other does not.

    Attributes
    ----------
    grids : tuple of Grid
        By falling affinity.
    success_rate : float
        BSR over all pairs of all grids; NaN without grids.
    remarks : tuple of str
        What a reader should know: short grids, no difference.
    """

    grids: tuple[Grid, ...]
    success_rate: float
    remarks: tuple[str, ...] = ()

    @property
    def items(self) -> list[Items]:
        """Items of each grid."""
        return [grid.items for grid in self.grids]


@dataclass(frozen=True, repr=False)
class Comparison(Summarised):
    """Two representations of n items, compared in both directions.

    Attributes
    ----------
    forward, backward : Direction
        A against B, and B against A.
    n : int
        Number of items.
    settings : Settings
        How they were compared.
    pairs : Pairs
        Distances in A and in B.
    """

    forward: Direction
    backward: Direction
    n: int
    settings: Settings
    pairs: Pairs = field(repr=False)

    def summary(self) -> Table:
        """Return grids and success rate of both directions."""
        rows = [
            [name, str(len(found.grids)), number(found.success_rate)]
            for name, found in (("A, not B", self.forward), ("B, not A", self.backward))
        ]
        return f"Grids of {self.n:,} items", ["close in", "grids", "success rate"], rows

    def in_words(self) -> str:
        """Write the number of items and the settings, for a caption."""
        return self.settings.in_words(self.n)


def compare(
    a: Matrix,
    b: Matrix,
    settings: Settings | None = None,
    *,
    guides: tuple[Matrix | None, Matrix | None] = (None, None),
    jobs: int = 2,
    watch: Watch | None = None,
) -> Comparison:
    """Find what A holds close and B does not, and the reverse (Sec. 4.4).

    Parameters
    ----------
    a, b : array, (n, d_A) and (n, d_B)
        One row per item, in the same order.
    settings : Settings, optional
        Defaults are the published code's.
    guides : pair of array of labels (n,) or None
        Labels for A and for B. Items of different labels count as far apart (Sec. 4.7, utility).
    jobs : int
        Threads. Results do not depend on it.
    watch : callable, optional
        Gets the name of each of `STEPS` as it begins.

    Returns
    -------
    Comparison
        Grids of both directions.

    Raises
    ------
    RepresentationFault
        If rows differ in number, are too few, hold NaN or infinity, or are all the same.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> b = rng.normal(size=(200, 8))
    >>> a = b.copy()
    >>> a[:12] = 4 + 0.1 * rng.normal(size=(12, 8))
    >>> found = compare(a, b, Settings(grids=1))
    >>> sorted(set(found.forward.grids[0].items.tolist()) - set(range(12)))
    []
    """
    settings = settings or Settings()
    tell = watch or (lambda _: None)
    a, b = checked_rows("A", a, settings), checked_rows("B", b, settings)
    if len(a) != len(b):
        raise RepresentationFault(
            f"A has {len(a)} rows and B has {len(b)}: row i of both must be the same item"
        )
    for name, guide in zip("AB", guides, strict=True):
        if guide is not None and len(guide) != len(a):
            raise RepresentationFault(
                f"the guide of {name} has {len(guide)} labels for {len(a)} items: one per item"
            )
    tell(STEPS[0])
    near_a = distances(a, settings.distance, guide=guides[0], jobs=jobs)
    tell(STEPS[1])
    near_b = distances(b, settings.distance, guide=guides[1], jobs=jobs)
    return compare_distances(near_a, near_b, settings, jobs=jobs, watch=watch)


def compare_distances(
    a: Matrix,
    b: Matrix,
    settings: Settings,
    *,
    jobs: int = 2,
    watch: Watch | None = None,
    both: bool = True,
) -> Comparison:
    """Do the same from distances (n, n) as `distances` returns them; `both` directions, or A's."""
    tell = watch or (lambda _: None)
    pairs = Pairs(a, b, settings)
    if np.array_equal(a, b):
        none = Direction((), float("nan"), (NO_DIFFERENCE,))
        return Comparison(none, none, len(a), settings, pairs)
    graphs: tuple[Float32 | None, Float32 | None] = (None, None)
    if settings.sampling != "greedy":
        tell(STEPS[2])
        graphs = symmetric_affinities(a, b, settings, jobs=jobs)
    tell(STEPS[3])
    forward = _direction(pairs, graphs[0])
    if not both:
        return Comparison(forward, Direction((), float("nan")), len(a), settings, pairs)
    tell(STEPS[4])
    backward = _direction(pairs.swapped(), graphs[1])
    return Comparison(forward, backward, len(a), settings, pairs)


def checked_rows(name: str, values: Matrix, settings: Settings) -> Matrix:
    """Return rows as a float array (n, d).

    Raises
    ------
    RepresentationFault
        If they can't be compared, with the reason.
    """
    try:
        rows = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise RepresentationFault(f"{name} holds values that are no numbers: {error}") from None
    if rows.ndim != 2 or rows.shape[1] == 0:
        raise RepresentationFault(
            f"{name} has shape {rows.shape}: a table (items, features) is needed"
        )
    if len(rows) < settings.least_items:
        raise RepresentationFault(
            f"{name} has {len(rows)} items: {settings.grids} grids of {settings.size} need at "
            f"least {settings.least_items}"
        )
    bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if len(bad):
        raise RepresentationFault(
            f"{name} holds NaN or infinity in {len(bad)} of {len(rows)} rows, first in row "
            f"{bad[0]}: remove these items from both representations"
        )
    largest = float(np.abs(rows).max())
    if largest and not LEAST_SCALE <= largest <= MOST_SCALE:
        raise RepresentationFault(
            f"the largest number of {name} is {largest:g}; allowed are {LEAST_SCALE:g} to "
            f"{MOST_SCALE:g}, so that its square is a number: multiply all by one factor"
        )
    if (rows == rows[0]).all():
        raise RepresentationFault(f"all rows of {name} are the same: no item is near another")
    return rows


def _direction(pairs: Pairs, graph: Float32 | None) -> Direction:
    settings = pairs.settings
    remarks: list[str] = []
    if settings.sampling == "greedy":
        found = [(items, items) for items in islice(greedy_grids(pairs), settings.grids)]
    elif settings.sampling == "pagerank":
        assert graph is not None
        sampled = islice(pagerank_grids(graph, settings.size), settings.grids)
        found = [(items, items) for items in sampled]
    else:
        assert graph is not None
        found = _clustered(pairs, graph, remarks)
    grids = [
        Grid(items, mean_affinity(pairs, items), success_rate([items], pairs.a, pairs.b), cluster)
        for items, cluster in found
    ]
    grids.sort(key=lambda grid: -grid.affinity)
    if not grids:
        remarks.append(NO_DIFFERENCE)
    rate = success_rate([grid.items for grid in grids], pairs.a, pairs.b)
    return Direction(tuple(grids), rate, tuple(remarks))


def _clustered(pairs: Pairs, graph: Float32, remarks: list[str]) -> list[tuple[Items, Items]]:
    settings = pairs.settings
    labels = spectral_clusters(graph, settings.grids + 1, settings.seed)
    clusters = [np.flatnonzero(labels == label) for label in range(settings.grids + 1)]
    means = [_block_mean(graph, members) for members in clusters]
    del clusters[int(np.argmin(means))]  # it holds what both representations agree on
    choose = nearest_grid if settings.neighbours == "nearest" else strongest_grid
    found = []
    for members in clusters:
        if len(members) < 2:
            remarks.append(f"a cluster of {len(members)} item has no pair: it gives no grid")
            continue
        if len(members) < settings.size:
            remarks.append(
                f"a cluster of {len(members)} items gives a grid of {len(members)}, not "
                f"{settings.size}"
            )
        found.append((choose(pairs, members), members))
    return found


def _block_mean(graph: Float32, members: Items) -> float:
    """Average the affinity of a cluster; pairs of an item with itself count as 1."""
    if not len(members):
        return -np.inf
    block = graph[np.ix_(members, members)]
    return float((block.sum(dtype=np.float64) + len(members)) / len(members) ** 2)
