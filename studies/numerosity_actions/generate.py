"""Draw two frames of 0 to 9 squares: one square was put, one was taken, or all were shaken.

This is the task that the networks of `diptych numerosity` learn from. All squares are drawn anew in
the second frame, so that only the number tells what happened. Each action has five test items at
each number of squares before it, 0 to 8; nothing can be taken from 0.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from PIL import Image

from diptych_analysis.numerosity.displays import Display, Wanted, draw_display

ACTIONS = {"put": 1, "take": -1, "shake": 0}
MOST = 8  # squares before the action
EACH = 5
PRACTICE = [(number, action) for number in (1, 2, 3) for action in ACTIONS]
CATCH = [(1, "take"), (1, "put"), (1, "shake"), (2, "take")]
PIXELS = 240
#: Least and greatest area of one square and hull of all, square pixels, and mean grey level.
AREAS, HULLS, GREYS = (180, 800), (14_000, 32_000), (90, 200)


def build(folder: Path, seed: int, each: int = EACH) -> None:
    """Write stimuli/*.png, stimuli.csv and items.csv; called by `diptych study build`."""
    rng = np.random.default_rng(seed)
    wanted = [("practice", number, action) for number, action in PRACTICE]
    wanted += [
        ("test", number, action)
        for number in range(MOST + 1)
        for action, change in ACTIONS.items()
        if number + change >= 0
        for _ in range(each)
    ]
    wanted += [("catch", number, action) for number, action in CATCH]
    (folder / "stimuli").mkdir(parents=True, exist_ok=True)
    files = [f"stimuli/{number:04d}.png" for number in rng.permutation(2 * len(wanted))]
    stimuli: dict[str, list[object]] = {}
    items = []
    # Images of no squares are all the same: one file serves all of them.
    known: dict[bytes, str] = {}
    for at, (kind, before, action) in enumerate(wanted):
        shown = []
        for file, number in zip(
            files[2 * at : 2 * at + 2], (before, before + ACTIONS[action]), strict=True
        ):
            display = drawn(number, rng)
            kept = known.setdefault(display.image.tobytes(), file)
            if kept == file:
                Image.fromarray(display.image).save(folder / file, optimize=True)
                measured = (display.area, display.hull, display.intensity)
                stimuli[file] = [file, "", number, *(f"{each:.10g}" for each in measured)]
            shown.append(kept)
        items.append([f"{kind}-{at:03d}", kind, ";".join(shown), action, before])
    columns = ["file", "label", "number", "area", "hull", "intensity"]
    write(folder / "stimuli.csv", columns, [stimuli[file] for file in sorted(stimuli)])
    write(folder / "items.csv", ["item_id", "kind", "images", "answer", "number"], items)


def drawn(number: int, rng: np.random.Generator) -> Display:
    """One frame; area, hull and grey of each frame are drawn apart."""
    area, hull, grey = (rng.uniform(*bounds) for bounds in (AREAS, HULLS, GREYS))
    return draw_display(Wanted(number, number * area, hull, number * area * grey), PIXELS, rng)


def write(path: Path, head: list[str], rows: list[list[object]]) -> None:
    """Write one CSV file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)
