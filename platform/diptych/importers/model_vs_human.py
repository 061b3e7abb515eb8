"""Responses of *Partial success in closing the gap between human and machine vision*.

Geirhos et al., NeurIPS 2021 (model-vs-human): one folder per experiment, one CSV file per
participant and session, of people and of networks. The images are not part of it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd

from diptych.importers import Importer, ImportFault, Progress, content_version, no_progress
from diptych.importers.reading import at, number_of, table_of
from diptych.importers.response_tables import Source, response_tables
from diptych_analysis.picture_files import is_hidden
from diptych_analysis.tables import Column, Tables
from diptych_analysis.tables.faults import shown

_NEEDED = ("subj", "session", "rt", "object_response", "category", "condition", "imagename")
#: `0001_edg_s01_0_oven_00_oven10.png`: trial, experiment and participant precede the image's name.
_IMAGE = re.compile(r"\d+_[^_]+_[^_]+_(?P<name>.+)")
_PERSON = re.compile(r"subject-\d+")
_NO_ANSWER = "na"
_CONDITION = Column(
    "image_condition", "string", "Condition of the image, such as the strength of a distortion."
)
_ABOUT = (
    "Responses of people and networks to images in 16 categories (Geirhos et al., model-vs-human, "
    "NeurIPS 2021; CC BY 4.0). People saw each image for 200 ms and chose a category within "
    "1500 ms; trials without a response are kept and have none."
)


class ModelVsHuman(Importer):
    """One experiment of the model-vs-human data."""

    name: ClassVar[str] = "model-vs-human"
    help: ClassVar[str] = "a folder with one CSV file per participant and session"

    def read(self, path: Path, progress: Progress = no_progress) -> Tables:
        """Read the experiment as tidy tables; `ImportFault` names the file and row."""
        if not path.is_dir():
            raise ImportFault(path, "no such folder; expected one with CSV files")
        files = sorted(file for file in path.glob("*.csv") if not is_hidden(file.name))
        if not files:
            raise ImportFault(path, "no CSV files; expected one per participant and session")
        rows: list[dict[str, Any]] = []
        for number, file in enumerate(files, start=1):
            rows.extend(_rows(file))
            progress(number, len(files))
        table = pd.DataFrame(rows)
        _check(path, table)
        source = Source(path.resolve().name, content_version(*files), _ABOUT, None, (_CONDITION,))
        stimuli = table[["stimulus", "image_condition"]]
        return response_tables(table.drop(columns="image_condition"), source, stimuli)


def _rows(file: Path) -> list[dict[str, Any]]:
    _, given = table_of(file, _NEEDED)
    return [_row(file, number, row) for number, row in enumerate(given, start=1)]


def _row(file: Path, number: int, row: dict[str, str]) -> dict[str, Any]:
    with at(file, number) as here:
        cells = {name: row[name].strip() for name in _NEEDED}
        empty = [name for name in _NEEDED if not cells[name] and name != "rt"]
        if empty:
            raise here(f"{empty[0]} is empty")
        seconds = number_of(cells["rt"])
        if seconds is None and cells["rt"].lower() not in ("", "nan", "na"):
            raise here(f"rt is {shown(cells['rt'])}; allowed are seconds, or NaN")
        match = _IMAGE.fullmatch(cells["imagename"])
        image = match["name"] if match else cells["imagename"]
        response = cells["object_response"]
        return {
            "session": f"{cells['subj']}-{cells['session']}",
            "rater": cells["subj"],
            "kind": "person" if _PERSON.fullmatch(cells["subj"]) else "machine",
            "stimulus": image,
            "file": image,
            "response": None if response == _NO_ANSWER else response,
            "label": cells["category"],
            "rt_ms": None if seconds is None or seconds < 0 else 1000 * seconds,
            "image_condition": cells["condition"],
        }


def _check(path: Path, table: pd.DataFrame) -> None:
    if table.empty:
        raise ImportFault(path, "its files have no rows")
    for name in ("label", "image_condition"):
        several = table.groupby("stimulus")[name].nunique()
        if (several > 1).any():
            image = str(several.idxmax())
            values = sorted(table.loc[table["stimulus"] == image, name].unique())
            raise ImportFault(path, f"image {image} has different values of {name}: {values}")
