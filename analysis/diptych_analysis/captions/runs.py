"""A folder of results: one cell per prompt and seed, continued where a run stopped.

FOLDER/
  settings.json           what all cells depend on
  cells/oracle-0.json     the result of one prompt with one seed
  cache/                  latents and features; may be deleted
  results.csv             one row per prompt
  results.json            the same, with settings and versions
  scores.png              scores of all prompts
  maps/oracle.png         attention to words
"""

from __future__ import annotations

import hashlib
import json
import platform
import re
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from diptych_analysis.captions import figures
from diptych_analysis.captions.faults import CaptionFault
from diptych_analysis.captions.oracle import precision_and_recall
from diptych_analysis.captions.pointing import pointing, word_maps
from diptych_analysis.captions.prompts import (
    Condition,
    Material,
    condition,
    mentioned,
    read_prompt,
)
from diptych_analysis.captions.scores import class_ious, depth_rmse, mean_and_error
from diptych_analysis.captions.sources import Source
from diptych_analysis.captions.store import Maps, Store, texts_of
from diptych_analysis.captions.training import (
    SEGMENT,
    HeadSettings,
    MapsOf,
    jointly,
    new_head,
    predict,
    train_head,
)
from diptych_analysis.diffusion.generator import Generator
from diptych_analysis.tables.metadata import write_json

PROMPTS = (
    "empty",
    "averaged",
    "embeddings",
    "names",
    "caption:5",
    "caption:9",
    "caption:17",
    "caption",
    "nouns",
    "oracle",
    "other",
    "vector",
    "caption-vector",
    "pixels",
    "pixels+vector",
)
PACKAGES = ("diptych", "diffusers", "transformers", "torch", "numpy")
#: Images whose attention is compared with the truth.
POINTED = 100
_STREAM = 45
Watch = Callable[[int, str], None]


@dataclass(frozen=True)
class RunSettings:
    """What a run does.

    Parameters
    ----------
    prompts : tuple of str
        As `prompts.read_prompt` reads them.
    seeds : int
        Number of seeds, from 0. A seed fixes images, captions, errors and the head.
    head : HeadSettings
        Task and training.
    scaled, sampled, step
        See `Store`.
    """

    prompts: tuple[str, ...] = PROMPTS
    seeds: int = 3
    head: HeadSettings = field(default_factory=HeadSettings)
    scaled: bool = True
    sampled: bool = True
    step: int = 1


def run(
    folder: Path,
    generator: Generator,
    source: Source,
    settings: RunSettings,
    *,
    watch: Watch | None = None,
) -> dict[str, Any]:
    """Measure how well a head reads features under each prompt; or continue, or read the results.

    Parameters
    ----------
    folder : Path
        Where everything is written.
    generator : Generator
        The diffusion model.
    source : Source
        Images of training and test.
    settings : RunSettings
        What to do. More prompts or seeds may be added to a finished folder.
    watch : callable, optional
        Gets the number of finished cells, and the next one.

    Returns
    -------
    dict
        As results.json has it.

    Raises
    ------
    CaptionFault
        If a prompt can't be read, or the folder holds results of something else.
    """
    prompts = [read_prompt(text) for text in dict.fromkeys(settings.prompts)]
    about = _about(generator, source, settings)
    folder.mkdir(parents=True, exist_ok=True)
    _same_run(folder, about)
    write_json(folder / "settings.json", about)
    store = Store(
        generator,
        folder / "cache",
        scaled=settings.scaled,
        sampled=settings.sampled,
        step=settings.step,
    )
    cells, done = [], 0
    for seed in range(settings.seeds):
        splits: tuple[Material, Material] | None = None
        for prompt in prompts:
            file = folder / "cells" / f"{file_name(prompt.name)}-{seed}.json"
            if watch is not None:
                watch(done, f"{prompt.name}, seed {seed}")
            if not file.exists():
                splits = splits or _checked(source.splits(seed), settings)
                made = [_condition(prompt.name, part, generator, seed) for part in splits]
                cell = {"prompt": prompt.name, "seed": seed}
                cell |= measure(store, splits, made, settings.head, seed)
                if seed == 0 and made[1].passes:
                    _draw_maps(folder, store, splits[1], made[1])
                file.parent.mkdir(exist_ok=True)
                write_json(file, cell)
            cells.append(_read_json(file))
            done += 1
    found = {
        **about,
        "seeds": settings.seeds,
        "versions": {"python": platform.python_version()} | {p: version(p) for p in PACKAGES},
        "prompts": summary(cells, settings.head.task),
    }
    pd.DataFrame(found["prompts"]).to_csv(folder / "results.csv", index=False)
    figures.scores(cells, settings.head.task, folder / "scores.png")
    write_json(folder / "results.json", found)
    return found


def measure(
    store: Store,
    splits: tuple[Material, Material],
    made: Sequence[Condition],
    settings: HeadSettings,
    seed: int,
) -> dict[str, Any]:
    """Train a head under one prompt and return its scores on the test images."""
    train, test = splits
    learned = [
        None if part.known is None else torch.from_numpy(part.known).float() for part in made
    ]
    unet, maps_of = _maps(store, splits, made, joint=settings.backbone > 0)
    first = maps_of[0](torch.arange(2))
    channels = {side: part.shape[1] for side, part in first.items()}
    known = 0 if learned[0] is None else learned[0].shape[1]
    head = new_head(channels, train.images, known, settings, seed)
    train_head(head, maps_of[0], train.images, settings, seed, known=learned[0], unet=unet)
    predicted = predict(head, maps_of[1], len(test.images), settings, known=learned[1])
    cell: dict[str, Any] = {}
    if settings.task == SEGMENT:
        ious = class_ious(predicted, test.images.labels, len(test.images.classes))
        cell["score"] = float(np.nanmean(ious))
        cell["classes"] = {
            name: None if np.isnan(iou) else round(float(iou), 4)
            for name, iou in zip(test.images.classes, ious, strict=True)
        }
    else:
        assert test.images.depth is not None
        cell["score"] = depth_rmse(predicted, test.images.depth)
    return cell | _naming(test, made[1]) | _pointed(store, test, made[1], unet)


