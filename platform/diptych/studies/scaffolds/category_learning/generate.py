"""Writes stimuli.csv from the images in stimuli/<class>/.

Without any images it draws placeholders (circles and squares), so that the study can be tried.
"""

from __future__ import annotations

import csv
import random
from pathlib import Path

from PIL import Image, ImageDraw


def build(folder: Path, seed: int) -> None:
    """Called by `diptych study build`."""
    images = folder / "stimuli"
    if not any(images.glob("*/*")):
        draw_placeholders(images, random.Random(seed))
    with (folder / "stimuli.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "label"])
        for path in sorted(images.glob("*/*")):
            writer.writerow([path.relative_to(folder).as_posix(), path.parent.name])


def draw_placeholders(images: Path, rng: random.Random) -> None:
    """Twenty circles and twenty squares of random size and grey."""
    for shape in ("circle", "square"):
        (images / shape).mkdir(parents=True, exist_ok=True)
        for number in range(20):
            picture = Image.new("RGB", (128, 128), "white")
            radius, grey = rng.randint(15, 50), rng.randint(0, 160)
            box = (64 - radius, 64 - radius, 64 + radius, 64 + radius)
            pen = ImageDraw.Draw(picture)
            (pen.ellipse if shape == "circle" else pen.rectangle)(box, fill=(grey, grey, grey))
            picture.save(images / shape / f"{number:02d}.png")
