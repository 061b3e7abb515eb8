"""Concepts of two networks with a planted similarity, and the folder of `diptych rsvc`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from diptych_analysis.representations.rsvc.saved import COLUMNS, TABLE
from diptych_analysis.representations.rsvc.study_patches import study_lists

IMAGES, PATCHES = 150, 4


def planted_concepts(
    folder: Path, similarities: tuple[float, ...] = (0.05, 0.3, 0.6), seed: int = 0
) -> Path:
    """Write concepts of two classes and both networks, whose predictions correlate as given.

    The patches are noise of different brightness and tell nothing.
    """
    rng = np.random.default_rng(seed)
    (folder / "patches").mkdir(parents=True)
    rows = []
    images = np.repeat(np.arange(IMAGES), PATCHES)
    for name in ("cats", "dogs"):
        for row in range(IMAGES * PATCHES):
            pixels = rng.integers(0, 120, (8, 8, 3)) + rng.integers(0, 130)
            Image.fromarray(pixels.astype(np.uint8)).save(folder / _file(name, row))
        for side in ("a", "b"):
            for number, r in enumerate(similarities):
                u = rng.gamma(0.5, 1, len(images))
                # Noise of the same distribution: the correlation of u and its prediction is r.
                other = rng.permutation(u)
                predicted = r * u + np.sqrt(1 - r**2) * other
                lists = study_lists(u, predicted, images)
                found = float(np.corrcoef(u, predicted)[0, 1])
                rows += [
                    (name, side, side, "b" if side == "a" else "a", number, found, grid, place,
                     _file(name, int(row)), f"{name}-{images[row]}.png", u[row], predicted[row])
                    for grid, chosen in lists.items()
                    for place, row in enumerate(chosen)
                ]  # fmt: skip
    columns = [column.name for column in COLUMNS]
    pd.DataFrame(rows, columns=columns).to_csv(folder / TABLE, index=False)
    return folder


def _file(name: str, row: int) -> str:
    return f"patches/{name}-{row:04d}.png"
