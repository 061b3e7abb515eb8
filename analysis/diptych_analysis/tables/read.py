"""Reading the tidy tables, with every fault named.

The columns are declared in `schema`; the writers stand in `write`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from diptych_analysis.summary_display import Summarised, Table
from diptych_analysis.tables.cells import SEPARATORS, read_cells
from diptych_analysis.tables.checks import DTYPES, checked
from diptych_analysis.tables.faults import TableFault, listed, shown
from diptych_analysis.tables.formulas import GUARD
from diptych_analysis.tables.layout import DICTIONARY, LayoutFault, find_tables
from diptych_analysis.tables.schema import (
    KINDS,
    TABLES,
    Column,
    TableName,
)


@dataclass(repr=False)
class Tables(Summarised):
    """The tables as pandas frames, and the columns that they have beyond the contract."""

    sessions: pd.DataFrame
    trials: pd.DataFrame
    stimuli: pd.DataFrame = field(default_factory=lambda: empty_table("stimuli"))
    items: pd.DataFrame = field(default_factory=lambda: empty_table("items"))
    events: pd.DataFrame = field(default_factory=lambda: empty_table("events"))
    choices: pd.DataFrame = field(default_factory=lambda: empty_table("choices"))
    answers: pd.DataFrame = field(default_factory=lambda: empty_table("answers"))
    questions: pd.DataFrame = field(default_factory=lambda: empty_table("questions"))
    extras: dict[TableName, tuple[Column, ...]] = field(default_factory=dict)
    name: str = ""
    description: str = ""

    def frame(self, table: TableName) -> pd.DataFrame:
        """Return the frame of one table."""
        found: pd.DataFrame = getattr(self, table)
        return found

    def summary(self) -> Table:
        """Return the rows and columns of each table."""
        rows = [
            [table, f"{len(self.frame(table)):,}", str(len(self.frame(table).columns))]
            for table in TABLES
        ]
        return f"Tables of {self.name or 'a data set'}", ["table", "rows", "columns"], rows

    def whose(self, statuses: Sequence[str], among: Sequence[str] = KINDS) -> tuple[str, ...]:
        """Choose whose sessions count by default: people's, else simulated, else machines'.

        A study that was tried with simulated participants keeps their rows beside people's.
        Returns one kind of `among`; none where no session has one of the statuses.
        """
        there = self.sessions[self.sessions["status"].isin(list(statuses))]["participant_kind"]
        return tuple(kind for kind in among if (there == kind).any())[:1]


def empty_table(table: TableName) -> pd.DataFrame:
    """Return a table with its columns and no rows."""
    return pd.DataFrame({c.name: pd.Series(dtype=DTYPES[c.type]) for c in TABLES[table]})


def read_tables(folder: str | Path) -> Tables:
    """Read and check a data set (Parquet where there, else CSV).

    `folder` is laid out as `diptych_analysis.tables.layout` says, or as older versions wrote it.
    `sessions` and `trials` must be there; the others may be missing and are empty then. Columns
    beyond the contract are kept, with the types that `data_dictionary.json` gives them, else as
    text. Raises `TableFault` for the first fault found.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise TableFault(str(folder), "no such folder; expected one with sessions and trials")
    dictionary = _read_dictionary(folder)
    try:
        files = find_tables(folder)
    except LayoutFault as fault:
        raise TableFault(fault.folder, fault.reason) from None
    frames: dict[str, pd.DataFrame] = {}
    extras: dict[TableName, tuple[Column, ...]] = {}
    for table, declared in TABLES.items():
        known = {c.name: c for c in dictionary.get(table, ())}
        if table not in files:
            frames[table] = empty_table(table)
            continue
        frames[table], extras[table] = read_table(files[table], declared, known)
    _check_keys(folder, frames)
    about = dictionary_about(folder)
    return Tables(
        **frames,
        extras=extras,
        name=about.get("name", ""),
        description=about.get("description", ""),
    )


def dictionary_about(folder: Path) -> dict[str, str]:
    """Name and description of the data set, from its dictionary; empty without one."""
    file = folder / DICTIONARY
    if not file.exists():
        return {}
    found = json.loads(file.read_text(encoding="utf-8"))
    return {key: str(found.get(key, "")) for key in ("name", "description")}


def _read_dictionary(folder: Path) -> dict[str, list[Column]]:
    file = folder / DICTIONARY
    if not file.exists():
        return {}
    try:
        tables = json.loads(file.read_text(encoding="utf-8"))["tables"]
        return {
            table: [Column.from_described(column) for column in about["columns"]]
            for table, about in tables.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TableFault(str(file), f"malformed data dictionary: {error}") from error


def read_table(
    file: Path, declared: Sequence[Column], known: Mapping[str, Column] | None = None
) -> tuple[pd.DataFrame, tuple[Column, ...]]:
    """Read and check one table: a CSV, TSV or Parquet file.

    Parameters
    ----------
    file : Path
        The file. Its suffix says how it is read.
    declared : sequence of Column
        The columns to expect. One that is not required may be missing, and is empty then.
    known : mapping of str to Column, optional
        Types of further columns, which are text otherwise.

    Returns
    -------
    frame : DataFrame
        The declared columns, then all others of the file.
    extras : tuple of Column
        The others.

    Raises
    ------
    TableFault
        For the first fault found.
    """
    known = known or {}
    raw = read_cells(file, encoded=True)
    guarded = file.suffix.lower() in SEPARATORS
    if guarded:
        raw.columns = raw.columns.str.replace(GUARD, r"\1", regex=True)
    names = [str(name) for name in raw.columns]
    for column in declared:
        if column.required and column.name not in names:
            found = f"missing; the file has {listed(names)}"
            raise TableFault(str(file), found, column=column.name)
    declared_names = {c.name for c in declared}
    extras = tuple(
        known.get(name, Column(name, "string", "")) for name in names if name not in declared_names
    )
    frame = {}
    for column in (*declared, *extras):
        if column.name in names:
            cells = raw.pop(column.name)
            frame[column.name] = checked(str(file), column, cells, guarded=guarded)
        else:
            frame[column.name] = pd.Series([None] * len(raw), dtype=DTYPES[column.type])
    return pd.DataFrame(frame), extras


def _check_keys(folder: Path, frames: Mapping[str, pd.DataFrame]) -> None:
    sessions, trials = frames["sessions"], frames["trials"]
    twice = sessions["session_id"].duplicated()
    if bool(twice.any()):
        reason = f"{shown(sessions['session_id'].iloc[_first(twice) - 1])} appears twice"
        raise TableFault(f"{folder}/sessions", reason, column="session_id", row=_first(twice))
    of_trials = trials["session_id"].drop_duplicates()
    strange = of_trials[~of_trials.isin(sessions["session_id"])]
    if len(strange):
        reason = f"{shown(strange.iloc[0])} is not among the sessions"
        row = int(strange.index[0]) + 1
        raise TableFault(f"{folder}/trials", reason, column="session_id", row=row)
    again = trials.duplicated(["session_id", "trial_index"])
    if bool(again.any()):
        found = trials.iloc[_first(again) - 1]
        reason = f"session {shown(found['session_id'])} has trial {found['trial_index']} twice"
        raise TableFault(f"{folder}/trials", reason, column="trial_index", row=_first(again))


def _first(wrong: pd.Series) -> int:
    """Return the number of the first wrong data row, the one after the header being 1."""
    return int(wrong.to_numpy(dtype=bool).argmax()) + 1
