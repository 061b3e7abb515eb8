"""A study from grids of `diptych rdx` or patches of `diptych rsvc`: what people see in them.

After the open test of Kondapaneni's thesis, ch. 8.1: can users anticipate when two models differ?
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from diptych.authoring import grid_lesson, grid_misses
from diptych.authoring.folder import NAME, NAMES, load_study
from diptych.authoring.grid_choice import Floats, GridItem, Wanted, choose_items, share_right
from diptych.authoring.grid_items import write_items
from diptych.authoring.grid_pictures import SIDES, opener_of, thumbnails, write_texts
from diptych_analysis.networks.images import open_image
from diptych_analysis.representations.faults import RepresentationFault
from diptych_analysis.representations.rdx.distances import distances
from diptych_analysis.representations.rdx.saved import SavedRun, read_run
from diptych_analysis.representations.rsvc.saved import read_concepts

TEXTS = Path(__file__).parent / "grid_texts"
LONGEST = 60  # test trials per participant


@dataclass(frozen=True)
class Made:
    """What the command reports.

    Attributes
    ----------
    items : int
        Test items; in E6 the images of all classes.
    observers : dict
        Share of right answers of an observer who sees with the representation that the grid comes
        from ("own"), with the other one ("other"), or with pixels only ("pixels").
    chance : float
        What guessing reaches.
    short : int
        Grids or concepts left out, because they have too few images.
    """

    items: int
    observers: dict[str, float]
    chance: float
    short: int = 0


def make_study_from_grids(
    folder: Path,
    grids: Path,
    images: Path | None,
    wanted: Wanted | None = None,
    *,
    side: int = 160,
    labels: Mapping[str, str] | None = None,
) -> Made:
    """Write a complete study folder, ready to open; nothing is left of it when that fails.

    Parameters
    ----------
    folder : Path
        The new study folder; its name is the study's.
    grids : Path
        Folder that `diptych rdx` has written, or `diptych rsvc` for E3.
    images : Path or None
        Folder of the images of the items; E3 needs none.
    wanted : Wanted, optional
        Design and numbers of items.
    side : int
        Side of the square images, in pixels.
    labels : mapping of str to str, optional
        True class of each item, which E6 balances over the clusters.

    Returns
    -------
    Made
        Number of items, and what simple observers reach.

    Raises
    ------
    RepresentationFault
        If the design is not available, files or images are missing, there are too few grids or
        images, or the name is taken.
    StudyFault
        If the study that came out has faults.
    """
    wanted = wanted or Wanted()
    if not NAME.fullmatch(folder.name):
        raise RepresentationFault(
            f"{folder.name!r} cannot be the name of a study; allowed: {NAMES}"
        )
    if folder.exists():
        raise RepresentationFault(f"{folder} already exists: choose another name")
    if side not in SIDES:
        raise RepresentationFault(f"side {side}: allowed are {SIDES[0]} to {SIDES[-1]} pixels")
    if images is None and wanted.design != "E3":
        raise RepresentationFault(f"{wanted.design} needs the images of the items (--images)")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=folder.parent) as kept:
        made = Path(kept) / folder.name
        made.mkdir()
        if images is None or wanted.design == "E3":
            report = _write_misses(made, grids, wanted, side)
        elif wanted.design == "E6":
            report = _write_lesson(made, grids, images, wanted, side, labels)
        else:
            report = _write_grids(made, grids, images, wanted, side)
        load_study(made)
        made.rename(folder)
    return report


def _write_grids(folder: Path, grids: Path, images: Path, wanted: Wanted, side: int) -> Made:
    """E1, E2, E4 and E5."""
    run = read_run(grids)
    opener = opener_of(run.items, images)
    pixels = thumbnails(opener, len(run.items))
    items = choose_items(run, wanted, pixels.mean(axis=1))
    write_items(folder, run.names, items, opener, wanted, side)
    task = "odd_one_out" if wanted.design == "E5" else "two_afc"
    _write_texts(folder, task, wanted, items, run.settings.size)
    short = sum(len(g.items) < run.settings.size for own in run.grids.values() for g in own)
    chance = 1 / 9 if wanted.design == "E5" else 1 / 2
    return Made(_tests(items), observe(run, items, pixels), chance, short)


def _write_misses(folder: Path, concepts: Path, wanted: Wanted, side: int) -> Made:
    """E3."""
    saved = read_concepts(concepts)
    items, used = grid_misses.choose_misses(saved, wanted)

    def opener(row: int) -> Image.Image:
        return open_image(saved.folder / saved.files[row])

    cmcs = {grid_misses.key(each): round(each.cmcs, 4) for each in used}
    write_items(folder, saved.names, items, opener, wanted, side,
                lambda item: {"cmcs": cmcs[item.grid.direction, item.grid.number]})  # fmt: skip
    _write_texts(folder, "two_afc", wanted, items, len(items[0].positives))
    pixels = thumbnails(opener, len(saved.files))
    observers = grid_misses.observe_misses(used, items, pixels)
    return Made(_tests(items), observers, 1 / 2, len(saved.concepts) - len(used))


def _write_lesson(
    folder: Path,
    grids: Path,
    images: Path,
    wanted: Wanted,
    side: int,
    labels: Mapping[str, str] | None,
) -> Made:
    """E6."""
    run = read_run(grids)
    opener = opener_of(run.items, images)
    classes = grid_lesson.choose_classes(run, labels, shuffled=wanted.shuffled, seed=wanted.seed)
    grid_lesson.write_lesson(folder, run, classes, opener, side, labels=labels,
                             shuffled=wanted.shuffled, seed=wanted.seed)  # fmt: skip
    training, test = grid_lesson.lesson_length(classes)
    minutes = round(3 + (training + test) / 6)  # ten seconds per trial
    values = {
        "design": "E6",
        "classes": len(classes),
        "training": training,
        "test": test,
        "minutes": minutes,
        "reward": f"{minutes / 4:.2f}",  # 15 an hour
    }
    write_texts(folder, _templates("category_learning"), values)
    pixels = thumbnails(opener, len(run.items))
    observers = grid_lesson.observe_lesson(run, classes, pixels, seed=wanted.seed)
    return Made(sum(len(each.rows) for each in classes), observers, 1 / len(classes))


def observe(run: SavedRun, items: Sequence[GridItem], pixels: Floats) -> dict[str, float]:
    """Compute the share of test items that simple observers answer right.

    Parameters
    ----------
    run : SavedRun
        Distances of both representations.
    items : sequence of GridItem
        Items of the study.
    pixels : array, (n, d)
        Pixels of small versions of the images.

    Returns
    -------
    dict of str to float
        For "own" (the representation that the grid comes from), "other" and "pixels".
    """
    own = {name: pairs.a for name, pairs in run.pairs.items()}
    other = {name: pairs.b for name, pairs in run.pairs.items()}
    plain = dict.fromkeys(run.pairs, distances(pixels, "max"))
    seen = {"own": own, "other": other, "pixels": plain}
    return {name: share_right(items, near) for name, near in seen.items()}


def _tests(items: Sequence[GridItem]) -> int:
    return sum(item.kind == "test" for item in items)


def _templates(task: str) -> list[Path]:
    """List the texts of all designs, then those of a task, which replace texts of the same name."""
    return [*sorted(TEXTS.glob("*.md")), *sorted((TEXTS / task).iterdir())]


def _write_texts(
    folder: Path, task: str, wanted: Wanted, items: Sequence[GridItem], size: int
) -> None:
    """Write study.toml and the texts, to be edited: title, contact, payment."""
    trials = min(_tests(items), LONGEST)
    counted = trials + wanted.catch
    minutes = round(3 + (wanted.practice + counted) / 6)  # ten seconds per trial
    values = {
        "design": wanted.design,
        "k": size,
        "practice": wanted.practice,
        "trials": trials,
        "catch": wanted.catch,
        "counted": counted,
        "minutes": minutes,
        "reward": f"{minutes / 4:.2f}",  # 15 an hour
        "least_s": 3 * counted,
        "most_s": 55 * counted,
    }
    write_texts(folder, _templates(task), values)
