"""Trials about grids of `diptych rdx`: which images each shows, and which is right.

The designs have the numbers of the plan of user studies. E1: a grid against images that the other
representation holds as near. E2: grids of A against grids of B. E4: the neighbours of an image.
E5: one outsider among eight of a cluster.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from diptych_analysis.representations.faults import RepresentationFault
from diptych_analysis.representations.rdx.grids import Items, Pairs
from diptych_analysis.representations.rdx.saved import SavedGrid, SavedRun

Floats = npt.NDArray[np.float64]
#: Designs whose items this module chooses; see `grid_misses` for E3 and `grid_lesson` for E6.
DESIGNS = ("E1", "E2", "E4", "E5")
ALL_DESIGNS = ("E1", "E2", "E3", "E4", "E5", "E6")
MOST = 16  # images per side that a task can show
ODD_ONES = 8  # images of the cluster in a trial of E5


@dataclass(frozen=True)
class Wanted:
    """What the study shows.

    Attributes
    ----------
    design : str
        One of `ALL_DESIGNS`.
    tests : int
        Test items per grid.
    practice, catch : int
        Easy items: their queries are other crops of examples.
    shuffled : bool
        Mix the examples of both sides, so that nobody can know the answer: a control.
    seed : int
        Seed of all random choices.
    """

    design: str = "E2"
    tests: int = 4
    practice: int = 4
    catch: int = 4
    shuffled: bool = False
    seed: int = 0


@dataclass(frozen=True)
class GridItem:
    """One trial, by the rows of its images.

    Attributes
    ----------
    kind : {"practice", "test", "catch"}
        Its phase.
    grid : SavedGrid
        The grid that it asks about.
    positives, negatives : tuple of int
        Examples on the right and on the left; in E5 the eight of the cluster, and none.
    query_positive, query_negative : int
        The right answer, and the wrong one (E5: -1). In E5 the right answer is the outsider.
    margin : float
        Mean F of the right query to the grid minus that of the wrong one. In E4: to the image whose
        neighbours are shown. In E5: mean F among the eight minus that to the outsider.
    """

    kind: str
    grid: SavedGrid
    positives: tuple[int, ...]
    negatives: tuple[int, ...]
    query_positive: int
    query_negative: int
    margin: float

    @property
    def images(self) -> tuple[int, ...]:
        """All images of the trial; a missing query is left out."""
        queries = (self.query_positive, self.query_negative)
        return (*(row for row in queries if row >= 0), *self.positives, *self.negatives)


def choose_items(run: SavedRun, wanted: Wanted, brightness: Floats) -> list[GridItem]:
    """Choose the trials of a study.

    Parameters
    ----------
    run : SavedRun
        Grids and distances.
    wanted : Wanted
        Design and numbers.
    brightness : array, (n,)
        Mean brightness of each image, 0 to 255; matched in E1 and E5.

    Returns
    -------
    list of GridItem
        Practice, test and catch items. No test query is shown in any other item.

    Raises
    ------
    RepresentationFault
        If the design is not available, or there are too few grids or images.
    """
    if wanted.design not in DESIGNS:
        raise RepresentationFault(f"design {wanted.design!r}: allowed are {', '.join(DESIGNS)}")
    chooser = _Chooser(run, wanted, brightness)
    items = list(chooser.tests())
    if len(items) < wanted.tests * len(chooser.grids):
        raise RepresentationFault(_too_few(chooser.grids, items, wanted.tests))
    return [*chooser.easy("practice", wanted.practice), *items,
            *chooser.easy("catch", wanted.catch)]  # fmt: skip


def _too_few(grids: list[SavedGrid], items: list[GridItem], wanted: int) -> str:
    """Say which grids have too few images."""
    counts = {f"{g.direction} {g.number}": sum(i.grid is g for i in items) for g in grids}
    short = ", ".join(f"{name} has {count}" for name, count in counts.items() if count < wanted)
    return (
        f"grids have too few unused images: of {wanted} items, {short}. Ask for fewer items per "
        "grid (--items), or run `diptych rdx` on more images"
    )


@dataclass
class _Chooser:
    """Chooses items; keeps what is a query apart from what is an example."""

    run: SavedRun
    wanted: Wanted
    brightness: Floats
    grids: list[SavedGrid] = field(init=False)
    shown: set[int] = field(init=False)
    queries: set[int] = field(default_factory=set)
    matched: dict[tuple[str, int], list[int]] = field(default_factory=dict)
    pools: dict[tuple[str, int], Items] = field(default_factory=dict)

    def __post_init__(self) -> None:
        size = self.run.settings.size
        if size > MOST:
            raise RepresentationFault(f"grids of {size} images: a study shows at most {MOST}")
        if self.wanted.design == "E5" and size < ODD_ONES:
            raise RepresentationFault(f"grids of {size} images: E5 needs {ODD_ONES} or more")
        self.rng = np.random.default_rng([self.wanted.seed, 1])
        self.grids = [g for own in self.run.grids.values() for g in own if len(g.items) == size]
        sides = {grid.direction for grid in self.grids}
        if not sides or (self.wanted.design == "E2" and len(sides) < 2):
            where = "each direction" if self.wanted.design == "E2" else "one direction"
            raise RepresentationFault(f"the run needs a grid of {size} images in {where}")
        self.shown = {int(row) for grid in self.grids for row in grid.items}

    def tests(self) -> Iterator[GridItem]:
        """Yield the test items, grid by grid in rounds, so that nearest images are shared out."""
        for grid in self.grids:
            if self.wanted.design == "E1":
                self._match(grid)
            elif self.wanted.design == "E4":
                self._far(grid)
        for turn in range(self.wanted.tests):
            for number, grid in enumerate(self.grids):
                item = self._test(grid, turn + number)
                if item is not None:
                    self.queries |= {item.query_positive, item.query_negative} - {-1}
                    self.shown |= {*item.positives, *item.negatives}
                    yield mixed(item, self.rng) if self.wanted.shuffled else item

    def easy(self, kind: str, number: int) -> Iterator[GridItem]:
        """Yield items whose queries are among their examples."""
        for turn in range(number):
            grid = self.grids[turn % len(self.grids)]
            if self.wanted.design == "E5":
                yield self._easy_outsider(kind, grid, turn)
                continue
            right, left = self._sides(grid, turn, int(grid.items[0]))
            own, other = sorted(set(right) - set(left)), sorted(set(left) - set(right))
            if not own or not other:
                raise RepresentationFault("two grids show the same images: there is no easy item")
            queries = (int(self.rng.choice(own)), int(self.rng.choice(other)))
            margin = self._margin(self._pairs(grid), grid.items, *queries)
            yield GridItem(kind, grid, right, left, *queries, margin)

    def _test(self, grid: SavedGrid, turn: int) -> GridItem | None:
        if self.wanted.design == "E5":
            return self._outsider(grid)
        if self.wanted.design == "E4":
            return self._neighbours(grid, turn)
        pairs = self._pairs(grid)
        right, left = self._sides(grid, turn, int(grid.items[0]))
        if self.wanted.design == "E2":
            opposite = self._opposite(grid, turn)
            positives = self._held_out(grid, opposite)
            negatives = self._held_out(opposite, grid)
        else:
            positives = self._held_out(grid)
            negatives = self._matches(grid, positives[:1], left)
        if not len(positives) or not len(negatives):
            return None
        queries = (int(positives[0]), int(negatives[0]))
        margin = self._margin(pairs, grid.items, *queries)
        return GridItem("test", grid, right, left, *queries, margin)

    def _sides(
        self, grid: SavedGrid, turn: int, anchor: int
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Choose the examples on the right and on the left."""
        if self.wanted.design == "E2":
            return _rows(grid.items), _rows(self._opposite(grid, turn).items)
        if self.wanted.design == "E1":
            return _rows(grid.items), tuple(self.matched[_key(grid)])
        pool = np.setdiff1d(self.pools[_key(grid)], [anchor])
        near = np.argsort(self._pairs(grid).a[anchor, pool], kind="stable")
        right = [anchor, *pool[near[: self.run.settings.size - 1]]]
        return _rows(right), tuple(self.matched[_key(grid)])

    def _far(self, grid: SavedGrid) -> None:
        """Choose the examples of E4: half of a cluster, and images far from it in A and B."""
        pairs, size = self._pairs(grid), self.run.settings.size
        free = self._free(self.queries)
        middle = len(self.run.items) / 2
        a, b = (near[np.ix_(grid.items, free)].mean(axis=0) for near in (pairs.a, pairs.b))
        far = free[(a > middle) & (b > middle)]
        far = np.setdiff1d(far, np.concatenate([own.cluster for own in self.grids]))
        if len(far) < size:
            raise RepresentationFault(
                f"only {len(far)} images are far from grid {grid.number} in A and B: E4 needs "
                f"{size}"
            )
        self.matched[_key(grid)] = [int(row) for row in self.rng.permutation(far)[:size]]
        # Every second member is an example, so that examples and queries are equally near.
        self.pools[_key(grid)] = np.union1d(grid.items, self._held_out(grid)[1::2])
        self.shown |= {*self.matched[_key(grid)], *_rows(self.pools[_key(grid)])}

    def _opposite(self, grid: SavedGrid, turn: int) -> SavedGrid:
        others = [other for other in self.grids if other.direction != grid.direction]
        return others[turn % len(others)]

    def _pairs(self, grid: SavedGrid) -> Pairs:
        return self.run.pairs[grid.direction]

    def _free(self, taken: Iterable[int]) -> Items:
        return np.setdiff1d(np.arange(len(self.run.items)), np.fromiter(taken, np.int64))

    def _held_out(self, grid: SavedGrid, against: SavedGrid | None = None) -> Items:
        """Order unused members of a cluster that are no examples, the nearest to the grid first."""
        pairs, size = self._pairs(grid), len(grid.items)
        free = self._free(self.shown | self.queries)
        if len(grid.cluster) > size:
            own = np.intersect1d(free, grid.cluster)
        else:  # the grid stands for itself: its surroundings
            near = np.argsort(pairs.a[grid.items].mean(axis=0), kind="stable")
            own = np.intersect1d(free, near[: 4 * size])
        if against is not None:
            own = np.setdiff1d(own, against.cluster)
        own = own[_to_grid(pairs, grid.items, own) > 1]
        return own[np.argsort(pairs.a[np.ix_(grid.items, own)].mean(axis=0), kind="stable")]

    def _match(self, grid: SavedGrid) -> None:
        """Choose one outsider per image of a grid; these are the examples on the left in E1."""
        found = self._matches(grid, grid.items)
        if len(found) < len(grid.items):
            raise RepresentationFault(
                f"grid {grid.number} has no {len(grid.items)} images outside its cluster that match"
            )
        self.matched[_key(grid)] = [int(row) for row in found]
        self.shown |= {int(row) for row in found}

    def _matches(self, grid: SavedGrid, rows: Items, left: tuple[int, ...] = ()) -> Items:
        """Choose images outside a cluster, each as near to the grid in B and as bright as a row.

        With examples on the left, it is as much nearer to the grid than to these as the row.
        """
        pairs = self._pairs(grid)
        free = np.setdiff1d(self._free(self.shown | self.queries | set(_rows(rows))), grid.cluster)
        if not len(free) or not len(rows):
            return free[:0]
        wanted = np.array([pairs.b[row, grid.items[grid.items != row]].mean() for row in rows])
        far = pairs.b[np.ix_(free, grid.items)].mean(axis=1)
        if left:
            wanted -= pairs.b[np.ix_(rows, _array(left))].mean(axis=1)
            far = far - pairs.b[np.ix_(free, _array(left))].mean(axis=1)
        light = self.brightness
        cost = np.abs(far[None] - wanted[:, None]) / (far.std() or 1)
        cost += np.abs(light[free][None] - light[rows][:, None]) / (light.std() or 1)
        mates = linear_sum_assignment(cost)[1]
        return np.asarray(free[mates])

    def _neighbours(self, grid: SavedGrid, turn: int) -> GridItem | None:
        """E4: an image's neighbours, and two queries that A and B put in opposite orders."""
        pairs, pool = self._pairs(grid), self.pools[_key(grid)]
        anchor = int(pool[turn % len(pool)])
        right, left = self._sides(grid, 0, anchor)
        free = self._free(self.shown | self.queries | {*right, *left})
        affinity = pairs.affinity(np.full(len(free), anchor), free)
        closer, farther = free[affinity > 1], free[affinity < 1]
        if not len(closer) or not len(farther):
            return None
        queries = (
            int(closer[np.argmin(pairs.a[anchor, closer])]),
            int(farther[np.argmin(pairs.b[anchor, farther])]),
        )
        a, b = pairs.a[anchor], pairs.b[anchor]
        if not (a[queries[0]] < a[queries[1]] and b[queries[0]] > b[queries[1]]):
            return None
        margin = self._margin(pairs, np.array([anchor]), *queries)
        return GridItem("test", grid, right, left, *queries, margin)

    def _outsider(self, grid: SavedGrid) -> GridItem | None:
        pairs = self._pairs(grid)
        own = self.rng.permutation(grid.items)[:ODD_ONES]
        odd = self._matches(grid, own[:1])
        if not len(odd):
            return None
        within = pairs.affinity(own[:, None], own[None])
        inside = (within.sum() - np.trace(within)) / (len(own) * (len(own) - 1))
        margin = float(inside - _to_grid(pairs, own, odd[:1])[0])
        return GridItem("test", grid, _rows(own), (), int(odd[0]), -1, margin)

    def _easy_outsider(self, kind: str, grid: SavedGrid, turn: int) -> GridItem:
        """Choose the image that both representations hold farthest from a grid."""
        pairs = self._pairs(grid)
        own = self.rng.permutation(grid.items)[:ODD_ONES]
        free = self._free(self.shown | self.queries)
        if not len(free):
            raise RepresentationFault("no unused image is left for an easy item")
        both = pairs.a[np.ix_(own, free)].mean(axis=0) + pairs.b[np.ix_(own, free)].mean(axis=0)
        odd = int(free[np.argmax(both)])
        self.queries.add(odd)
        return GridItem(kind, grid, _rows(own), (), odd, -1, float("nan"))

    def _margin(self, pairs: Pairs, to: Items, positive: int, negative: int) -> float:
        found = _to_grid(pairs, to, np.array([positive, negative]))
        return float(found[0] - found[1])


