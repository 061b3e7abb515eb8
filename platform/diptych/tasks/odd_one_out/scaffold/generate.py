"""Draws placeholder images and items, so that the study can be tried; put your own in their place.

Each item shows two shapes of one kind and one of another kind. Items of kind test have no right
answer: colours and sizes differ too. Items of kind practice and catch have one, in the column odd.
"""

from __future__ import annotations

import csv
import random
from pathlib import Path

from PIL import Image, ImageDraw

KINDS = {"practice": 2, "test": 20, "catch": 2}
SHAPES = ("circle", "square", "triangle")
SIDE = 192


def build(folder: Path, seed: int) -> None:
    """Called by `diptych study build`."""
    rng = random.Random(seed)
    (folder / "stimuli").mkdir(exist_ok=True)
    stimuli: list[list[object]] = []
    items: list[list[object]] = []

    def draw(shape: str, hue: int, size: int) -> str:
        name = f"stimuli/{len(stimuli):04d}.png"
        image = Image.new("RGB", (SIDE, SIDE), "white")
        paint(ImageDraw.Draw(image), shape, f"hsl({hue}, 70%, 50%)", size)
        image.save(folder / name)
        stimuli.append([name, "", *(int(shape == other) for other in SHAPES), hue, size])
        return name

    for kind, count in KINDS.items():
        for number in range(count):
            pair, other = rng.sample(SHAPES, 2)
            hue, size = rng.randrange(360), rng.randint(45, 80)
            images = [draw(pair, hue, size), draw(pair, hue, size - 12), draw(other, hue, size)]
            odd = images[-1]
            if kind == "test":
                images = [draw(shape, rng.randrange(360), rng.randint(30, 80)) for shape in
                          (pair, pair, other)]
                odd = ""
            items.append([f"{kind}-{number}", kind, ";".join(images), odd])
    write(folder / "stimuli.csv", ["file", "label", *SHAPES, "hue", "size"], stimuli)
    write(folder / "items.csv", ["item_id", "kind", "images", "odd"], items)


def paint(draw: ImageDraw.ImageDraw, shape: str, colour: str, size: int) -> None:
    """One shape in the middle of an image."""
    middle = SIDE / 2
    box = (middle - size, middle - size, middle + size, middle + size)
    if shape == "circle":
        draw.ellipse(box, fill=colour)
    elif shape == "square":
        draw.rectangle(box, fill=colour)
    else:
        corners = [(middle, box[1]), (box[2], box[3]), (box[0], box[3])]
        draw.polygon(corners, fill=colour)


def write(path: Path, header: list[str], rows: list[list[object]]) -> None:
    """One CSV file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