def _maps(
    store: Store, splits: tuple[Material, Material], made: Sequence[Condition], *, joint: bool
) -> tuple[Any, list[MapsOf]]:
    """Return maps of training and test: kept ones, or new ones from a U-Net that learns."""
    if joint and made[0].passes:
        unet = deepcopy(store.generator.unet)
        return unet, [
            jointly(
                unet,
                store.latents(part.images),
                texts_of(store.generator, condition_),
                store.step,
            )
            for part, condition_ in zip(splits, made, strict=True)
        ]

    def kept(maps: Maps) -> MapsOf:
        def maps_of(chosen: Any) -> dict[int, Tensor]:
            return {side: part[chosen].float() for side, part in maps.items()}

        return maps_of

    return None, [
        kept(store.features(part.images, condition_))
        for part, condition_ in zip(splits, made, strict=True)
    ]


def _condition(name: str, material: Material, generator: Generator, seed: int) -> Condition:
    # Every prompt has its random numbers, so that a list of prompts does not change one of them.
    stream = [seed, _STREAM, len(material.images), *name.encode()]
    return condition(read_prompt(name), material, generator, np.random.default_rng(stream))


def _naming(test: Material, made: Condition) -> dict[str, float | None]:
    """Return precision and recall of the names that prompts give, or that the head gets."""
    if made.texts is None or made.prompt.kind in ("empty", "vector", "caption-vector"):
        named = made.known
    else:
        named = mentioned(made.texts, test.wording)
    if named is None:
        return {"precision": None, "recall": None}
    columns = list(test.wording.named)
    found = precision_and_recall(named[:, columns], test.images.present[:, columns])
    return {
        name: None if np.isnan(value) else value
        for name, value in zip(("precision", "recall"), found, strict=True)
    }


def _pointed(store: Store, test: Material, made: Condition, unet: Any) -> dict[str, Any]:
    # A U-Net that has learned differs from the one that draws the maps.
    if not made.passes or unet is not None:
        return {}
    found = pointing(word_maps(store, test, made, POINTED), test)
    return {f"pointing_{name}": value for name, value in found.items()}


def _draw_maps(folder: Path, store: Store, test: Material, made: Condition) -> None:
    maps = word_maps(store, test, made, figures.SHOWN)
    if maps:
        to = folder / "maps" / f"{file_name(made.prompt.name)}.png"
        figures.attention_sheet(test, made, maps, to)


def summary(cells: Sequence[dict[str, Any]], task: str) -> list[dict[str, Any]]:
    """Return one row per prompt: mean and standard error over seeds, the best first."""
    rows = []
    for prompt in dict.fromkeys(cell["prompt"] for cell in cells):
        own = [cell for cell in cells if cell["prompt"] == prompt]
        mean, error = mean_and_error([cell["score"] for cell in own])
        row: dict[str, Any] = {"prompt": prompt, "score": mean, "standard_error": error}
        row["seeds"] = len(own)
        names = ("precision", "recall", "pointing_hits", "pointing_mass", "pointing_area")
        for name in names:
            values = [cell[name] for cell in own if cell.get(name) is not None]
            row[name] = float(np.mean(values)) if values else None
        rows.append(row)
    return sorted(rows, key=lambda row: row["score"], reverse=task == SEGMENT)


def _checked(splits: tuple[Material, Material], settings: RunSettings) -> tuple[Material, Material]:
    if settings.head.task != SEGMENT and splits[0].images.depth is None:
        raise CaptionFault("these images have no depth: add a folder depth, or use segment")
    return splits


def _about(generator: Generator, source: Source, settings: RunSettings) -> dict[str, Any]:
    """Return what all cells depend on; the list of prompts and seeds can grow."""
    fixed = {k: v for k, v in asdict(replace(settings, prompts=())).items() if k != "seeds"}
    del fixed["prompts"]
    about = {
        "settings": fixed,
        "generator": {"name": generator.name, "key": generator.key},
        "images": source.about,
    }
    copied: dict[str, Any] = json.loads(json.dumps(about))
    return copied


def _same_run(folder: Path, about: dict[str, Any]) -> None:
    file = folder / "settings.json"
    if not file.exists():
        return
    before = _read_json(file)
    differ = [name for name in about if before.get(name) != about[name]]
    if differ:
        raise CaptionFault(
            f"{str(folder)!r} holds other results: {', '.join(differ)} differ. Use a new folder, "
            "or the same command to continue"
        )


def _read_json(file: Path) -> dict[str, Any]:
    try:
        result: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return result
    except (OSError, ValueError) as error:
        raise CaptionFault(f"{str(file)!r} can't be read: {error}") from error


def file_name(prompt: str) -> str:
    """Return a name of a file for a prompt; different prompts have different names."""
    plain = re.sub(r"[^\w.]+", "-", prompt)[:60]
    if plain == prompt:
        return plain
    return f"{plain}-{hashlib.sha256(prompt.encode()).hexdigest()[:6]}"
