"""A 2-AFC study from the scored units of a network: whether people find the same units easy.

After the MIS paper's experiment on the easiest, random and hardest units (sec. 4.1.2, Fig. 2C).
"""

from __future__ import annotations

import csv
import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from diptych.authoring.folder import NAME, NAMES, load_study
from diptych.authoring.unit_choice import UnitItem, UnitsFault, Wanted, choose_items, read_scored
from diptych.authoring.unit_pictures import draw_assets, jpeg, recropped, square

TEXTS = Path(__file__).parent / "unit_texts"
LONGEST = 60  # test trials a participant, unless more are asked for
SIDES = range(32, 1025)  # pixels
ROLES = ("query_positive", "query_negative", "positives", "negatives")
#: An item with a picture of its own (or nothing), and the image that is shown.
Shown = tuple[str, int]
ATTRIBUTES = ("group", "model", "layer", "mis", "probability", "margin")

__all__ = ["UnitsFault", "Wanted", "make_study_from_units", "write_items"]


def make_study_from_units(
    folder: Path,
    scores: Path,
    images: Path,
    model: str,
    *,
    wanted: Wanted | None = None,
    side: int = 224,
    seed: int = 0,
    per_participant: int | None = None,
    **which: Any,
) -> Path:
    """Write a complete study folder, ready to open; nothing is left of it when that fails.

    Parameters
    ----------
    folder : Path
        The new study folder; its name is the study's.
    scores : Path
        Folder that `diptych mis` has written.
    images : Path
        Folder of the images that were scored.
    model : str
        Name of the network in the scores.
    wanted : Wanted | None, optional
        How many units and items.
    side : int, optional
        Of the square images shown, in pixels.
    seed : int, optional
        Of everything that is drawn: random units, tasks, numbers of the images.
    per_participant : int | None, optional
        Test trials of one participant, drawn so that each unit comes up as often
        as any other; by default all test items, but not more than 60.
    which : Any
        Values of `image_set`, `similarity`, `n`, `k`, `queries`, `scale`, `scale_reading`
        that single out one run where there are several.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    UnitsFault
        Too few units, groups that would overlap, files that are missing or have
        changed, a name that is taken or can't be a study's.
    StudyFault
        The study that came out has faults.
    """
    wanted = wanted or Wanted()
    if not NAME.fullmatch(folder.name):
        raise UnitsFault(f"{folder.name!r} cannot be the name of a study; allowed: {NAMES}")
    if folder.exists():
        raise UnitsFault(f"{folder} already exists: choose another name")
    trials = _trials(wanted, per_participant)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=folder.parent) as kept:
        made = Path(kept) / folder.name
        made.mkdir()
        k = write_items(made, scores, images, model, wanted=wanted, side=side, seed=seed, **which)
        write_texts(made, model, wanted, trials, k)
        load_study(made)
        made.rename(folder)
    return folder


def _trials(wanted: Wanted, per_participant: int | None) -> int:
    items = wanted.tested * wanted.tasks
    if per_participant is None:
        return min(items, LONGEST)
    if not 1 <= per_participant <= items:
        raise UnitsFault(
            f"you asked for {per_participant} trials per participant, but there are only "
            f"{items} test items ({wanted.tested} units with {wanted.tasks} each)"
        )
    return per_participant


