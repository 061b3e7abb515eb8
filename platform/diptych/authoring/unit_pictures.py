"""The images of a study made from a network's units, and the pictures of its instructions."""

from __future__ import annotations

import hashlib
import io
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from diptych.authoring.unit_choice import UnitItem, UnitsFault
from diptych_analysis.pictures import PictureFault, read_picture

QUALITY = 92  # of JPEG: no block can be seen at this size
RECROPPED = (0.97, 0.99)  # share of a side that another crop of a picture keeps
RIGHT = (22, 138, 74)  # colour of the frame around a right answer


def square(path: Path, sha256: str, side: int) -> Image.Image:
    """Scale the upright middle square of an image file to `side` x `side` pixels, RGB.

    Raises
    ------
    UnitsFault
        The file is missing, is not the one that was scored, or is no image.
    """
    try:
        data = path.read_bytes()
    except OSError as fault:
        raise UnitsFault(f"the scored image {path} cannot be read: {fault.strerror}") from None
    if hashlib.sha256(data).hexdigest() != sha256:
        raise UnitsFault(f"{path} is not the image that was scored: its content has changed")
    try:
        return ImageOps.fit(read_picture(data), (side, side), Image.Resampling.LANCZOS)
    except PictureFault as fault:
        raise UnitsFault(f"{path}: {fault}") from None


def recropped(picture: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Scale most of a square picture back to its size: people see the same, no pixel is the same.

    Parameters
    ----------
    picture : Image.Image
        A square picture.
    rng : np.random.Generator
        Says which part.
    """
    side = picture.width
    kept = round(side * float(rng.uniform(*RECROPPED)))
    left, top = (int(n) for n in rng.integers(0, side - kept + 1, 2))
    part = picture.crop((left, top, left + kept, top + kept))
    return part.resize((side, side), Image.Resampling.LANCZOS)


def jpeg(picture: Image.Image) -> bytes:
    """Return the bytes of a picture as JPEG, with nothing in them but the picture."""
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=QUALITY, subsampling=0, optimize=True)
    return out.getvalue()


def draw_assets(folder: Path, item: UnitItem, pictures: dict[int, Image.Image]) -> None:
    """Draw the pictures of the instructions: the two sets, the whole screen, an answer to it."""
    folder.mkdir(parents=True, exist_ok=True)
    right, left = ([pictures[n] for n in side] for side in (item.positives, item.negatives))
    top, bottom = pictures[item.query_positive], pictures[item.query_negative]
    sets = _grid(left, 72), _grid(right, 72)
    for name, picture in {
        "examples-right": _grid(right, 96),
        "examples-left": _grid(left, 96),
        "screen": _beside(sets[0], _queries(top, bottom, framed=False), sets[1]),
        "answer": _beside(sets[0], _queries(top, bottom, framed=True), sets[1]),
    }.items():
        (folder / f"{name}.jpg").write_bytes(jpeg(picture))


def _grid(pictures: Sequence[Image.Image], small: int, gap: int = 6) -> Image.Image:
    columns = math.ceil(math.sqrt(len(pictures)))
    rows = math.ceil(len(pictures) / columns)
    width, height = (n * (small + gap) - gap for n in (columns, rows))
    sheet = Image.new("RGB", (width, height), "white")
    for number, picture in enumerate(pictures):
        at = (number % columns * (small + gap), number // columns * (small + gap))
        sheet.paste(picture.resize((small, small), Image.Resampling.LANCZOS), at)
    return sheet


def _queries(
    top: Image.Image, bottom: Image.Image, *, framed: bool, side: int = 112, gap: int = 6
) -> Image.Image:
    frame = 6
    outer = side + 2 * frame
    sheet = Image.new("RGB", (outer, 2 * outer + gap), "white")
    if framed:
        sheet.paste(RIGHT, (0, 0, outer, outer))
    for picture, y in ((top, frame), (bottom, outer + gap + frame)):
        sheet.paste(picture.resize((side, side), Image.Resampling.LANCZOS), (frame, y))
    return sheet


def _beside(*parts: Image.Image, gap: int = 40) -> Image.Image:
    width = sum(part.width for part in parts) + gap * (len(parts) - 1)
    height = max(part.height for part in parts)
    sheet = Image.new("RGB", (width, height), "white")
    x = 0
    for part in parts:
        sheet.paste(part, (x, (height - part.height) // 2))
        x += part.width + gap
    return sheet
