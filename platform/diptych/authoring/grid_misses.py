"""Design E3: what does the other network miss? Patches of the concepts of `diptych rsvc`.

Right: the patches that show a concept of one network best. Left: patches without the concept that
the other network predicts too high, and as high as those on the right. The right query has the
concept, and the other network predicts it too low; the wrong one lacks it and is predicted alike.
So the other network has nothing to tell the sides apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from diptych.authoring.grid_choice import Floats, GridItem, Wanted, mixed, share_right
from diptych_analysis.representations.faults import RepresentationFault
from diptych_analysis.representations.rdx.distances import distances
from diptych_analysis.representations.rdx.grids import Items
from diptych_analysis.representations.rdx.saved import SavedGrid
from diptych_analysis.representations.rsvc.saved import SavedConcept, SavedConcepts

SIZE = 9  # patches on each side


def key(concept: SavedConcept) -> tuple[str, int]:
    """Name a concept: class and network, and its number."""
    return f"{concept.group}:{concept.side}", concept.number


def choose_misses(
    saved: SavedConcepts, wanted: Wanted
) -> tuple[list[GridItem], list[SavedConcept]]:
    """Choose the trials of a study, concept by concept, those that the other network misses first.

    Parameters
    ----------
    saved : SavedConcepts
        The concepts with their patches.
    wanted : Wanted
        Numbers; `tests` is per concept.

    Returns
    -------
    list of GridItem
        Practice, test and catch items. No test query is shown in any other item.
    list of SavedConcept
        The concepts asked about. Others have too few patches.

    Raises
    ------
    RepresentationFault
        If fewer than two concepts have enough patches.
    """
    rng = np.random.default_rng([wanted.seed, 1])
    shown: set[int] = set()
    queries: set[int] = set()
    tests: list[GridItem] = []
    used: list[SavedConcept] = []
    for concept in saved.concepts:
        items = _items_of(concept, saved, wanted.tests, shown, queries)
        if items is None:
            continue
        used.append(concept)
        tests += items
        shown |= {*items[0].positives, *items[0].negatives}
        queries |= {row for item in items for row in (item.query_positive, item.query_negative)}
    if len(used) < 2:
        raise RepresentationFault(
            f"{len(used)} of {len(saved.concepts)} concepts have enough patches; two are needed. "
            "Ask for fewer items per concept, or run `diptych rsvc` on more images"
        )
    firsts = tests[:: wanted.tests]
    practice = _easy("practice", wanted.practice, used, firsts, rng)
    catch = _easy("catch", wanted.catch, used, firsts, rng)
    if wanted.shuffled:
        tests = [mixed(item, rng) for item in tests]
    return [*practice, *tests, *catch], used


def _items_of(
    concept: SavedConcept, saved: SavedConcepts, count: int, shown: set[int], queries: set[int]
) -> list[GridItem] | None:
    """Choose the items of one concept; None if it has too few patches."""
    taken = shown | queries
    examples = [pair for pair in _pairs(concept.top, concept.top_alike) if not queries & set(pair)][
        :SIZE
    ]
    if len(examples) < SIZE:
        return None
    right, left = (tuple(rows) for rows in zip(*examples, strict=True))
    seen = {saved.images[row] for row in (*right, *left)}
    grid = SavedGrid(*key(concept), np.array(right, np.int64), np.array(right, np.int64))
    u = concept.coefficients
    scale = float(np.nanstd(u)) or 1.0
    items: list[GridItem] = []
    for positive, negative in _pairs(concept.under, concept.under_alike):
        if {positive, negative} & taken or {positive, negative} & {*right, *left}:
            continue
        if {saved.images[positive], saved.images[negative]} & seen:
            continue
        margin = float(u[positive] - u[negative]) / scale
        items.append(GridItem("test", grid, right, left, positive, negative, margin))
        if len(items) == count:
            return items
    return None


def _pairs(rows: Items, mates: Items) -> list[tuple[int, int]]:
    return [(int(row), int(mate)) for row, mate in zip(rows, mates, strict=True)]


def _easy(
    kind: str,
    count: int,
    used: Sequence[SavedConcept],
    firsts: Sequence[GridItem],
    rng: np.random.Generator,
) -> list[GridItem]:
    """Make items about two concepts, of different classes if there are any."""
    items = []
    for turn in range(count):
        here = turn % len(used)
        others = [n for n in range(len(used)) if used[n].group != used[here].group]
        others = others or [n for n in range(len(used)) if n != here]
        right, left = firsts[here].positives, firsts[int(rng.choice(others))].positives
        own, other = sorted(set(right) - set(left)), sorted(set(left) - set(right))
        if not own or not other:
            raise RepresentationFault("two concepts show the same patches: there is no easy item")
        queries = (int(rng.choice(own)), int(rng.choice(other)))
        easy = replace(firsts[here], kind=kind, negatives=left, margin=float("nan"))
        items.append(replace(easy, query_positive=queries[0], query_negative=queries[1]))
    return items


class _Scale:
    """Distances on one axis, computed where they are asked for."""

    def __init__(self, values: Floats) -> None:
        self.values = values

    def __getitem__(self, places: tuple[Items, Items]) -> Floats:
        rows, columns = places
        return np.abs(self.values[rows] - self.values[columns])


def observe_misses(
    used: Sequence[SavedConcept], items: Sequence[GridItem], pixels: Floats
) -> dict[str, float]:
    """Compute the share of test items that simple observers answer right.

    Parameters
    ----------
    used : sequence of SavedConcept
        The concepts asked about.
    items : sequence of GridItem
        Items of the study.
    pixels : array, (n, d)
        Pixels of small versions of the patches.

    Returns
    -------
    dict of str to float
        For "own" (sees the coefficients of the concept), "other" (sees what the other network
        predicts of them) and "pixels".
    """
    # The concepts of one class and network share a direction, so items are scored by concept.
    plain = distances(pixels, "max")
    sums = {"own": 0.0, "other": 0.0, "pixels": 0.0}
    tests = [item for item in items if item.kind == "test"]
    for concept in used:
        name = key(concept)
        its = [item for item in tests if (item.grid.direction, item.grid.number) == name]
        seen: dict[str, Any] = {
            "own": _Scale(concept.coefficients),
            "other": _Scale(concept.predicted),
            "pixels": plain,
        }
        for who, near in seen.items():
            sums[who] += len(its) * share_right(its, {name[0]: near})
    return {who: total / len(tests) for who, total in sums.items()}
