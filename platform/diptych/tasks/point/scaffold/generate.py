"""Draws placeholder images and items, so that the study can be tried; put your own in their place.

Each picture shows some of four shapes. Columns of items.csv say where the word is: left, top, right
and bottom as shares of the picture, or the answer "absent". Columns of stimuli.csv tell simulated
participants the same.
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
    kinds = ["practice"] * 2 + ["test"] * 30 + ["catch"] * 2
    for number, kind in enumerate(kinds):
        shown = dict(zip(rng.sample(WORDS, 3), rng.sample(PLACES, 3)))
        name = f"stimuli/{number:04d}.png"
        draw(shown).save(folder / name)
        columns = [part for word in WORDS for part in shown.get(word, (-1, -1))]
        stimuli.append([name, "", *columns])
        # Two of three words are there; in practice and catch trials both kinds occur once.
        there = number % 3 < 2 if kind == "test" else number % 2 == 0
        absent = next(word for word in WORDS if word not in shown)
        word = rng.choice(sorted(shown)) if there else absent
        box = [round(value, 3) for value in box_of(shown[word])] if there else ["", "", "", ""]
        items.append([f"{kind}-{number}", kind, name, word, *box, "" if there else "absent"])
    places = [f"{word}_{axis}" for word in WORDS for axis in "xy"]
    write(folder / "stimuli.csv", ["file", "label", *places], stimuli)
    head = ["item_id", "kind", "image", "word", "left", "top", "right", "bottom", "answer"]
    write(folder / "items.csv", head, items)


def box_of(place: tuple[float, float]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a shape."""
    x, y = place
    return x - HALF, y - HALF, x + HALF, y + HALF


def draw(shown: dict[str, tuple[float, float]]) -> Image.Image:
    """A picture of shapes."""
    image = Image.new("RGB", (SIDE, SIDE), (236, 238, 242))
    pen = ImageDraw.Draw(image)
    for word, place in shown.items():
        left, top, right, bottom = (round(value * SIDE) for value in box_of(place))
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
