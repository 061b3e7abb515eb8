"""The studies of the load benchmark: as long as the published ones, with pictures of real size."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from support.tiny_studies import CLASSES, category_study, two_afc_study, write_csv

#: Pictures are so large, in bytes of the file: what photographs of a study weigh.
SMALLEST, LARGEST = 20_000, 60_000
_SIDES = range(220, 340, 20)  # px
_QUALITY = {
    "max_chance_p": 0.5,
    "min_median_rt_ms": 500,
    "max_fast_share": 0.1,
    "max_same_response_run": 12,
    "max_focus_losses": 5,
    "max_repeats": 0,
    "min_input_events": 30,
    "max_browser_errors": 5,
    "max_lookalikes": 0,
}
_WORDS = "You look at pictures and say which of them belong together. You may stop at any time. "
_TEXTS = {
    "consent.md": "# Consent\n\n" + 12 * _WORDS,
    "instructions.md": "# What you do\n\n" + 10 * _WORDS + "\n\n---\n\n# How\n\n" + 10 * _WORDS,
    "feedback.md": "# Anything to tell us?\n\nYou may leave this empty.\n",
}


def write_study(
    folder: Path,
    task: str,
    trials: int = 45,
    *,
    name: str = "",
    policy: Mapping[str, Any] | None = None,
    images: int = 0,
    features: int = 0,
) -> Path:
    """Write the study of a task; its name is the task's unless another is given.

    Returns its folder.

    Parameters
    ----------
    folder : Path
        Where studies are kept.
    task : str
        `category_learning` or `two_afc`.
    trials : int, optional
        How many, two thirds of them training, or all but one in nine test.
    name : str, optional
        Name of the study.
    policy : Mapping[str, Any] | None, optional
        Its `[policy]`; by default the task's own.
    images : int, optional
        How many there are at least, in `category_learning`.
    features : int, optional
        Columns `z_0`, `z_1` and so on of its manifest, which tell the classes apart.
    """
    changes: dict[str, Any] = {"recruitment": {"participants": 10_000_000}}
    if policy is not None:
        changes["policy"] = policy
    if task == "category_learning":
        training = trials * 2 // 3
        made = category_study(
            folder / (name or task),
            per_class=max(8, trials, -(-images // len(CLASSES))),
            training=training,
            test=trials - training,
            changes={**changes, "task": {"rank": 3}, "quality": _QUALITY},
            texts=_TEXTS,
        )
    else:
        catch = trials // 9
        own = {"min_catch_accuracy": 0.8, "min_rarer_response": 5}
        made = two_afc_study(
            folder / (name or task),
            practice=0,
            test=trials - catch,
            catch=catch,
            changes={**changes, "quality": {**_QUALITY, **own}},
            texts=_TEXTS,
        )
    _enlarge(made)
    if features:
        _describe(made / "stimuli.csv", features)
    return made


def _describe(manifest: Path, features: int) -> None:
    """Add numbers that form one cluster per class, as an embedding does, to a manifest."""
    rng = np.random.default_rng(12)
    means = rng.normal(0, 1, (len(CLASSES), features))
    with manifest.open(newline="", encoding="utf-8") as file:
        rows: list[dict[str, Any]] = list(csv.DictReader(file))
    for row in rows:
        at = means[CLASSES.index(row["label"])] + rng.normal(0, 0.5, features)
        row |= {f"z_{n}": round(float(value), 4) for n, value in enumerate(at)}
    write_csv(manifest, rows)


def _enlarge(folder: Path) -> None:
    """Put a picture of real size in each small one's place, every other one as JPEG."""
    rng = np.random.default_rng(11)
    renamed = {}
    for number, path in enumerate(sorted((folder / "stimuli").iterdir())):
        jpeg = number % 2 == 0
        data = picture(rng, _SIDES[number % len(_SIDES)], jpeg=jpeg)
        if jpeg:
            path.unlink()
            renamed[path.name] = path.with_suffix(".jpg").name
            path = path.with_suffix(".jpg")
        path.write_bytes(data)
    for table in folder.glob("*.csv"):
        text = table.read_text(encoding="utf-8")
        for old, new in renamed.items():
            text = text.replace(f"stimuli/{old}", f"stimuli/{new}")
        table.write_text(text, encoding="utf-8")


def picture(rng: np.random.Generator, side: int, *, jpeg: bool) -> bytes:
    """Draw a smooth pattern under some grain, as a photograph compresses: 20 to 60 kB.

    Parameters
    ----------
    rng : np.random.Generator
        Draws the pattern.
    side : int
        Pixels.
    jpeg : bool
        JPEG, else PNG.
    """
    coarse = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8), "RGB")
    smooth = np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC), dtype=np.int16)
    grain = rng.integers(-24, 25, (side, side, 1), dtype=np.int16)
    image = Image.fromarray(np.clip(smooth + grain, 0, 255).astype(np.uint8), "RGB")
    out = io.BytesIO()
    if jpeg:
        image.save(out, "JPEG", quality=88)
        return out.getvalue()
    # PNG keeps the grain: with as many pixels it would be far larger.
    image.crop((0, 0, side // 2, side // 2)).save(out, "PNG", compress_level=3)
    return out.getvalue()
