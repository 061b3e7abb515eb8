"""Draw displays of 1 to 30 squares whose area, hull and intensity say little about the number.

Small numbers are more frequent: each of 1 to 10 has five test items, 11 to 20 three, 21 to 30 two.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from PIL import Image

from diptych_analysis.numerosity.displays import Wanted, draw_display

#: Test items of each number.
ITEMS = {number: 5 if number <= 10 else 3 if number <= 20 else 2 for number in range(1, 31)}
PRACTICE = (2, 9, 24)
CATCH = (1, 2, 3, 2)
PIXELS = 240
#: Least and greatest area and hull, square pixels, and mean grey level: the same for all numbers.
AREAS, HULLS, GREYS = (2500, 7500), (14_000, 32_000), (90, 200)


def build(folder: Path, seed: int) -> None:
    """Write stimuli/*.png, stimuli.csv and items.csv; called by `diptych study build`."""
    rng = np.random.default_rng(seed)
    wanted = [("practice", number) for number in PRACTICE]
    wanted += [("test", number) for number, items in ITEMS.items() for _ in range(items)]
    wanted += [("catch", number) for number in CATCH]
    (folder / "stimuli").mkdir(parents=True, exist_ok=True)
    files = [f"stimuli/{number:04d}.png" for number in rng.permutation(len(wanted))]
    stimuli, items = [], []
    for at, (file, (kind, number)) in enumerate(zip(files, wanted, strict=True)):
        area, hull, grey = (rng.uniform(*bounds) for bounds in (AREAS, HULLS, GREYS))
        display = draw_display(Wanted(number, area, hull, area * grey), PIXELS, rng)
        Image.fromarray(display.image).save(folder / file, optimize=True)
        measured = [f"{each:.10g}" for each in (display.area, display.hull, display.intensity)]
        stimuli.append([file, "", number, *measured])
        items.append([f"{kind}-{at:03d}", kind, file, number, *measured])
    columns = ["number", "area", "hull", "intensity"]
    write(folder / "stimuli.csv", ["file", "label", *columns], sorted(stimuli))
    write(folder / "items.csv", ["item_id", "kind", "image", *columns], items)


def write(path: Path, head: list[str], rows: list[list[object]]) -> None:
    """Write one CSV file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)
