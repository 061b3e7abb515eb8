"""Reading the tidy tables, with every fault named.

The columns are declared in `schema`; the writers stand in `write`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from diptych_analysis.tables.formulas import GUARD
from diptych_analysis.tables.layout import DICTIONARY, LayoutFault, find_tables
from diptych_analysis.tables.schema import (
    KINDS,
    TABLES,
    Column,
    TableName,
)


class TableFault(ValueError):
    """A table that can't be trusted: names the file, the column, the row and what is allowed."""

    def __init__(
        self, file: str, reason: str, *, column: str | None = None, row: int | None = None
    ) -> None:
        self.file, self.reason, self.column, self.row = file, reason, column, row
        where = file
        if column is not None:
            where += f", column {column!r}"
        if row is not None:
            where += f", row {row}"
        super().__init__(f"{where}: {reason}")


@dataclass
class Tables:
    """The six tables as pandas frames, and the columns that they have beyond the contract."""

    sessions: pd.DataFrame
    trials: pd.DataFrame
    stimuli: pd.DataFrame = field(default_factory=lambda: empty_table("stimuli"))
    items: pd.DataFrame = field(default_factory=lambda: empty_table("items"))
    events: pd.DataFrame = field(default_factory=lambda: empty_table("events"))
    choices: pd.DataFrame = field(default_factory=lambda: empty_table("choices"))
    extras: dict[TableName, tuple[Column, ...]] = field(default_factory=dict)
    name: str = ""
    description: str = ""

    def frame(self, table: TableName) -> pd.DataFrame:
        """Return the frame of one table."""
        found: pd.DataFrame = getattr(self, table)
        return found

    def whose(self, statuses: Sequence[str], among: Sequence[str] = KINDS) -> tuple[str, ...]:
        """Choose whose sessions count by default: people's, else simulated, else machines'.

        A study that was tried with simulated participants keeps their rows beside people's.
        Returns one kind of `among`; none where no session has one of the statuses.
        """
        there = self.sessions[self.sessions["status"].isin(list(statuses))]["participant_kind"]
        return tuple(kind for kind in among if (there == kind).any())[:1]


_DTYPES = {
    "string": "string",
    "list": "string",
    "integer": "Int64",
    "number": "float64",
    "boolean": "boolean",
    "datetime": "datetime64[ms, UTC]",
}


#: What parts the cells of a text file, by its suffix.
_SEPARATORS = {".csv": ",", ".tsv": "\t"}


def empty_table(table: TableName) -> pd.DataFrame:
    """Return a table with its columns and no rows."""
    return pd.DataFrame({c.name: pd.Series(dtype=_DTYPES[c.type]) for c in TABLES[table]})


def read_tables(folder: Path) -> Tables:
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
    raw = _read_raw(file)
    names = [str(name) for name in raw.columns]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise TableFault(str(file), "the column appears twice", column=doubled[0])
    for column in declared:
        if column.required and column.name not in names:
            raise TableFault(str(file), f"missing; the file has {names}", column=column.name)
    declared_names = {c.name for c in declared}
    extras = tuple(
        known.get(name, Column(name, "string", "")) for name in names if name not in declared_names
    )
    checked = {}
    for column in (*declared, *extras):
        cells = raw[column.name] if column.name in names else None
        if cells is not None and file.suffix in _SEPARATORS and column.type in ("string", "list"):
            cells = cells.str.replace(GUARD, r"\1", regex=True)
        checked[column.name] = _checked(str(file), column, cells, len(raw))
    return pd.DataFrame(checked, index=raw.index), extras


def _read_raw(file: Path) -> pd.DataFrame:
    try:
        if file.suffix == ".parquet":
            frame: pd.DataFrame = pq.read_table(file).to_pandas(types_mapper=_nullable)
            return frame
        if file.suffix not in _SEPARATORS:
            allowed = ", ".join((*_SEPARATORS, ".parquet"))
            raise TableFault(str(file), f"{file.suffix or 'no suffix'}; allowed are {allowed}")
        return _read_csv(file, _header(file))
    except pd.errors.EmptyDataError:
        raise TableFault(str(file), "empty file; expected a header") from None
    except TableFault:
        raise
    except (OSError, ValueError) as error:
        raise TableFault(str(file), f"can't be read: {error}") from error


def _header(file: Path) -> pd.Index[str]:
    """Return the names of the columns of a CSV file; a name may occur twice."""
    separator = _SEPARATORS[file.suffix]
    first = pd.read_csv(file, sep=separator, header=None, nrows=1, dtype=str, keep_default_na=False)
    return pd.Index(first.iloc[0].str.replace(GUARD, r"\1", regex=True))


