"""A study from the grids of `diptych rdx`: whether people see what one representation sees.

After the open test of Kondapaneni's thesis, ch. 8.1: can users anticipate when two models differ?
"""

from __future__ import annotations

import csv
import hashlib
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from diptych.authoring.folder import NAME, NAMES, load_study
from diptych.authoring.grid_choice import (
    UNSUITABLE,
    Floats,
    GridItem,
    Wanted,
    choose_items,
    share_right,
)
from diptych.authoring.unit_pictures import jpeg, recropped
from diptych_analysis.networks.images import image_set, open_image
from diptych_analysis.representations.faults import RepresentationFault
from diptych_analysis.representations.rdx.distances import distances
from diptych_analysis.representations.rdx.saved import SavedRun, read_run

TEXTS = Path(__file__).parent / "grid_texts"
LONGEST = 60  # test trials per participant
SIDES = range(32, 1025)  # pixels
_THUMBNAIL = 16  # pixels; what an observer of pixels sees
_ATTRIBUTES = ("design", "a", "b", "direction", "grid", "margin", "control")
_ROLES = ("query_positive", "query_negative", "positives", "negatives")


@dataclass(frozen=True)
class Made:
    """What the command reports.

    Attributes
    ----------
    items : int
        Test items.
    observers : dict
        Share of test items that an observer answers right who sees with the representation that
        the grid comes from, with the other one, or with pixels only.
    short : int
        Grids left out, because they have too few images.
    """

    items: int
    observers: dict[str, float]
    short: int


def make_study_from_grids(
    folder: Path, grids: Path, images: Path, wanted: Wanted | None = None, *, side: int = 160
) -> Made:
    """Write a complete study folder, ready to open; nothing is left of it when that fails.

    Parameters
    ----------
    folder : Path
        The new study folder; its name is the study's.
    grids : Path
        Folder that `diptych rdx` has written.
    images : Path
        Folder of the images of the items.
    wanted : Wanted, optional
        Design and numbers of items.
    side : int
        Side of the square images, in pixels.

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
    if wanted.design in UNSUITABLE:
        raise RepresentationFault(UNSUITABLE[wanted.design])
    if not NAME.fullmatch(folder.name):
        raise RepresentationFault(
            f"{folder.name!r} cannot be the name of a study; allowed: {NAMES}"
        )
    if folder.exists():
        raise RepresentationFault(f"{folder} already exists: choose another name")
    if side not in SIDES:
        raise RepresentationFault(f"side {side}: allowed are {SIDES[0]} to {SIDES[-1]} pixels")
    run = read_run(grids)
    opener = _opener(run, images)
    pixels = np.stack([_thumbnail(opener(row)) for row in range(len(run.items))])
    items = choose_items(run, wanted, pixels.mean(axis=1))
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=folder.parent) as kept:
        made = Path(kept) / folder.name
        made.mkdir()
        _write_items(made, run, items, opener, wanted, side)
        _write_texts(made, run, items, wanted)
        load_study(made)
        made.rename(folder)
    tests = sum(item.kind == "test" for item in items)
    short = sum(len(g.items) < run.settings.size for own in run.grids.values() for g in own)
    return Made(tests, observe(run, items, pixels), short)


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


def _opener(run: SavedRun, folder: Path) -> Callable[[int], Image.Image]:
    """Open the image of a row: by the item's name, or by row where rows have no names."""
    if all((folder / item).is_file() for item in run.items):
        return lambda row: open_image(folder / run.items[row])
    images = image_set(folder)
    if len(run.items) != len(images):
        missing = next(item for item in run.items if not (folder / item).is_file())
        raise RepresentationFault(
            f"{str(folder)!r} has no image {missing!r}, and {len(images)} different images for "
            f"{len(run.items)} items"
        )
    return images.open


def _thumbnail(picture: Image.Image) -> Floats:
    small = ImageOps.fit(picture.convert("L"), (_THUMBNAIL, _THUMBNAIL))
    return np.asarray(small, np.float64).ravel()


