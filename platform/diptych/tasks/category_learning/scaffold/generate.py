"""Writes stimuli.csv from the images in stimuli/<class>/, and in folders within these.

Without any images it draws placeholders (circles and squares), so that the study can be tried.
"""

from __future__ import annotations

import csv
import random
from pathlib import Path

from PIL import Image, ImageDraw

from diptych_analysis.picture_files import in_words, picture_files


def build(folder: Path, seed: int) -> None:
    """Called by `diptych study build`."""
    images = folder / "stimuli"
    found, left_out = find_images(images)
    if not found:
        draw_placeholders(images, random.Random(seed))
        found, left_out = find_images(images)
    if left_out:
        print(in_words(left_out))
    with (folder / "stimuli.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "label"])
        for name in found:
            writer.writerow([f"stimuli/{name}", name.split("/")[0]])


def find_images(images: Path) -> tuple[list[str], list[str]]:
    """Images that stand in the folder of a class, and all other files."""
    found, others = picture_files(images)
    return [n for n in found if "/" in n], [n for n in found if "/" not in n] + others


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
