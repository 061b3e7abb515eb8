"""Responses of any other tool, as a table with one row per response.

The columns `rater`, `stimulus` and `response` are needed; `kind` (person, simulated, machine),
`label` and `rt` (milliseconds) are optional. Names of people may be ids of a platform, so people
get numbers. Machines keep their names.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pandas as pd

from diptych.importers import Importer, ImportFault, Progress, content_version, no_progress
from diptych.importers.response_tables import Source, response_tables
from diptych_analysis.behaviour.faults import BehaviourFault
from diptych_analysis.behaviour.response_files import checked_long_table, read_table
from diptych_analysis.tables import Tables
from diptych_analysis.tables.faults import shown

_ABOUT = "Responses imported from {}."


class LongTable(Importer):
    """A table with one row per response."""

    name: ClassVar[str] = "responses"
    help: ClassVar[str] = (
        "a CSV, TSV or Parquet table: rater, stimulus, response[, kind, label, rt]"
    )

    def read(self, path: Path, progress: Progress = no_progress) -> Tables:
        """Read the table as tidy tables; `ImportFault` names the file and row."""
        file = _file(path)
        try:
            table = checked_long_table(read_table(file), unanswered=None)
        except BehaviourFault as fault:
            raise ImportFault(file, str(fault)) from None
        if table.empty:
            raise ImportFault(file, "has no rows")
        labels = table["label"] if "label" in table else pd.Series(None, table.index, dtype=object)
        kinds = table["kind"] if "kind" in table else pd.Series("person", table.index)
        several = kinds.groupby(table["rater"]).nunique()
        if (several > 1).any():
            raise ImportFault(
                file, f"rater {shown(several.idxmax())} has several kinds; one is allowed"
            )
        several = labels.groupby(table["stimulus"]).nunique()
        if (several > 1).any():
            raise ImportFault(file, f"stimulus {shown(several.idxmax())} has several labels")
        raters = _pseudonyms(table["rater"], kinds)
        found = pd.DataFrame(
            {
                "session": raters,
                "rater": raters,
                "kind": kinds,
                "stimulus": table["stimulus"],
                "response": table["response"],
                "label": labels,
                "rt_ms": _times(table),
            }
        )
        progress(1, 1)
        about = _ABOUT.format(file.name)
        return response_tables(found, Source(_name(file), content_version(file), about))


def _file(path: Path) -> Path:
    if not path.is_dir():
        return path
    files = sorted(file for file in path.iterdir() if file.suffix in (".csv", ".tsv", ".parquet"))
    if len(files) != 1:
        raise ImportFault(path, f"expected one table; found {[f.name for f in files] or 'none'}")
    return files[0]


def _name(file: Path) -> str:
    return file.resolve().parent.name if file.stem == "responses" else file.stem


def _pseudonyms(raters: pd.Series, kinds: pd.Series) -> pd.Series:
    """Give people numbers by the order of their names; machines keep theirs."""
    names = sorted(raters[kinds != "machine"].unique())
    width = max(4, len(str(len(names))))
    numbers = {name: f"p{number:0{width}d}" for number, name in enumerate(names, start=1)}
    return raters.map(numbers).where(kinds != "machine", raters)


def _times(table: pd.DataFrame) -> pd.Series:
    if "rt" not in table:
        return pd.Series(float("nan"), table.index)
    return pd.to_numeric(table["rt"])
