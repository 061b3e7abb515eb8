"""A folder of a search: continue where it stopped, and write what it found.

FOLDER/
  settings.json         what the search depends on
  checkpoint.pt         only while the search is not finished
  cache.npz             class gradients and activations of random images
  images/0007-striped.png   the two groups of step 7, the preferred one first
  concepts/striped.png      images of a word before (above) and after the search
  levels/striped.png    images of one of the three best words after more and more steps
  levels.csv            share of images in the class at each of these levels
  class.png             images of the class (above), and random images
  predictions.csv       whether the network gives the class to each of these images
  steps.csv             one row per step
  results.csv           one row per word, the best first
  results.json          the same, with settings and versions
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from diptych_analysis.concepts.evaluation import evaluate
from diptych_analysis.concepts.faults import ConceptFault
from diptych_analysis.concepts.levels import write_levels
from diptych_analysis.concepts.people import Judged, agreement
from diptych_analysis.concepts.saved import group_file, write_pictures
from diptych_analysis.concepts.search import Floats, Search, SearchSettings, Step, Target
from diptych_analysis.concepts.sheets import Bytes, write_sheet
from diptych_analysis.diffusion.generator import Drawer
from diptych_analysis.networks.networks import Network
from diptych_analysis.networks.weights import WeightsFault, read_saved
from diptych_analysis.tables.metadata import write_json

PACKAGES = ("diptych", "diffusers", "peft", "transformers", "torch", "scikit-learn", "numpy")
CHECKPOINT_EVERY = 5
Watch = Callable[[int, str], None]


def run_search(
    folder: Path,
    generator: Drawer,
    target: Target,
    settings: SearchSettings,
    *,
    judge: Network | None = None,
    watch: Watch | None = None,
    judged: Sequence[Judged] = (),
) -> dict[str, Any]:
    """Search into a folder, or continue there, or read what is finished.

    Parameters
    ----------
    folder : Path
        Where everything is written.
    generator : Drawer
        Draws images. Preferences can move a `Generator` only.
    target : Target
        The class that is explained.
    settings : SearchSettings
        What to do.
    judge : Network, optional
        See `evaluate`.
    watch : callable, optional
        Gets the number of finished steps, and the word and score of the last one.
    judged : sequence of Judged, optional
        People's choices, which replace the scores as labels; one per step.

    Returns
    -------
    dict
        As results.json has it.

    Raises
    ------
    ConceptFault
        If the folder holds a search of something else, or a file that can't be read.
    """
    about = _about(generator, target, settings)
    if judged:
        about["people"] = {**agreement(judged), "votes": [list(each.votes) for each in judged]}
    folder.mkdir(parents=True, exist_ok=True)
    _same_search(folder, about)
    results = folder / "results.json"
    if results.exists():
        done: dict[str, Any] = _read_json(results)
        return done
    write_json(folder / "settings.json", about)
    search = Search(generator, target, settings, _read_cache(folder / "cache.npz"), judged)
    _write_cache(folder / "cache.npz", search.cached)
    checkpoint = folder / "checkpoint.pt"
    _resume(search, checkpoint)
    try:
        while len(search.steps) < settings.steps:
            step, groups = search.step()
            _write_groups(folder, len(search.steps), step, groups, settings)
            if watch is not None:
                watch(len(search.steps), f"{settings.words[step.word]} {step.reward:.2f}")
            if len(search.steps) % CHECKPOINT_EVERY == 0:
                _write_checkpoint(checkpoint, search)
    except KeyboardInterrupt:
        _write_checkpoint(checkpoint, search)
        raise
    rows, images = evaluate(search, judge)
    write_pictures(folder, search, images)
    write_levels(folder, search, images, judge)
    pd.DataFrame(rows).to_csv(folder / "results.csv", index=False)
    _step_table(search).to_csv(folder / "steps.csv", index=False)
    found = {
        **about,
        "versions": {"python": platform.python_version()} | {p: version(p) for p in PACKAGES},
        "null_ts": {
            "mean": float(search.cached["null"].mean()),
            "sd": float(search.cached["null"].std()),
        },
        "words": rows,
    }
    write_json(results, found)
    checkpoint.unlink(missing_ok=True)
    return found


def _about(generator: Drawer, target: Target, settings: SearchSettings) -> dict[str, Any]:
    """Return what fixes a search; adapters do not count."""
    return {
        "settings": json.loads(json.dumps(asdict(settings))),
        "network": {"name": target.network.name, "key": target.network.key},
        "layer": target.layer,
        "class": target.number,
        "class_images": len(target.images),
        "generator": {"name": generator.name, "key": generator.key},
    }


def _same_search(folder: Path, about: dict[str, Any]) -> None:
    file = folder / "settings.json"
    if not file.exists():
        return
    before = _read_json(file)
    differ = sorted(name for name in about | before if before.get(name) != about.get(name))
    if differ:
        raise ConceptFault(
            f"{str(folder)!r} holds another search: {', '.join(differ)} differ. Use a new folder, "
            "or the same command to continue"
        )


def _read_json(file: Path) -> dict[str, Any]:
    try:
        result: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return result
    except (OSError, ValueError) as error:
        raise ConceptFault(f"{str(file)!r} can't be read: {error}") from error


def _read_cache(file: Path) -> dict[str, Floats] | None:
    """Read what was computed before; a damaged cache is computed again."""
    try:
        with np.load(file, allow_pickle=False) as kept:
            return {name: kept[name] for name in ("random", "gradients", "null")}
    except (OSError, KeyError, ValueError):
        return None


def _write_cache(file: Path, cached: dict[str, Floats]) -> None:
    half = file.with_suffix(".writing.npz")
    arrays: dict[str, Any] = {name: np.asarray(array) for name, array in cached.items()}
    np.savez(half, **arrays)
    half.replace(file)


def _write_checkpoint(file: Path, search: Search) -> None:
    half = file.with_suffix(".writing")
    torch.save(search.state(), half)
    half.replace(file)


def _resume(search: Search, file: Path) -> None:
    if not file.exists():
        return
    try:
        search.restore(read_saved(file))
    except (WeightsFault, KeyError, TypeError, RuntimeError) as error:
        raise ConceptFault(
            f"{str(file)!r} is no checkpoint of this search ({error}): remove it to start again"
        ) from error


def _step_table(search: Search) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "step": number,
                "word": search.settings.words[step.word],
                "reward": step.reward,
                "ts_1": step.scores[0],
                "ts_2": step.scores[1],
                "accuracy_1": step.accuracies[0],
                "accuracy_2": step.accuracies[1],
                "preferred": step.preferred + 1 if step.preferred >= 0 else None,
                "loss": step.loss,
            }
            for number, step in enumerate(search.steps, 1)
        ]
    )


def _write_groups(
    folder: Path, number: int, step: Step, groups: Bytes, settings: SearchSettings
) -> None:
    """Write both groups of a step, the preferred one above."""
    ordered = [groups[1], groups[0]] if step.preferred == 1 else [groups[0], groups[1]]
    write_sheet(group_file(folder, number, settings.words[step.word]), ordered)
