"""Draws placeholder images and items, so that the study can be tried; put your own in their place.

Each picture shows some of four shapes. The column answer of items.csv holds the words that fit, with
; between. Columns of stimuli.csv tell simulated participants the same: 1 for a word that fits.
"""

from __future__ import annotations

import csv
import random
from pathlib import Path

from PIL import Image, ImageDraw

WORDS = ("circle", "square", "triangle", "bar")
PLACES = ((0.27, 0.27), (0.73, 0.27), (0.27, 0.73), (0.73, 0.73))
SIDE, HALF = 320, 0.16      # of the picture, pixels; half of a shape, as a share of the picture


def build(folder: Path, seed: int) -> None:
    """Called by `diptych study build`."""
    rng = random.Random(seed)
    (folder / "stimuli").mkdir(exist_ok=True)
    stimuli: list[list[object]] = []
    items: list[list[object]] = []
    for number, kind in enumerate(["practice", *["test"] * 20, "catch"]):
        count = 1 if kind == "catch" else rng.randint(2, 4)
        shown = dict(zip(rng.sample(WORDS, count), rng.sample(PLACES, count)))
        name = f"stimuli/{number:04d}.png"
        draw(shown).save(folder / name)
        stimuli.append([name, "", *(int(word in shown) for word in WORDS)])
        items.append([f"{kind}-{number}", kind, name, ";".join(sorted(shown))])
    write(folder / "stimuli.csv", ["file", "label", *WORDS], stimuli)
    write(folder / "items.csv", ["item_id", "kind", "image", "answer"], items)


def draw(shown: dict[str, tuple[float, float]]) -> Image.Image:
    """A picture of shapes."""
    image = Image.new("RGB", (SIDE, SIDE), (236, 238, 242))
    pen = ImageDraw.Draw(image)
    for word, (x, y) in shown.items():
        left, top, right, bottom = (
            round(value * SIDE) for value in (x - HALF, y - HALF, x + HALF, y + HALF)
        )
        middle = (top + bottom) // 2
        if word == "circle":
            pen.ellipse((left, top, right, bottom), fill=(0, 114, 178))
        elif word == "square":
            pen.rectangle((left, top, right, bottom), fill=(213, 94, 0))
        elif word == "triangle":
            pen.polygon([(left, bottom), (right, bottom), ((left + right) // 2, top)],
                        fill=(0, 158, 115))
        else:
            pen.rectangle((left, middle - 12, right, middle + 12), fill=(120, 80, 160))
    return image


def write(path: Path, header: list[str], rows: list[list[object]]) -> None:
    """One CSV file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
