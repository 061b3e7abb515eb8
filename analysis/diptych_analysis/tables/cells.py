"""The one reader of table files: CSV, TSV and Parquet, with every fault named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from diptych_analysis.fault_lines import AnalysisFault

#: Separator by the suffix of a text file.
SEPARATORS = {".csv": ",", ".tsv": "\t"}
SUFFIXES = (*SEPARATORS, ".parquet")


class TableFault(AnalysisFault):
    """A table that can't be trusted: names the file, the column, the row and what is allowed."""

    def __init__(
        self, file: str, reason: str, *, column: str | None = None, row: int | None = None
    ) -> None:
        self.file, self.reason, self.column, self.row = file, reason, column, row
        places = [f"column {column!r}"] if column is not None else []
        if row is not None:
            places.append(f"row {row}")
        #: The fault without the file, for messages that name the file in another way.
        self.within = ": ".join([*([", ".join(places)] if places else []), reason])
        super().__init__(f"{', '.join([file, *places])}: {reason}")


def read_cells(file: Path, *, infer: bool = False) -> pd.DataFrame:
    """Read the cells of a table.

    Parameters
    ----------
    file : Path
        A CSV, TSV or Parquet file with a header. Its suffix says how it is read.
    infer : bool
        Whether columns of numbers in a text file become numbers. Otherwise all cells of a text
        file are text, and an empty cell is an empty text.

    Returns
    -------
    pd.DataFrame
        The columns of the file, each of another name. Whole numbers and booleans of a Parquet file
        are nullable.

    Raises
    ------
    TableFault
        If the file is missing or can't be read, has no header, two columns have one name, or a row
        has more or fewer cells than the header.
    """
    suffix = file.suffix.lower()
    if suffix not in SUFFIXES:
        raise TableFault(
            str(file),
            f"unknown kind of file {(suffix or file.name)!r}; allowed are {', '.join(SUFFIXES)}",
        )
    try:
        frame = _parquet(file) if suffix == ".parquet" else _text(file, SEPARATORS[suffix], infer)
    except pd.errors.EmptyDataError:
        raise TableFault(str(file), "empty file; expected a header") from None
    except FileNotFoundError:
        raise TableFault(str(file), "no such file") from None
    except TableFault:
        raise
    # ValueError: what pandas, pyarrow and Unicode raise for damaged files.
    except (OSError, ValueError) as error:
        raise TableFault(str(file), f"can't be read: {_first_line(error)}") from error
    return frame


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _parquet(file: Path) -> pd.DataFrame:
    # Before the cells: pyarrow can't read two columns of one name.
    _check_names(file, pq.read_schema(file).names)
    frame: pd.DataFrame = pq.read_table(file).to_pandas(types_mapper=_nullable)
    return frame


def _text(file: Path, separator: str, infer: bool) -> pd.DataFrame:
    # Of some files pandas keeps the byte order mark that Excel writes, as part of the first name.
    options: dict[str, Any] = {"sep": separator, "header": None, "encoding": "utf-8-sig"}
    if not infer:
        options |= {"dtype": str, "keep_default_na": False}
    first = pd.read_csv(file, nrows=1, **{**options, "dtype": str, "keep_default_na": False})
    names = [str(name) for name in first.iloc[0]]
    _check_names(file, names)
    try:
        frame: pd.DataFrame = pd.read_csv(file, skiprows=1, **options)
    except pd.errors.EmptyDataError:
        return pd.DataFrame(columns=names, dtype=str)
    if frame.shape[1] != len(names):
        raise TableFault(str(file), f"{frame.shape[1]} cells under {len(names)} columns", row=1)
    frame.columns = pd.Index(names)
    if not infer:
        # An empty cell is a text; what is missing was no cell.
        short = frame.isna().to_numpy()
        if short.any():
            row = int(short.any(axis=1).argmax())
            cells = int(np.count_nonzero(~short[row]))
            raise TableFault(str(file), f"{cells} cells under {len(names)} columns", row=row + 1)
    return frame


def _check_names(file: Path, names: list[str]) -> None:
    doubled = next((name for name in names if names.count(name) > 1), None)
    if doubled is not None:
        raise TableFault(str(file), "appears twice; each column needs another name", column=doubled)


def _nullable(kind: object) -> object:
    # int64 with gaps would come back as float, and large ones would lose digits
    return {"int64": pd.Int64Dtype(), "bool": pd.BooleanDtype()}.get(str(kind))
