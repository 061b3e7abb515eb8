"""Draws placeholder images and items, so that the study can be tried; put your own in their place.

Each item compares a picture of dots (column test) with a picture of 16 dots (column reference).
"""

from __future__ import annotations

import csv
import random
from pathlib import Path

from PIL import Image, ImageDraw

REFERENCE = 16
LEVELS = (8, 10, 12, 14, 18, 20, 24, 32)
EACH = 5                    # test items per level
SIDE, RADIUS = 240, 7       # of the picture and of a dot, pixels


def build(folder: Path, seed: int) -> None:
    """Called by `diptych study build`."""
    rng = random.Random(seed)
    (folder / "stimuli").mkdir(exist_ok=True)
    stimuli: list[list[object]] = []
    items: list[list[object]] = []

    def draw(number: int) -> str:
        name = f"stimuli/{len(stimuli):04d}.png"
        dots(number, rng).save(folder / name)
        stimuli.append([name, "", number])
        return name

    def add(kind: str, test: int, reference: int) -> None:
        answer = "test" if test > reference else "reference"
        images = [draw(test), draw(reference)]
        items.append([f"{kind}-{len(items)}", kind, *images, answer, test, reference])

    for test in (8, 32, 10, 24):
        add("practice", test, REFERENCE)
    for test in LEVELS * EACH:
        add("test", test, REFERENCE)
    for test, reference in ((8, 32), (32, 8)):
        add("catch", test, reference)
    write(folder / "stimuli.csv", ["file", "label", "number"], stimuli)
    head = ["item_id", "kind", "test", "reference", "answer", "number", "reference_number"]
    write(folder / "items.csv", head, items)


def dots(number: int, rng: random.Random) -> Image.Image:
    """A picture of white dots that do not touch."""
    image = Image.new("L", (SIDE, SIDE), 0)
    pen = ImageDraw.Draw(image)
    middles: list[tuple[int, int]] = []
    while len(middles) < number:
        x, y = (rng.randrange(RADIUS + 2, SIDE - RADIUS - 2) for _ in "xy")
        if all((x - a) ** 2 + (y - b) ** 2 > (2 * RADIUS + 4) ** 2 for a, b in middles):
            middles.append((x, y))
            pen.ellipse((x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS), fill=255)
    return image


def write(path: Path, header: list[str], rows: list[list[object]]) -> None:
    """One CSV file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
