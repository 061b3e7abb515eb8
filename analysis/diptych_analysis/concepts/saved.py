"""The pictures of a finished search, written for readers and read again by studies with people.

FOLDER/
  class.png             images of the class, then random images of the unchanged generator
  concepts/striped.png  images of a word before and after the search
  images/0007-striped.png   the two groups of step 7, the preferred one above
  predictions.csv       whether the network gives each of these images the class (not of images/)
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from diptych_analysis.concepts.faults import ConceptFault
from diptych_analysis.concepts.sensitivity import pictures, predicted
from diptych_analysis.concepts.sheets import Bytes, as_images, read_sheet, write_sheet

if TYPE_CHECKING:
    from diptych_analysis.concepts.search import Search

CLASS_SHEET = "class.png"
#: Images of the class, and random images, that a search keeps.
KEPT = 40
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Groups:
    """The two groups of a step.

    Attributes
    ----------
    step : int
        From 1.
    word : str
        What both were drawn for.
    images : ndarray, (2, group, H, W, 3)
        Group 1 and group 2, as they were drawn.
    preferred : int
        0 or 1: the group that the scores preferred; -1 where they did not differ.
    """

    step: int
    word: str
    images: Bytes
    preferred: int


@dataclass(frozen=True)
class SavedSearch:
    """What a finished search keeps.

    Attributes
    ----------
    folder : Path
        Where it lies.
    about : dict
        As results.json has it.
    class_images, random_images : ndarray, (images, H, W, 3)
        Images of the class, and of the unchanged generator for the empty prompt.
    concepts : dict of str to ndarray, (images, H, W, 3)
        Images of each word after the search, the best word first.
    unchanged : dict of str to ndarray, (images, H, W, 3)
        Images of each word before it; the same where preferences moved nothing.
    in_class : dict of str to ndarray of bool, (images,)
        Whether the network gives the class: by word (`concepts`), and for `random`.
    steps : tuple of Groups
        Every step, in order.
    """

    folder: Path
    about: dict[str, Any]
    class_images: Bytes
    random_images: Bytes
    concepts: dict[str, Bytes]
    unchanged: dict[str, Bytes]
    in_class: dict[str, Bools]
    steps: tuple[Groups, ...]


def write_pictures(folder: Path, search: Search, images: Mapping[str, tuple[Bytes, Bytes]]) -> None:
    """Write the pictures of a search after its last step.

    Parameters
    ----------
    folder : Path
        Folder of the search.
    search : Search
        After its steps.
    images : mapping of str to (ndarray, ndarray)
        Images of every word before and after the search, the best word first.
    """
    size = next(iter(images.values()))[0].shape[1:3]
    shown = as_images(search.target.images[:KEPT], (size[0], size[1]))
    random = search.draw_unchanged("", search.random_seeds()[:KEPT])
    write_sheet(folder / CLASS_SHEET, [shown, random])
    rows = _predictions(search, "random", random)
    for word, (before, after) in images.items():
        groups = [before] if search.tuner is None else [before, after]
        write_sheet(folder / "concepts" / f"{file_name(word)}.png", groups)
        rows += _predictions(search, word, after)
    pd.DataFrame(rows).to_csv(folder / "predictions.csv", index=False)


def read_search(folder: Path) -> SavedSearch:
    """Read a finished search.

    Raises
    ------
    ConceptFault
        If the folder holds none, or one of an earlier version.
    """
    try:
        about: dict[str, Any] = json.loads((folder / "results.json").read_text("utf-8"))
        words = [str(row["word"]) for row in about["words"] if row.get("rank") is not None]
        table = pd.read_csv(folder / "predictions.csv", dtype={"word": str})
        steps = pd.read_csv(folder / "steps.csv", dtype={"word": str})
        in_class = {
            str(word): rows["in_class"].to_numpy(dtype=np.bool_)
            for word, rows in table.groupby("word")
        }
        columns = (steps[name].tolist() for name in ("step", "word", "preferred"))
        taken = list(zip(*columns, strict=True))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConceptFault(
            f"{str(folder)!r} is no finished search with pictures ({error}); it must come from "
            "`diptych concepts … --to` of this version"
        ) from error
    shown = read_sheet(folder / CLASS_SHEET)
    drawn = {word: read_sheet(folder / "concepts" / f"{file_name(word)}.png") for word in words}
    return SavedSearch(
        folder=folder,
        about=about,
        class_images=shown[0],
        random_images=shown[1],
        concepts={word: groups[-1] for word, groups in drawn.items()},
        unchanged={word: groups[0] for word, groups in drawn.items()},
        in_class=in_class,
        steps=tuple(_groups(folder, *row) for row in taken),
    )


def group_file(folder: Path, step: int, word: str) -> Path:
    """Return the file of a step's groups."""
    return folder / "images" / f"{step:04d}-{file_name(word)}.png"


def file_name(word: str) -> str:
    """Return a word as a file name."""
    return "".join(letter if letter.isalnum() else "-" for letter in word)[:60]


def _groups(folder: Path, step: int, word: str, preferred: Any) -> Groups:
    first, second = read_sheet(group_file(folder, step, word))
    place = -1 if pd.isna(preferred) else int(preferred) - 1
    # The sheet has the preferred group above.
    images = np.stack([second, first] if place == 1 else [first, second])
    return Groups(step, word, images, place)


def _predictions(search: Search, word: str, images: Bytes) -> list[dict[str, Any]]:
    found = predicted(search.target.network, pictures(images)) == search.target.number
    return [{"word": word, "place": i, "in_class": bool(one)} for i, one in enumerate(found)]
