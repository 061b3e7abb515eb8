"""Score units of EfficientNet-Lite0 on free photographs, and show people some of them.

Crops of photographs that the package scikit-image carries are shown to the network, whose ImageNet
weights come in a package too: nothing is downloaded. Each unit's most and least activating crops
become its items, EfficientNet-Lite2 says how easy they should be (MIS), and the easiest, random
and hardest units become the study, as `diptych study from-units` would make it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from diptych_analysis.pictures import read_picture

# Only what its maker has given to the public; README.md says whose each is.
PHOTOGRAPHS = (
    "astronaut.png", "brick.png", "camera.png", "chelsea.png", "clock_motion.png", "coffee.png",
    "grass.png", "gravel.png", "hubble_deep_field.jpg", "retina.jpg", "rocket.jpg",
)  # fmt: skip
MODEL, SIMILARITY = "efficientnet-lite0", "efficientnet-lite2"
# The output of the last block of each stage, from colours and edges up to things.
LAYERS = tuple(f"blocks.{block}.conv_pwl" for block in ("1.1", "2.1", "3.2", "4.2", "5.3", "6.0"))
PARTS = (3, 4)  # crops along the shorter side of a photograph: two sizes of squares
SIDE = 192  # pixels
PLAIN = 6.0  # standard deviation of grey below which a crop shows nothing
N, K = 5, 9  # items a unit, explanations a side: these and the queries take 100 crops
GROUP = 8  # units each: easiest, random, hardest


def crop(photographs: Path, folder: Path) -> int:
    """Cut every photograph into squares that tile it; the number of those that show something."""
    count = 0
    for name in PHOTOGRAPHS:
        photograph = read_picture((photographs / name).read_bytes())
        for parts in PARTS:
            side = min(photograph.size) // parts
            for top in range(0, photograph.height - side + 1, side):
                for left in range(0, photograph.width - side + 1, side):
                    square = photograph.crop((left, top, left + side, top + side))
                    if np.asarray(square.convert("L"), dtype=float).std() < PLAIN:
                        continue
                    square = square.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
                    square.save(folder / f"{count:04d}.png", compress_level=1)
                    count += 1
    return count


def build(folder: Path, seed: int) -> None:
    """Write stimuli/, stimuli.csv, items.csv and the pictures of the instructions.

    The same seed gives the same units and the same numbers of the images.
    """
    try:
        import skimage
    except ModuleNotFoundError:
        raise RuntimeError(
            "the photographs come in the package scikit-image, which is not installed: "
            "pip install 'diptych[models]'"
        ) from None
    from diptych.authoring.from_units import Wanted, write_items
    from diptych_analysis.mis.runs import score_network

    with tempfile.TemporaryDirectory(prefix="lite0-units-") as kept:
        crops, scores = Path(kept) / "crops", Path(kept) / "scores"
        crops.mkdir()
        crop(Path(skimage.__file__).parent / "data", crops)
        score_network(
            MODEL, images=crops, to=scores, layers=LAYERS, similarity=SIMILARITY, n=N, k=K
        )
        wanted = Wanted(easiest=GROUP, random=GROUP, hardest=GROUP)
        write_items(folder, scores, crops, MODEL, wanted=wanted, side=SIDE, seed=seed)
