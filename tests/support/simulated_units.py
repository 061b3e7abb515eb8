"""Simulated scores of simulated units, in the frames that `diptych mis` writes: no network ran."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

IMAGE_SET, SCALE = "0123456789ab", 0.16
COLOURS = ("#b5482f", "#2f6db5", "#3c9a5f", "#c9a227", "#6b4a9e", "#444444")
SETTING = {
    "image_set": IMAGE_SET,
    "images": 60,
    "similarity": "efficientnet-lite2",
    "k": 9,
    "queries": "extreme",
    "scale": SCALE,
    "scale_reading": "temperature",
    "calibrated": False,
}
#: Layer types of a simulated network, over and over; transformers have others than CNNs.
CNN = ("conv", "batchnorm")
TRANSFORMER = ("layernorm", "linear", "attention")
LEANING = {"conv": 0.04, "linear": 0.06, "attention": 0.02, "batchnorm": 0.0, "layernorm": -0.05}


def simulated_layers(
    model: str, types: Sequence[str] = CNN, blocks: int = 4, units: int = 4
) -> pd.DataFrame:
    """model, layer, layer_type, layer_index, depth, width, relative_width of a simulated network.

    Widths double every other block.
    """
    rows = []
    for block in range(blocks):
        for kind in types:
            rows.append((f"blocks.{block}.{kind}", kind, units * 2 ** (block // 2)))
    found = pd.DataFrame(rows, columns=["layer", "layer_type", "width"])
    found["layer_index"] = np.arange(len(found))
    found["depth"] = found["layer_index"] / max(1, len(found) - 1)
    found["relative_width"] = found["width"] / found["width"].max()
    return found.assign(model=model)


def simulated_run(
    layers: pd.DataFrame,
    *,
    n: int = 6,
    lift: float = 0.12,
    spread: float = 0.1,
    constant: float = 0.05,
    seed: int = 0,
    **setting: object,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores and items of a simulated network; `lift` is how much a unit's tasks lean to right."""
    rng = np.random.default_rng(seed)
    about = {**SETTING, "n": n, **setting}
    units = layers.loc[layers.index.repeat(layers["width"])].reset_index(drop=True)
    units["unit"] = units.groupby("layer", sort=False).cumcount()
    lean = lift * (1 + units["layer_type"].map(LEANING).fillna(0) * 8 + 0.8 * units["depth"])
    mean = lean.to_numpy() + rng.normal(0, spread, len(units))
    margin = mean[:, None] + rng.normal(0, 0.12, (len(units), n))
    still = rng.random(len(units)) < constant
    margin[still] = np.nan
    p = 1 / (1 + np.exp(-margin / SCALE))
    scores = units.assign(
        **about,
        constant=still,
        mis=p.mean(1),
        accuracy=np.where(still, np.nan, (margin > 0).mean(1)),
        margin=margin.mean(1),
        min_activation=np.where(still, 0.0, -rng.random(len(units))),
        max_activation=np.where(still, 0.0, rng.random(len(units))),
    )
    return scores, _items(units[~still], margin[~still], p[~still], about, rng)


def _items(
    units: pd.DataFrame,
    margin: np.ndarray,
    p: np.ndarray,
    about: dict[str, object],
    rng: np.random.Generator,
) -> pd.DataFrame:
    n, k, images = margin.shape[1], int(about["k"]), int(about["images"])  # type: ignore[call-overload]
    rows = []
    for place, (_, unit) in enumerate(units.iterrows()):
        for task in range(n):
            order = rng.permutation(images)
            rows.append(
                {
                    "model": unit["model"],
                    "layer": unit["layer"],
                    "unit": unit["unit"],
                    "task": task,
                    "query_positive": int(order[0]),
                    "query_negative": int(order[1]),
                    "positives": order[2 : 2 + k].tolist(),
                    "negatives": order[2 + k : 2 + 2 * k].tolist(),
                    "margin": margin[place, task],
                    "probability": p[place, task],
                }
            )
    keys = ("image_set", "similarity", "n", "k", "queries")
    return pd.DataFrame(rows).assign(**{key: about[key] for key in keys})


def simulated_scores(
    models: int = 6, seed: int = 0, blocks: int = 4, units: int = 4, **setting: object
) -> pd.DataFrame:
    """Scores of so many simulated networks, every third a transformer, of different quality."""
    parts = []
    for number in range(models):
        types = TRANSFORMER if number % 3 == 2 else CNN
        name = f"timm:{'vit' if types is TRANSFORMER else 'cnn'}{number}"
        layers = simulated_layers(name, types, blocks + number % 2, units)
        made = simulated_run(
            layers,
            lift=0.1 + 0.15 * number / models,
            spread=0.05 + 0.02 * (number % 4),
            seed=seed + number,
        )
        parts.append(made[0].assign(**setting))
    return pd.concat(parts, ignore_index=True)


def simulated_images(folder: Path, count: int = 60, seed: int = 0) -> pd.DataFrame:
    """Draws pictures of coloured shapes into `folder`; the rows of images.parquet."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(count):
        picture = Image.new("RGB", (96, 64 + 32 * (number % 3)), "#e8e4da")
        draw = ImageDraw.Draw(picture)
        for _ in range(4):
            x, y, r = rng.integers(8, 88), rng.integers(8, 88), rng.integers(6, 22)
            box = [int(x - r), int(y - r), int(x + r), int(y + r)]
            colour = COLOURS[int(rng.integers(len(COLOURS)))]
            (draw.ellipse if number % 2 else draw.rectangle)(box, fill=colour)
        file = folder / f"{number:03d}.png"
        picture.save(file)
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        rows.append({"image_set": IMAGE_SET, "image": number, "file": file.name, "sha256": digest})
    return pd.DataFrame(rows)