def mixed(item: GridItem, rng: np.random.Generator) -> GridItem:
    """Mix the examples of both sides, or the outsider with the others: nobody knows the answer."""
    if item.query_negative < 0:
        everyone = rng.permutation([*item.positives, item.query_positive])
        odd, *own = (int(row) for row in everyone)
        return replace(item, positives=tuple(own), query_positive=odd)
    both = _rows(rng.permutation([*item.positives, *item.negatives]))
    half = len(item.positives)
    return replace(item, positives=both[:half], negatives=both[half:])


def _key(grid: SavedGrid) -> tuple[str, int]:
    return grid.direction, grid.number


def _rows(rows: Any) -> tuple[int, ...]:
    return tuple(int(row) for row in rows)


def _array(rows: tuple[int, ...]) -> Items:
    return np.array(rows, np.int64)


def _to_grid(pairs: Pairs, grid: Items, rows: Items) -> Floats:
    """Mean F of a grid's images to each of some rows."""
    if not len(rows):
        return np.zeros(0)
    return np.asarray(pairs.affinity(grid[:, None], rows[None]).mean(axis=0), np.float64)


def share_right(items: Iterable[GridItem], distances: dict[str, Any]) -> float:
    """Share of items that an observer answers right who sees certain distances only.

    The observer chooses the query that is nearer to the examples on the right than to those on the
    left, on average; in E5 the image that is farthest from the others. Ties count by chance.

    Parameters
    ----------
    items : iterable of GridItem
        Practice and catch items do not count.
    distances : dict of array, (n, n)
        What the observer sees, for grids of "forward" and "backward".
    """
    found = []
    for item in items:
        if item.kind != "test":
            continue
        near = distances[item.grid.direction]
        if item.query_negative < 0:
            rows = np.array([item.query_positive, *item.positives])
            score = near[np.ix_(rows, rows)].mean(axis=1)
        else:
            rows = np.array([item.query_positive, item.query_negative])
            left, right = (near[np.ix_(rows, _array(s))] for s in (item.negatives, item.positives))
            score = left.mean(axis=1) - right.mean(axis=1)
        best = np.flatnonzero(np.isclose(score, score.max()))
        found.append(1 / len(best) if 0 in best else 0.0)
    return float(np.mean(found))