def _square(picture: Image.Image, side: int) -> Image.Image:
    # Small images, such as 28 x 28 digits, keep their squares.
    small = min(picture.size) * 2 <= side
    how = Image.Resampling.NEAREST if small else Image.Resampling.LANCZOS
    return ImageOps.fit(picture.convert("RGB"), (side, side), how)


def _write_items(
    folder: Path,
    run: SavedRun,
    items: Sequence[GridItem],
    opener: Callable[[int], Image.Image],
    wanted: Wanted,
    side: int,
) -> None:
    """Write stimuli/, stimuli.csv and items.csv; the order of the files tells nothing."""
    (folder / "stimuli").mkdir()
    rng = np.random.default_rng([wanted.seed, 2])
    # Queries of easy items are among the examples: another crop, so that no address is repeated.
    keys = sorted({key for number, item in enumerate(items) for key in _shown(number, item)})
    files: dict[tuple[int, int], str] = {}
    names: dict[str, str] = {}
    for place in rng.permutation(len(keys)):
        number, row = keys[place]
        picture = _square(opener(row), side)
        data = jpeg(recropped(picture, rng) if number >= 0 else picture)
        digest = hashlib.sha256(data).hexdigest()
        if digest not in names:
            names[digest] = f"stimuli/{len(names) + 1:04d}.jpg"
            (folder / names[digest]).write_bytes(data)
        files[(number, row)] = names[digest]
    odd = wanted.design == "E5"
    head = ["item_id", "kind", *(("images", "odd", "group") if odd else ("unit", *_ROLES))]
    rows = []
    for number, item in enumerate(items):
        shown = [files[key] for key in _shown(number, item)]
        unit = f"{item.grid.direction}:{item.grid.number}"
        if odd:
            roles = [";".join(shown), shown[0], unit]
        else:
            k = len(item.positives)
            roles = [unit, *shown[:2], ";".join(shown[2 : 2 + k]), ";".join(shown[2 + k :])]
        control = "shuffled" if wanted.shuffled else ""
        margin = "" if np.isnan(item.margin) else round(item.margin, 4)
        rows.append([f"{item.kind}-{number:03d}", item.kind, *roles, wanted.design, *run.names,
                     item.grid.direction, item.grid.number, margin, control])  # fmt: skip
    _write_csv(folder / "items.csv", [*head, *_ATTRIBUTES], rows)
    _write_csv(folder / "stimuli.csv", ["file", "label"], [[n, ""] for n in names.values()])


def _shown(number: int, item: GridItem) -> list[tuple[int, int]]:
    """List the images of an item, queries first: the item whose own crop it is (or -1), the row."""
    queries = [row for row in (item.query_positive, item.query_negative) if row >= 0]
    own = number if item.kind != "test" and item.query_negative >= 0 else -1
    others = [(-1, row) for row in (*item.positives, *item.negatives)]
    return [*((own, row) for row in queries), *others]


def _write_csv(file: Path, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with file.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out, lineterminator="\n").writerows([head, *rows])


def _write_texts(folder: Path, run: SavedRun, items: Sequence[GridItem], wanted: Wanted) -> None:
    """Write study.toml and the texts, to be edited: title, contact, payment."""
    kinds = [item.kind for item in items]
    trials = min(kinds.count("test"), LONGEST)
    counted = trials + wanted.catch
    minutes = round(3 + (wanted.practice + counted) / 6)  # ten seconds per trial
    values = {
        "design": wanted.design,
        "k": run.settings.size,
        "practice": wanted.practice,
        "trials": trials,
        "catch": wanted.catch,
        "counted": counted,
        "minutes": minutes,
        "reward": f"{minutes / 4:.2f}",  # 15 an hour
        "least_s": 3 * counted,
        "most_s": 55 * counted,
    }
    task = "odd_one_out" if wanted.design == "E5" else "two_afc"
    for path in sorted([*TEXTS.glob("*.md"), *(TEXTS / task).iterdir()]):
        text = path.read_text(encoding="utf-8")
        for name, value in values.items():
            text = text.replace("{{" + name + "}}", str(value))
        (folder / path.name).write_text(text, encoding="utf-8")
