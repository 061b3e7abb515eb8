"""Draws placeholder images and items, so that the study can be tried; put your own in their place.

Each item shows one picture of dots; its column number holds how many there are.
"""

from __future__ import annotations

import csv
import random
from pathlib import Path

from PIL import Image, ImageDraw

LEVELS = (1, 2, 3, 5, 7, 10, 14, 20, 25, 30)
EACH = 4                    # test items per level
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

    def add(kind: str, number: int) -> None:
        items.append([f"{kind}-{len(items)}", kind, draw(number), number])

    for number in (2, 8, 20):
        add("practice", number)
    for number in LEVELS * EACH:
        add("test", number)
    for number in (1, 3):
        add("catch", number)
    write(folder / "stimuli.csv", ["file", "label", "number"], stimuli)
    write(folder / "items.csv", ["item_id", "kind", "image", "number"], items)


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
