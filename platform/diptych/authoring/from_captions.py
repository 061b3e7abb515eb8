"""A study about words in labelled images: where they are (point), or which fit (caption).

The answers can be compared with a diffusion model's attention, or used as its prompts (`diptych
captions people`).
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tomlkit
from PIL import Image

from diptych.authoring.folder import NAME, NAMES, load_study
from diptych.authoring.grid_pictures import SIDES, square, write_csv
from diptych.authoring.scaffold import make_study
from diptych_analysis.captions.faults import CaptionFault
from diptych_analysis.captions.labelled import Labelled

TASKS = ("point", "caption")
#: Classes of these names are no word that can be looked for.
NO_WORDS = ("background", "void", "unlabeled")
#: A class with a smaller share of the image is not asked about.
SMALLEST = 0.01
_SECONDS = {"point": 6, "caption": 20}  # per trial, for the announced duration


@dataclass(frozen=True)
class Wanted:
    """What the study asks.

    Attributes
    ----------
    task : str
        `point` or `caption`.
    tests, practice, catch : int
        Numbers of items. Each has another image.
    absent : float
        Share of the point items whose word is not in the image.
    input : str
        Of captions: `sentence`, or `words` to tick.
    side : int
        Side of the square images, in pixels.
    seed : int
        Seed of all random choices.
    """

    task: str = "point"
    tests: int = 40
    practice: int = 3
    catch: int = 3
    absent: float = 1 / 3
    input: str = "sentence"
    side: int = 320
    seed: int = 0

    @property
    def items(self) -> int:
        """Number of items of all kinds."""
        return self.practice + self.tests + self.catch


def make_study_from_captions(folder: Path, images: Labelled, wanted: Wanted | None = None) -> int:
    """Write a complete study folder, ready to open; nothing is left of it when that fails.

    Parameters
    ----------
    folder : Path
        The new study folder; its name is the study's.
    images : Labelled
        Images with the class of every pixel, as many as the study has items, or more.
    wanted : Wanted, optional
        What the study asks.

    Returns
    -------
    int
        Number of test items.

    Raises
    ------
    CaptionFault
        If there are too few images, or the name is taken.
    StudyFault
        If the study that came out has faults.
    """
    wanted = wanted or Wanted()
    if not NAME.fullmatch(folder.name):
        raise CaptionFault(f"{folder.name!r} cannot be the name of a study; allowed: {NAMES}")
    if folder.exists():
        raise CaptionFault(f"{folder} already exists: choose another name")
    if wanted.side not in SIDES:
        raise CaptionFault(f"side {wanted.side}: allowed are {SIDES[0]} to {SIDES[-1]} pixels")
    if len(images) < wanted.items:
        raise CaptionFault(
            f"{len(images)} images for {wanted.items} items: ask for fewer items, or give more "
            "images"
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=folder.parent) as kept:
        made = Path(kept) / folder.name
        make_study(made, wanted.task)
        (made / "generate.py").unlink()
        _write_items(made, images, wanted)
        _write_toml(made / "study.toml", images, wanted)
        load_study(made)
        made.rename(folder)
    return wanted.tests


def _kinds(wanted: Wanted) -> list[str]:
    numbers = {"practice": wanted.practice, "test": wanted.tests, "catch": wanted.catch}
    return [kind for kind, count in numbers.items() for _ in range(count)]


def words_of(images: Labelled) -> tuple[tuple[int, str], ...]:
    """Return the classes that can be asked about, with their names."""
    return tuple(
        (number, name) for number, name in enumerate(images.classes) if name not in NO_WORDS
    )


def _write_items(folder: Path, images: Labelled, wanted: Wanted) -> None:
    """Write stimuli/, stimuli.csv and items.csv."""
    rng = np.random.default_rng([wanted.seed, 51])
    words = words_of(images)
    (folder / "stimuli").mkdir()
    stimuli: list[list[Any]] = []
    items: list[list[Any]] = []
    for number, (row, kind) in enumerate(
        zip(rng.permutation(len(images)).tolist(), _kinds(wanted), strict=False)
    ):
        file = f"stimuli/{number + 1:04d}.png"
        square(Image.fromarray(images.images[row]), wanted.side).save(folder / file)
        labels = images.labels[row]
        source = images.names[row] if images.names else str(row)
        if wanted.task == "point":
            # Exactly the wanted share of each kind, however few they are.
            absent = int((number + 1) * wanted.absent) > int(number * wanted.absent)
            word, box, places = _pointed(labels, words, absent=absent, rng=rng, source=source)
            items.append([f"{source}-{word}", kind, file, source, word, *box, _answer(box)])
            stimuli.append([file, "", *places])
        else:
            shown = [name for place, name in words if (labels == place).any()]
            items.append([source, kind, file, source, ";".join(shown)])
            stimuli.append([file, "", *(int(name in shown) for _, name in words)])
    names = [name for _, name in words]
    if wanted.task == "point":
        head = [f"{name}_{axis}" for name in names for axis in "xy"]
        columns = ["word", "left", "top", "right", "bottom", "answer"]
    else:
        head, columns = names, ["answer"]
    write_csv(folder / "stimuli.csv", ["file", "label", *head], stimuli)
    write_csv(folder / "items.csv", ["item_id", "kind", "image", "source", *columns], items)


def _answer(box: Sequence[float | str]) -> str:
    return "absent" if box[0] == "" else ""


def _pointed(
    labels: Any,
    words: Sequence[tuple[int, str]],
    *,
    absent: bool,
    rng: np.random.Generator,
    source: str,
) -> tuple[str, list[float | str], list[float]]:
    """Choose a word for an image; return it, its box, and the middles of all words.

    Raises
    ------
    CaptionFault
        If the image shows no word, or all of them.
    """
    shares = {name: float((labels == place).mean()) for place, name in words}
    fits = [name for _, name in words if (shares[name] == 0 if absent else shares[name] > SMALLEST)]
    if not fits:
        raise CaptionFault(
            f"the image {source!r} shows {'all words' if absent else 'no word'}: leave it out"
        )
    word = str(rng.choice(fits))
    middles: list[float] = []
    box: list[float | str] = [""] * 4
    for place, name in words:
        rows, columns = np.nonzero(labels == place)
        if not len(rows):
            middles += [-1, -1]
            continue
        # A pixel of the class near the middle of all of them: rings have none in the middle.
        x, y = (columns + 0.5) / labels.shape[1], (rows + 0.5) / labels.shape[0]
        nearest = int(np.hypot(x - x.mean(), y - y.mean()).argmin())
        middles += [round(float(x[nearest]), 4), round(float(y[nearest]), 4)]
        if name == word:
            half = 0.5 / labels.shape[0]
            edges = (x.min() - half, y.min() - half, x.max() + half, y.max() + half)
            box = [round(float(edge), 4) for edge in edges]
    return word, box, middles


def _write_toml(file: Path, images: Labelled, wanted: Wanted) -> None:
    """Fill in the template's study.toml; its comments stay."""
    about: Any = tomlkit.parse(file.read_text(encoding="utf-8"))
    kinds = {"practice": wanted.practice, "test": wanted.tests, "catch": wanted.catch}
    for kind, count in kinds.items():
        about["phases"][kind] = count
    del about["stimuli"]["generator"]
    minutes = max(2, round(2 + wanted.items * _SECONDS[wanted.task] / 60))
    about["minutes"] = minutes
    about["payment"]["reward"] = round(minutes / 4, 2)  # 15 an hour
    if wanted.task == "caption" and wanted.input == "words":
        task: Any = about["task"]
        task["input"] = "words"
        task["question"] = "What does the picture show? Select all words that fit."
        task["words"] = [name for _, name in words_of(images)]
    file.write_text(tomlkit.dumps(about), encoding="utf-8")
