"""Writes placeholder images and items, so that the study can be tried; put your own in their place.

The unit is `brightness`: it responds to bright squares.
"""

from __future__ import annotations

import csv
import random
from pathlib import Path

from PIL import Image

SIDE = 9
KINDS = {"practice": 3, "test": 10, "catch": 2}


def build(folder: Path, seed: int) -> None:
    """Called by `diptych study build`."""
    rng = random.Random(seed)
    images = folder / "stimuli"
    images.mkdir(exist_ok=True)
    stimuli: list[list[object]] = []
    items: list[list[object]] = []

    def draw(grey: int) -> str:
        name = f"stimuli/{len(stimuli):04d}.png"
        tint = [max(0, min(255, grey + rng.randint(-12, 12))) for _ in range(3)]
        Image.new("RGB", (96, 96), tuple(tint)).save(folder / name)
        stimuli.append([name, "square", grey])
        return name

    for kind, count in KINDS.items():
        for number in range(count):
            gap = rng.randint(15, 60) if kind == "test" else 90
            positives = ";".join(draw(rng.randint(190, 240)) for _ in range(SIDE))
            negatives = ";".join(draw(rng.randint(15, 65)) for _ in range(SIDE))
            queries = draw(128 + gap), draw(128 - gap)
            items.append([f"{kind}-{number}", kind, "brightness", *queries, positives, negatives])
    write(folder / "stimuli.csv", ["file", "label", "brightness"], stimuli)
    columns = ["item_id", "kind", "unit", "query_positive", "query_negative", "positives"]
    write(folder / "items.csv", [*columns, "negatives"], items)


def write(path: Path, header: list[str], rows: list[list[object]]) -> None:
    """One CSV file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
