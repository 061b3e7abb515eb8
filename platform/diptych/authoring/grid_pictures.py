"""Pictures and tables that all studies of grids write."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from diptych_analysis.networks.images import image_set, open_image
from diptych_analysis.representations.faults import RepresentationFault

#: Opens the image of a row.
Opener = Callable[[int], Image.Image]
Floats = npt.NDArray[np.float64]

SIDES = range(32, 1025)  # pixels
_THUMBNAIL = 16  # pixels; what an observer of pixels sees


def opener_of(items: Sequence[str], folder: Path) -> Opener:
    """Open the image of a row: by the item's name, or by row where rows have no names.

    Raises
    ------
    RepresentationFault
        If an image is missing.
    """
    if all((folder / item).is_file() for item in items):
        return lambda row: open_image(folder / items[row])
    images = image_set(folder)
    if len(items) != len(images):
        missing = next(item for item in items if not (folder / item).is_file())
        raise RepresentationFault(
            f"{str(folder)!r} has no image {missing!r}, and {len(images)} different images for "
            f"{len(items)} items"
        )
    return images.open


def thumbnails(opener: Opener, rows: int) -> Floats:
    """Pixels of small grey versions of the images, (rows, 256): what an observer of pixels sees."""
    size = (_THUMBNAIL, _THUMBNAIL)
    small = [ImageOps.fit(opener(row).convert("L"), size) for row in range(rows)]
    return np.stack([np.asarray(each, np.float64).ravel() for each in small])


def square(picture: Image.Image, side: int) -> Image.Image:
    """Cut and scale a picture to a square of `side` pixels."""
    # Small images, such as 28 x 28 digits, keep their squares.
    small = min(picture.size) * 2 <= side
    how = Image.Resampling.NEAREST if small else Image.Resampling.LANCZOS
    return ImageOps.fit(picture.convert("RGB"), (side, side), how)


def write_csv(file: Path, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Write a table with a header."""
    with file.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out, lineterminator="\n").writerows([head, *rows])


def write_texts(folder: Path, templates: Iterable[Path], values: Mapping[str, object]) -> None:
    """Write copies of texts, with each `{{name}}` replaced by its value."""
    for path in templates:
        text = path.read_text(encoding="utf-8")
        for name, value in values.items():
            text = text.replace("{{" + name + "}}", str(value))
        (folder / path.name).write_text(text, encoding="utf-8")
