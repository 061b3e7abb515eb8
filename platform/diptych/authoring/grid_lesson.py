"""Design E6: people learn the clusters of A as classes, from feedback.

After Laina, Fong and Vedaldi (2020): a cluster that people can learn to name is one that they can
see. The classes are clusters of `diptych rdx`; participants name images that they have not seen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from diptych.authoring.grid_pictures import Floats, Opener, square, write_csv
from diptych.authoring.unit_pictures import jpeg
from diptych_analysis.representations.faults import RepresentationFault
from diptych_analysis.representations.rdx.distances import distances
from diptych_analysis.representations.rdx.grids import Items
from diptych_analysis.representations.rdx.saved import SavedGrid, SavedRun

TRAINING, TEST = 30, 15  # trials, as in Kondapaneni et al. (2022)
MOST = 40  # images of a class
FEWEST = 4  # images of a class
_DRAWS = 40  # random lessons that an observer takes


@dataclass(frozen=True)
class TaughtClass:
    """One class that participants learn.

    Attributes
    ----------
    name : str
        What participants read.
    grid : SavedGrid
        The cluster that it stands for.
    rows : array of int
        Rows of its images; of each class equally many.
    """

    name: str
    grid: SavedGrid
    rows: Items


def choose_classes(
    run: SavedRun, labels: Mapping[str, str] | None = None, *, shuffled: bool = False, seed: int = 0
) -> list[TaughtClass]:
    """Choose the images of each class: the members of a cluster of A nearest to its grid.

    Parameters
    ----------
    run : SavedRun
        At least two grids of the forward direction.
    labels : mapping of str to str, optional
        True class of each item. Each cluster then shows each true class equally often, so that
        knowing the true classes does not help.
    shuffled : bool
        Deal the images out to the classes at random, so that there is nothing to learn: a control.
    seed : int
        Seed of all random choices.

    Raises
    ------
    RepresentationFault
        If there are fewer than two clusters with enough images.
    """
    grids = run.grids["forward"]
    if len(grids) < 2:
        raise RepresentationFault(
            f"E6 teaches two or more clusters of {run.names[0]}; the run has {len(grids)}. Ask "
            "`diptych rdx` for more grids, or change A and B there"
        )
    places, count = np.unique(np.concatenate([grid.cluster for grid in grids]), return_counts=True)
    several = places[count > 1]
    members = [_nearest_first(run, grid, np.setdiff1d(grid.cluster, several)) for grid in grids]
    if labels is not None:
        members = _balanced(run, members, labels)
    size = min(MOST, *map(len, members))
    if size < FEWEST:
        raise RepresentationFault(
            f"the smallest cluster leaves {size} images to teach; each class needs {FEWEST}"
            + ("" if labels is None else " with equally many of each true class")
        )
    chosen = [own[:size] for own in members]
    rng = np.random.default_rng([seed, 1])
    if shuffled:
        chosen = list(rng.permutation(np.concatenate(chosen)).reshape(len(grids), size))
    names = rng.permutation([f"Group {number}" for number in range(1, len(grids) + 1)])
    return [
        TaughtClass(str(name), grid, np.sort(rows))
        for name, grid, rows in zip(names, grids, chosen, strict=True)
    ]


def _nearest_first(run: SavedRun, grid: SavedGrid, rows: Items) -> Items:
    far = run.pairs[grid.direction].a[np.ix_(grid.items, rows)].mean(axis=0)
    return np.asarray(rows[np.argsort(far, kind="stable")])


def _balanced(run: SavedRun, members: Sequence[Items], labels: Mapping[str, str]) -> list[Items]:
    """Keep equally many images of each true class in all clusters, the nearest ones."""
    unknown = next((name for name in run.items if name not in labels), None)
    if unknown is not None:
        raise RepresentationFault(f"no label of the item {unknown!r}; each item needs one")
    truth = np.array([labels[name] for name in run.items])
    kept: list[list[Items]] = [[] for _ in members]
    for label in sorted({labels[name] for name in run.items}):
        own = [rows[truth[rows] == label] for rows in members]
        fewest = min(map(len, own))
        for place, rows in enumerate(own):
            kept[place].append(rows[:fewest])
    size = min(MOST, sum(map(len, kept[0])))
    # The same share of each true class also in a class that is cut to `MOST` images.
    order = _interleaved([len(part) for part in kept[0]])[:size]
    return [np.concatenate(parts)[order] for parts in kept]


def _interleaved(sizes: Sequence[int]) -> Items:
    """Order the places of consecutive blocks: each block's first, then each block's second, ..."""
    starts = np.cumsum([0, *sizes[:-1]])
    pairs = [(turn, starts[block] + turn) for block, n in enumerate(sizes) for turn in range(n)]
    return np.array([place for _, place in sorted(pairs)], np.int64)


def lesson_length(classes: Sequence[TaughtClass]) -> tuple[int, int]:
    """Count the trials with feedback and without: 30 and 15, or two thirds and a third."""
    images = sum(len(each.rows) for each in classes)
    if images >= TRAINING + TEST:
        return TRAINING, TEST
    return images - images // 3, images // 3


def observe_lesson(
    run: SavedRun, classes: Sequence[TaughtClass], pixels: Floats, *, seed: int = 0
) -> dict[str, float]:
    """Compute the share of new images that simple observers name right after a lesson.

    An observer names the class whose taught images are nearest on average. It takes many random
    lessons of the study's length.

    Parameters
    ----------
    run : SavedRun
        Distances of both representations.
    classes : sequence of TaughtClass
        Their images.
    pixels : array, (n, d)
        Pixels of small versions of the images.
    seed : int
        Seed of the lessons.

    Returns
    -------
    dict of str to float
        For "own" (A), "other" (B) and "pixels".
    """
    pairs = run.pairs["forward"]
    seen = {"own": pairs.a, "other": pairs.b, "pixels": distances(pixels, "max")}
    return {name: _share_learned(classes, near, seed) for name, near in seen.items()}


def _share_learned(classes: Sequence[TaughtClass], near: Any, seed: int) -> float:
    rows = np.concatenate([each.rows for each in classes])
    truth = np.repeat(np.arange(len(classes)), [len(each.rows) for each in classes])
    training, test = lesson_length(classes)
    rng = np.random.default_rng([seed, 3])
    found = []
    for _ in range(_DRAWS):
        order = rng.permutation(len(rows))
        taught, asked = order[:training], order[training : training + test]
        known = np.unique(truth[taught])
        far = np.stack(
            [near[np.ix_(rows[asked], rows[taught[truth[taught] == c]])].mean(axis=1)
             for c in known]
        )  # fmt: skip
        found.append(np.mean(known[far.argmin(axis=0)] == truth[asked]))
    return float(np.mean(found))


def write_lesson(
    folder: Path,
    run: SavedRun,
    classes: Sequence[TaughtClass],
    opener: Opener,
    side: int,
    *,
    labels: Mapping[str, str] | None = None,
    shuffled: bool = False,
    seed: int = 0,
) -> None:
    """Write stimuli/ and stimuli.csv; the order of the files tells nothing.

    Raises
    ------
    RepresentationFault
        If images of two classes look the same.
    """
    (folder / "stimuli").mkdir()
    pairs = [(each, int(row)) for each in classes for row in each.rows]
    control = "shuffled" if shuffled else ""
    names: dict[str, tuple[str, str]] = {}
    rows = []
    for place in np.random.default_rng([seed, 2]).permutation(len(pairs)):
        each, row = pairs[place]
        data = jpeg(square(opener(row), side))
        digest = hashlib.sha256(data).hexdigest()
        file, name = names.setdefault(digest, (f"stimuli/{len(names) + 1:04d}.jpg", each.name))
        if name != each.name:
            raise RepresentationFault(f"{run.items[row]!r} looks like an image of another class")
        if (folder / file).exists():
            continue
        (folder / file).write_bytes(data)
        unit = f"{each.grid.direction}:{each.grid.number}"
        truth = "" if labels is None else labels[run.items[row]]
        rows.append([file, each.name, "E6", *run.names, unit, truth, control])
    head = ["file", "label", "design", "a", "b", "cluster", "true_class", "control"]
    write_csv(folder / "stimuli.csv", head, sorted(rows))