def write_items(
    folder: Path,
    scores: Path,
    images: Path,
    model: str,
    *,
    wanted: Wanted | None = None,
    side: int = 224,
    seed: int = 0,
    **which: Any,
) -> int:
    """Write stimuli/, stimuli.csv, items.csv and assets/ into a study folder, over what is there.

    Arguments are those of `make_study_from_units`. Images are numbered in an order that tells
    nothing, and each is written once.

    Returns
    -------
    int
        K, the number of explanations a side.

    Raises
    ------
    UnitsFault
        As there.
    """
    if side not in SIDES:
        raise UnitsFault(f"--side is {side} pixels; allowed are {SIDES[0]} to {SIDES[-1]}")
    scored = read_scored(scores, model, **which)
    items = choose_items(scored, wanted or Wanted(), seed)
    pictures = {
        image: square(images / scored.files[image][0], scored.files[image][1], side)
        for image in sorted({image for item in items for image in _images(item)})
    }
    *shown, for_instructions = _instructions_last(items)
    draw_assets(folder / "assets", for_instructions, pictures)
    files = _write_stimuli(folder, shown, pictures, seed)
    with (folder / "items.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["item_id", "kind", "unit", *ROLES, *ATTRIBUTES])
        writer.writerows(_row(item, model, files) for item in shown)
    return scored.k


def _images(item: UnitItem) -> tuple[int, ...]:
    return (item.query_positive, item.query_negative, *item.positives, *item.negatives)


def _shown(item: UnitItem) -> list[Shown]:
    """List what an item shows, in the order of `ROLES`: whose own picture, and which image."""
    own = item.item_id if item.kind == "catch" else ""
    queries = [(own, image) for image in (item.query_positive, item.query_negative)]
    return [*queries, *(("", image) for image in (*item.positives, *item.negatives))]


def _instructions_last(items: list[UnitItem]) -> list[UnitItem]:
    return sorted(items, key=lambda item: item.kind == "instructions")


def _write_stimuli(
    folder: Path, items: list[UnitItem], pictures: dict[int, Image.Image], seed: int
) -> dict[Shown, str]:
    """Write each picture once, in an order that tells nothing.

    The queries of a catch item are among its own explanations. They get files of their own, of
    another crop: by the same address a script would know the answer.

    Returns
    -------
    dict[Shown, str]
        File by image; those of catch queries by item and image.
    """
    shutil.rmtree(folder / "stimuli", ignore_errors=True)
    (folder / "stimuli").mkdir(parents=True)
    used: list[Shown] = sorted({key for item in items for key in _shown(item)})
    names: dict[str, str] = {}  # by content: the same picture twice is one stimulus
    files: dict[Shown, str] = {}
    rng = np.random.default_rng([seed, 1])
    for number in rng.permutation(len(used)):
        item_id, image = used[number]
        picture = recropped(pictures[image], rng) if item_id else pictures[image]
        data = jpeg(picture)
        content = hashlib.sha256(data).hexdigest()
        if content not in names:
            names[content] = f"stimuli/{len(names) + 1:04d}.jpg"
            (folder / names[content]).write_bytes(data)
        files[used[number]] = names[content]
    with (folder / "stimuli.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["file", "label"])
        writer.writerows([name, ""] for name in names.values())
    return files


def _row(item: UnitItem, model: str, files: dict[Shown, str]) -> list[object]:
    k = len(item.positives)
    query_positive, query_negative, *others = (files[key] for key in _shown(item))
    attributes = (item.group, model, item.layer, item.mis, item.probability, item.margin)
    return [
        item.item_id,
        item.kind,
        f"{item.layer}:{item.unit}",
        query_positive,
        query_negative,
        ";".join(others[:k]),
        ";".join(others[k:]),
        *("" if value is None else value for value in attributes),
    ]


def write_texts(folder: Path, model: str, wanted: Wanted, trials: int, k: int) -> None:
    """Write study.toml and the texts, to be edited: title, contact, payment."""
    hard = min(1, wanted.practice_hard)
    practice = min(4, wanted.practice) + hard
    counted = trials + wanted.catch
    minutes = round(3 + (practice + counted) / 6)  # ten seconds a trial
    values = {
        "model": model,
        "k": k,
        "practice": practice,
        "hard": hard,
        "trials": trials,
        "catch": wanted.catch,
        "counted": counted,
        "minutes": minutes,
        "reward": f"{minutes / 4:.2f}",  # 15 an hour
        "least_s": 3 * counted,
        "most_s": 55 * counted,
        "rarer": min(5, counted // 5),
    }
    for path in sorted(TEXTS.iterdir()):
        text = path.read_text(encoding="utf-8")
        for name, value in values.items():
            text = text.replace("{{" + name + "}}", str(value))
        (folder / path.name).write_text(text, encoding="utf-8")