def _read_csv(file: Path, names: pd.Index[str]) -> pd.DataFrame:
    """Return the cells of a CSV file as text, below a header with these names."""
    try:
        frame = pd.read_csv(
            file,
            sep=_SEPARATORS[file.suffix],
            dtype=str,
            keep_default_na=False,
            skiprows=1,
            header=None,
        )
    except pd.errors.EmptyDataError:
        return pd.DataFrame(columns=names, dtype=str)
    if frame.shape[1] != len(names):
        raise TableFault(str(file), f"{frame.shape[1]} cells under {len(names)} columns", row=1)
    frame.columns = names
    return frame


def _nullable(kind: object) -> object:
    # int64 with gaps would come back as float, and large ones would lose digits
    return {"int64": pd.Int64Dtype(), "bool": pd.BooleanDtype()}.get(str(kind))


def _checked(file: str, column: Column, cells: pd.Series | None, length: int) -> pd.Series:
    """Convert a column to its own type; `TableFault` names the first bad row (from 1)."""
    if cells is None:
        return pd.Series([None] * length, dtype=_DTYPES[column.type])
    text = cells.astype("string").str.strip() if column.type != "string" else cells.astype("string")
    empty = text.isna() | (text == "")
    if column.required and bool(empty.any()):
        raise TableFault(file, "empty; a value is required", column=column.name, row=_first(empty))
    values, wrong, allowed = _convert(column, cells, text.mask(empty), empty)
    wrong = wrong & ~empty
    if column.levels:
        allowed = "one of " + ", ".join(column.levels)
        wrong = wrong | (~text.isin(column.levels) & ~empty)
    if bool(wrong.any()):
        row = _first(wrong)
        raise TableFault(
            file, f"found {text.iloc[row - 1]!r}; allowed is {allowed}", column=column.name, row=row
        )
    if column.minimum is not None:
        below = (values < column.minimum).fillna(False).astype(bool)
        if bool(below.any()):
            row = _first(below)
            reason = f"found {text.iloc[row - 1]}; at least {column.minimum:g} is allowed"
            raise TableFault(file, reason, column=column.name, row=row)
    return values


def _convert(
    column: Column, cells: pd.Series, text: pd.Series, empty: pd.Series
) -> tuple[pd.Series, pd.Series, str]:
    """Return the values, which of them are wrong, and what would have been allowed."""
    match column.type:
        case "integer":
            numbers = pd.to_numeric(text, errors="coerce")
            wrong = numbers.isna() | (numbers != numbers.round()).fillna(True)
            whole = numbers.mask(wrong).astype("Int64")
            return whole, wrong.astype(bool), "a whole number"
        case "number":
            floats = pd.to_numeric(text, errors="coerce").astype("Float64")
            infinite = floats.isin([float("inf"), float("-inf")])
            values = pd.Series(floats.to_numpy(dtype="float64", na_value=float("nan")), cells.index)
            return values, (floats.isna() | infinite).astype(bool), "a finite number"
        case "boolean":
            known = {"true": True, "1": True, "false": False, "0": False}
            flags = text.str.lower().map(known).astype("boolean")
            return flags, flags.isna().astype(bool), "true or false"
        case "datetime":
            if isinstance(cells.dtype, pd.DatetimeTZDtype):
                times = cells
            else:
                times = pd.to_datetime(text, errors="coerce", utc=True, format="ISO8601")
            allowed = "an ISO 8601 time such as 2022-10-23T12:00:00.000Z"
            return times.astype("datetime64[ms, UTC]"), times.isna(), allowed
    return text, empty & False, "text"


def _first(wrong: pd.Series) -> int:
    """Return the number of the first wrong data row, the one after the header being 1."""
    return int(wrong.to_numpy(dtype=bool).argmax()) + 1


def _check_keys(folder: Path, frames: Mapping[str, pd.DataFrame]) -> None:
    sessions, trials = frames["sessions"], frames["trials"]
    twice = sessions["session_id"].duplicated()
    if bool(twice.any()):
        reason = f"{sessions['session_id'].iloc[_first(twice) - 1]!r} appears twice"
        raise TableFault(f"{folder}/sessions", reason, column="session_id", row=_first(twice))
    strange = ~trials["session_id"].isin(sessions["session_id"])
    if bool(strange.any()):
        reason = f"{trials['session_id'].iloc[_first(strange) - 1]!r} is not among the sessions"
        raise TableFault(f"{folder}/trials", reason, column="session_id", row=_first(strange))
    again = trials.duplicated(["session_id", "trial_index"])
    if bool(again.any()):
        row = trials.iloc[_first(again) - 1]
        reason = f"session {row['session_id']!r} has trial {row['trial_index']} twice"
        raise TableFault(f"{folder}/trials", reason, column="trial_index", row=_first(again))
