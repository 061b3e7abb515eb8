"""Two representations with planted groups, their images, and the folder of `diptych rdx`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from diptych_analysis.representations.rdx.comparison import compare
from diptych_analysis.representations.rdx.runs import Run, write_run
from diptych_analysis.representations.rdx.settings import Settings

ITEMS, GROUP, GROUPS = 420, 30, 3


def planted_run(folder: Path, *, sampling: str = "spectral", seed: int = 0) -> tuple[Path, Path]:
    """Write a run and its images; return their folders.

    The first three groups of 30 items are compact in A and scattered in B, the next three the
    reverse. The images are noise of different brightness and tell nothing.
    """
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, ITEMS, 16))
    for number in range(2 * GROUPS):
        own = slice(number * GROUP, (number + 1) * GROUP)
        rows = a if number < GROUPS else b
        rows[own] = 1.2 * rng.normal(size=16) + 0.25 * rng.normal(size=(GROUP, 16))
    names = tuple(f"{row:03d}.png" for row in range(ITEMS))
    (folder / "images").mkdir(parents=True)
    for name in names:
        pixels = rng.integers(0, 120, (8, 8, 3)) + rng.integers(0, 130)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / "images" / name)
    # With 420 items, greedy sampling takes noise for a group at the default gamma in some seeds.
    settings = Settings(grids=GROUPS, sampling=sampling, gamma=0.1)  # type: ignore[arg-type]
    run = Run.of(("a", "b"), compare(a, b, settings), names, (a, b))
    write_run(run, folder / "out")
    return folder / "out", folder / "images"
