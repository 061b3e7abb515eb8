"""Where the machine's scores come from: the items' attribute, `diptych mis`, or images at hand."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from diptych_analysis.agreement.faults import AgreementFault, some
from diptych_analysis.tables import Tables

#: What tells the runs in one folder of `diptych mis` apart.
RUN = (
    "weights",
    "image_set",
    "similarity",
    "n",
    "k",
    "queries",
    "scale",
    "scale_reading",
    "calibrated",
)


@dataclass(frozen=True)
class Scores:
    """MIS of units.

    `frame`: unit (full name, `layer:number`), model where known, mis. `margins`: the same names and
    one margin a task, for calibration, where they are known. `about`: source, similarity and scale.
    """

    frame: pd.DataFrame
    about: dict[str, object]
    margins: pd.DataFrame | None = field(default=None, repr=False)


def from_items(units: pd.DataFrame) -> Scores:
    """Read the attribute `mis` of the items, as `units_of` found it."""
    if "mis" not in units.columns:
        raise AgreementFault(
            "the items have no attribute 'mis': name scores (--scores), or a similarity and the "
            "study's folder (--similarity, --images)"
        )
    names = [name for name in ("model", "unit", "mis") if name in units.columns]
    return Scores(units[names].copy(), {"source": "attribute mis of the items"})


def from_folder(folder: Path, run: Mapping[str, str] | None = None) -> Scores:
    """Read the scores that `diptych mis ... --to FOLDER` wrote; `run` picks one of several runs.

    Raises `AgreementFault` where a unit has more than one score left, naming what to choose.
    """
    from diptych_analysis.networks.store import read_items, read_scores

    scores = _picked(read_scores(folder), run or {}, folder)
    twice = scores[scores.duplicated(["model", "layer", "unit"], keep=False)]
    if not twice.empty:
        differ = [name for name in RUN if name in twice and twice[name].nunique() > 1]
        told = "; ".join(f"{name}: {some(sorted(twice[name].unique()))}" for name in differ)
        raise AgreementFault(
            f"{folder} holds several runs; choose one with --run NAME=VALUE: {told}"
        )
    about: dict[str, object] = {"source": "scores of diptych mis"}
    for name in RUN:
        if name in scores and scores[name].nunique() == 1:
            about[name] = scores[name].iloc[0]
    tasks = _picked(read_items(folder), run or {}, folder, strict=False)
    keys = [name for name in ("model", "layer", "unit", *RUN) if name in scores and name in tasks]
    tasks = tasks.merge(scores[keys].drop_duplicates(), on=keys)
    # a run with another scale has the same tasks again
    tasks = tasks.drop_duplicates([*keys, "task"])
    return Scores(_named(scores, "mis"), about, _named(tasks, "margin"))


def _picked(
    frame: pd.DataFrame, run: Mapping[str, str], folder: Path, strict: bool = True
) -> pd.DataFrame:
    for name, value in run.items():
        if name not in frame.columns:
            if strict:
                allowed = ", ".join(["model", *RUN])
                raise AgreementFault(f"--run {name}={value}: allowed names are {allowed}")
            continue
        same = frame[name].astype(str) == value
        if not bool(same.any()):
            raise AgreementFault(
                f"--run {name}={value}: {folder} has {some(sorted(set(frame[name].astype(str))))}"
            )
        frame = frame[same]
    return frame


def _named(frame: pd.DataFrame, value: str) -> pd.DataFrame:
    unit = frame["layer"].astype(str) + ":" + frame["unit"].astype(str)
    return pd.DataFrame(
        {"model": frame["model"].astype(str), "unit": unit, value: frame[value].astype(float)}
    ).reset_index(drop=True)


def from_images(tables: Tables, name: str, folder: Path) -> Scores:
    """Compute the MIS of the study's own test items by the similarity `name`.

    The images are in the study's folder.

    Files are told by `stimuli.file`, and their contents must be what the participants saw.
    Raises `AgreementFault` for a missing or changed image.
    """
    from diptych_analysis.mis.score import Scale
    from diptych_analysis.mis.study_items import score_items
    from diptych_analysis.networks.similarity import similarity

    items = tables.items[tables.items["kind"] == "test"]
    if items.empty:
        raise AgreementFault("the items table has no test items to score")
    files = image_files(tables, folder)
    scale, observer = Scale(), similarity(name)
    # versions of a study may use the same item names for other images
    versions = items.groupby(["study", "study_version"], dropna=False, sort=False)
    parts = [score_items(part, files.__getitem__, observer, scale) for _, part in versions]
    found = pd.concat(parts).drop_duplicates(["item_id", "unit", "margin"])
    if "model" in items.columns:
        models = items.drop_duplicates("item_id").set_index("item_id")["model"]
        found = found.assign(model=found["item_id"].map(models))
    key = [column for column in ("model", "unit") if column in found.columns]
    mis = found.groupby(key, sort=False)["probability"].mean().rename("mis").reset_index()
    about = {
        "source": "the study's images",
        "similarity": name,
        "scale": scale.value,
        "scale_reading": scale.reading,
        "calibrated": scale.calibrated,
    }
    return Scores(mis, about, found[[*key, "margin"]])


def image_files(tables: Tables, folder: Path) -> dict[str, Path]:
    """Map stimulus_id -> file below `folder`, of the images that test items show."""
    items = tables.items[tables.items["kind"] == "test"]
    named = tables.stimuli.dropna(subset=["file"]).set_index("stimulus_id")["file"]
    found: dict[str, Path] = {}
    for stimulus in items["stimulus_id"].unique():
        if stimulus not in named.index:
            raise AgreementFault(f"image {stimulus}: the stimuli table names no file for it")
        places = named.loc[[stimulus]].unique()
        file = next((folder / str(p) for p in places if (folder / str(p)).is_file()), None)
        if file is None:
            raise AgreementFault(f"{folder} has no file {some(places)} (--images: study folder)")
        # other contents under the same name would give other people's answers a score
        hashed = hashlib.sha256(file.read_bytes()).hexdigest()
        if len(stimulus) == len(hashed) and stimulus != hashed:
            raise AgreementFault(f"{file} is not the image that was shown: its SHA-256 differs")
        found[stimulus] = file
    return found
