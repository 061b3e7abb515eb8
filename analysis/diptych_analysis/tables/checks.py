"""A column's cells converted to its declared type, or the fault of the first that is wrong.

A categorical is checked text by text, not row by row: a study's condition stands in a million rows
and is three texts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from diptych_analysis.tables.faults import TableFault, shown
from diptych_analysis.tables.formulas import GUARD
from diptych_analysis.tables.schema import Column

#: The types of the frames' columns, by the declared type.
DTYPES: Final[dict[str, Any]] = {
    "string": "string",
    "list": "string",
    "integer": "Int64",
    "number": "float64",
    "boolean": "boolean",
    "datetime": "datetime64[ms, UTC]",
}
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(frozen=True)
class _Converted:
    """Values of some cells, which of them are empty or wrong, and what would have been allowed."""

    values: pd.Series
    empty: np.ndarray
    wrong: np.ndarray
    allowed: str


def checked(file: str, column: Column, cells: pd.Series, *, guarded: bool) -> pd.Series:
    """Convert a column to its own type.

    Parameters
    ----------
    file : str
        To be named in a fault.
    column : Column
        What is expected.
    cells : Series
        One cell a row: text, a categorical of text, or what Parquet holds.
    guarded : bool
        Whether text was guarded against being a formula (`diptych_analysis.tables.formulas`).

    Raises
    ------
    TableFault
        Names the first wrong row, the one after the header being 1.
    """
    codes = None
    if isinstance(cells.dtype, pd.CategoricalDtype):
        codes = cells.cat.codes.to_numpy()
        cells = pd.Series(cells.cat.categories)
    if guarded and column.type in ("string", "list"):
        cells = _unguarded(cells)
    found = _native(column, cells) or _from_text(column, cells)
    _refuse(file, column, cells, found, codes)
    if codes is None:
        return found.values
    return pd.Series(found.values.array.take(codes, allow_fill=True))


def _unguarded(cells: pd.Series) -> pd.Series:
    quoted = cells.str.contains("'", regex=False).fillna(False).to_numpy(dtype=bool)
    if not quoted.any():
        return cells
    cells = cells.copy()
    cells[quoted] = cells[quoted].str.replace(GUARD, r"\1", regex=True)
    return cells


def _refuse(
    file: str, column: Column, cells: pd.Series, found: _Converted, codes: np.ndarray | None
) -> None:
    """Raise the fault of the first row that is empty but required, wrong, or below the minimum."""

    def first(which: np.ndarray, *, where_missing: bool = False) -> int | None:
        """Return the first of the rows, from 0. A missing text has the code -1, the last place."""
        rows = which if codes is None else np.append(which, where_missing)[codes]
        return int(rows.argmax()) if rows.any() else None

    def text(row: int) -> str:
        place = row if codes is None else int(codes[row])
        return str(_stripped(column, cells.iloc[[place]]).iloc[0])

    def fault(row: int, reason: str) -> TableFault:
        return TableFault(file, reason, column=column.name, row=row + 1)

    if column.required and (row := first(found.empty, where_missing=True)) is not None:
        raise fault(row, "empty; a value is required")
    if found.wrong.any() and (row := first(found.wrong)) is not None:
        raise fault(row, f"found {shown(text(row))}; allowed is {found.allowed}")
    if column.minimum is not None:
        below = (found.values < column.minimum).fillna(False).to_numpy(dtype=bool)
        if below.any() and (row := first(below)) is not None:
            raise fault(row, f"found {text(row)}; at least {column.minimum:g} is allowed")


def _stripped(column: Column, cells: pd.Series) -> pd.Series:
    text = cells.astype("string")
    return text if column.type == "string" else text.str.strip()


def _native(column: Column, cells: pd.Series) -> _Converted | None:
    """Take cells that have the column's type already; None for all others."""
    timed = column.type == "datetime" and isinstance(cells.dtype, pd.DatetimeTZDtype)
    same = column.type in ("integer", "number", "boolean") and cells.dtype == DTYPES[column.type]
    if column.levels or not (timed or same):
        return None
    empty = cells.isna().to_numpy(dtype=bool)
    wrong = np.zeros(len(cells), dtype=bool)
    if column.type == "number":
        wrong = np.isinf(cells.to_numpy())
    values = cells.astype(DTYPES["datetime"]) if timed else cells
    return _Converted(values, empty, wrong, _allowed(column))


def _from_text(column: Column, cells: pd.Series) -> _Converted:
    text = _stripped(column, cells)
    empty = (text.isna() | (text == "")).to_numpy(dtype=bool)
    text = text.mask(empty)
    values, wrong = _convert(column, text)
    if column.levels:
        wrong = wrong | ~text.isin(column.levels).to_numpy(dtype=bool)
    return _Converted(values, empty, wrong & ~empty, _allowed(column))


def _allowed(column: Column) -> str:
    if column.levels:
        return "one of " + ", ".join(column.levels)
    return {
        "integer": "a whole number",
        "number": "a finite number",
        "boolean": "true or false",
        "datetime": "an ISO 8601 time such as 2022-10-23T12:00:00.000Z",
    }.get(column.type, "text")


def _convert(column: Column, text: pd.Series) -> tuple[pd.Series, np.ndarray]:
    """Return the values, and which of them are wrong or empty."""
    match column.type:
        case "integer":
            numbers = pd.to_numeric(text, errors="coerce")
            wrong = (numbers.isna() | (numbers != numbers.round()).fillna(True)).to_numpy(bool)
            return numbers.mask(wrong).astype("Int64"), wrong
        case "number":
            floats = pd.to_numeric(text, errors="coerce").astype("Float64")
            values = floats.to_numpy(dtype="float64", na_value=float("nan"))
            return pd.Series(values, text.index), ~np.isfinite(values)
        case "boolean":
            flags = text.str.lower().map(_FLAGS).astype("boolean")
            return flags, flags.isna().to_numpy(dtype=bool)
        case "datetime":
            times = pd.to_datetime(text, errors="coerce", utc=True, format="ISO8601")
            return times.astype(DTYPES["datetime"]), times.isna().to_numpy(dtype=bool)
    return text, np.zeros(len(text), dtype=bool)
