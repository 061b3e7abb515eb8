"""A small study whose feedback explains: the grid and the mask of an image are in its row."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from flask import Flask
from PIL import Image

from diptych.host import host
from support.four_arms import GAIN, write_four_arms
from support.four_arms import SPEC as FOUR_ARMS
from support.tiny_studies import category_study

KINDS = ("contrast", "grid", "mask")


def write_explained(folder: Path, kind: str, rank: int = 2) -> Path:
    """Write a study with an explanation of this kind: four trials of training, one of test."""
    task = {"explanation": kind, "explanation_features": ["size"], "rank": rank}
    changes = {"task": task, "phases": {"training": 4, "test": 1}}
    category_study(folder, per_class=14, changes=changes)
    _list(folder)
    return folder


def write_gap(folder: Path) -> Path:
    """Write a study that teaches by expected gain, and explains wrong answers by a gap."""
    changes: dict[str, Any] = {
        "conditions": [{"name": "taught", "policy": GAIN}],
        "task": {**FOUR_ARMS["task"], "explanation": "gap", "rank": 2},  # type: ignore[dict-item]
        "phases": {"training": 14, "test": 1},
        "part": [],
    }
    return write_four_arms(folder, changes=changes)


def shown_places(app: Flask, urls: list[str]) -> list[int]:
    with app.app_context():
        read = [host().images.read(url.rpartition("/")[2]) for url in urls]
    return [place for _, place in filter(None, read)]


def _list(folder: Path) -> None:
    mask = np.zeros((32, 32), np.uint8)
    mask[8:24, 8:24] = 255
    Image.fromarray(mask).save(folder / "stimuli/mask.png")
    with (folder / "stimuli.csv").open(newline="") as file:
        listed = list(csv.DictReader(file))
    for row in listed:
        alike = [each["file"] for each in listed if each["label"] == row["label"]]
        row |= {"mask": "stimuli/mask.png", "grid": ";".join(alike)}
    listed.append({"file": "stimuli/mask.png", "label": "", "size": "", "mask": "", "grid": ""})
    with (folder / "stimuli.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(listed[0]))
        writer.writeheader()
        writer.writerows(listed)
