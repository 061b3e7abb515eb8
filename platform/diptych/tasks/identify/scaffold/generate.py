"""Draws placeholder images and items, so that the study can be tried; put your own in their place.

Each item shows one shape, pale or clear; its column answer holds the right answer.
"""

from __future__ import annotations

import csv
import random
from pathlib import Path

from PIL import Image, ImageDraw

SHAPES = ("circle", "square", "triangle")
GREYS = (110, 118, 126, 134, 142, 150, 158, 166, 174, 182)
SIDE = 192


def build(folder: Path, seed: int) -> None:
    """Called by `diptych study build`."""
    rng = random.Random(seed)
    (folder / "stimuli").mkdir(exist_ok=True)
    stimuli: list[list[object]] = []
    items: list[list[object]] = []

    def add(kind: str, shape: str, grey: int) -> None:
        name = f"stimuli/{len(stimuli):04d}.png"
        image = Image.new("L", (SIDE, SIDE), 100)
        paint(ImageDraw.Draw(image), shape, grey, rng.randint(45, 75))
        image.save(folder / name)
        stimuli.append([name, "", *(int(shape == other) for other in SHAPES), grey])
        items.append([f"{kind}-{len(items)}", kind, name, shape, grey])

    for shape in SHAPES:
        add("practice", shape, 220)
    for grey in GREYS:
        for shape in SHAPES:
            add("test", shape, grey)
    for shape in SHAPES[:2]:
        add("catch", shape, 255)
    write(folder / "stimuli.csv", ["file", "label", *SHAPES, "grey"], stimuli)
    write(folder / "items.csv", ["item_id", "kind", "images", "answer", "grey"], items)


def paint(draw: ImageDraw.ImageDraw, shape: str, grey: int, size: int) -> None:
    """One shape in the middle of an image."""
    middle = SIDE / 2
    box = (middle - size, middle - size, middle + size, middle + size)
    if shape == "circle":
        draw.ellipse(box, fill=grey)
    elif shape == "square":
        draw.rectangle(box, fill=grey)
    else:
        draw.polygon([(middle, box[1]), (box[2], box[3]), (box[0], box[3])], fill=grey)


def write(path: Path, header: list[str], rows: list[list[object]]) -> None:
    """One CSV file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
