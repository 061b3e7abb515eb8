"""Draw pairs of displays of squares, in which area, hull and light go with the number or against.

Each item compares a display (column test) of 8 to 32 squares with a display of 16 (reference).
Each of the 14 levels has 12 test items. The larger number also has the larger area, hull and
intensity in three of them (congruent), the smaller of all in three (incongruent), and one item has
each mixture of the three: so each covariate goes against the number in half of the items.

Whoever compares a covariate and not the number is wrong in all pairs that are incongruent in it.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
from PIL import Image

from diptych_analysis.numerosity.displays import Display, Wanted, draw_display

REFERENCE = 16
LEVELS = (8, 10, 11, 12, 13, 14, 15, 17, 18, 20, 22, 24, 28, 32)
PRACTICE = (8, 10, 12, 22, 26, 32)
CATCH = ((8, 32), (32, 8))  # test and reference, by turns
CATCHES = 8
PIXELS = 240
COVARIATES = ("area", "hull", "intensity")
#: Least and greatest of a pair's mean area and hull, square pixels, and of its mean grey level.
AREAS, HULLS, GREYS = (5200, 8200), (21_000, 31_000), (125, 155)
#: Least and greatest ratio of a covariate between the displays of a pair, natural logarithms.
RATIOS = (0.2, 0.5)

#: Whether each covariate goes with the number (1) or against it (-1), for the items of a level.
MIXED = [signs for signs in product((1, -1), repeat=3) if abs(sum(signs)) < 3]
PATTERNS = [(1, 1, 1)] * 3 + [(-1, -1, -1)] * 3 + MIXED


def build(folder: Path, seed: int, levels: Sequence[int] = LEVELS) -> None:
    """Write stimuli/*.png, stimuli.csv and items.csv; called by `diptych study build`.

    The same seed gives the same bytes. Files have shuffled numbers: names tell nothing.
    """
    rng = np.random.default_rng(seed)
    wanted = [("practice", number, REFERENCE, (1, 1, 1)) for number in PRACTICE]
    wanted += [("test", number, REFERENCE, signs) for number in levels for signs in PATTERNS]
    wanted += [("catch", *CATCH[at % 2], (1, 1, 1)) for at in range(CATCHES)]
    pairs = [pair(test, reference, signs, rng) for _, test, reference, signs in wanted]
    displays = [display for both in pairs for display in both]
    files = [f"stimuli/{number:04d}.png" for number in rng.permutation(len(displays))]
    (folder / "stimuli").mkdir(parents=True, exist_ok=True)
    stimuli = []
    for file, display in sorted(zip(files, displays, strict=True), key=lambda each: each[0]):
        Image.fromarray(display.image).save(folder / file, optimize=True)
        stimuli.append([file, "", *values(display)])
    columns = ["number", *COVARIATES]
    write(folder / "stimuli.csv", ["file", "label", *columns], stimuli)
    items = []
    for at, (kind, test, reference, signs) in enumerate(wanted):
        answer = "test" if test > reference else "reference"
        pattern = {3: "congruent", -3: "incongruent"}.get(sum(signs), "mixed")
        items.append([
            f"{kind}-{at:03d}", kind, files[2 * at], files[2 * at + 1], answer,
            *values(pairs[at][0]), *values(pairs[at][1]),
            *("with" if sign > 0 else "against" for sign in signs), pattern,
        ])  # fmt: skip
    head = ["item_id", "kind", "test", "reference", "answer", *columns]
    head += [f"reference_{name}" for name in columns]
    head += [f"{name}_and_number" for name in COVARIATES] + ["pair"]
    write(folder / "items.csv", head, items)


def pair(
    test: int, reference: int, signs: tuple[int, ...], rng: np.random.Generator
) -> tuple[Display, Display]:
    """Two displays; each covariate is larger in the one with more objects where its sign is 1."""
    direction = 1 if test > reference else -1
    while True:
        ratios = direction * np.array(signs) * rng.uniform(*RATIOS, 3)
        area, hull, grey = (rng.uniform(*bounds) for bounds in (AREAS, HULLS, GREYS))
        means = np.array([area, hull, area * grey])
        drawn = [
            draw_display(Wanted(number, *(means * np.exp(half * ratios))), PIXELS, rng)
            for number, half in ((test, 0.5), (reference, -0.5))
        ]
        found = np.log(np.divide(*(np.array(values(display)[1:]) for display in drawn)))
        # Rounding and the hulls that fit decide; a pair that is not as wanted is drawn again.
        if (np.sign(found) == np.sign(ratios)).all() and (abs(found) > RATIOS[0] / 2).all():
            return drawn[0], drawn[1]


def values(display: Display) -> list[float]:
    """List number, area, hull and intensity."""
    return [display.number, display.area, display.hull, display.intensity]


def write(path: Path, head: list[str], rows: list[list[object]]) -> None:
    """Write one CSV file; whole numbers have no decimal point."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(
            [f"{cell:.10g}" if isinstance(cell, float) else cell for cell in row] for row in rows
        )
