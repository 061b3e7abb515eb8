"""The one reader of table files: CSV, TSV and Parquet, with every fault named.

A column of text can be had as a categorical, each different text once: whoever checks or converts
it then looks at far fewer texts than there are rows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from diptych_analysis.tables.faults import TableFault

#: Separator by the suffix of a text file.
SEPARATORS = {".csv": ",", ".tsv": "\t"}
SUFFIXES = (*SEPARATORS, ".parquet")
#: Bytes of a text file that are read at a time: more than a row.
_BLOCK = 2**24


def read_cells(file: Path, *, infer: bool = False, encoded: bool = False) -> pd.DataFrame:
    """Read the cells of a table.

    Parameters
    ----------
    file : Path
        A CSV, TSV or Parquet file with a header. Its suffix says how it is read.
    infer : bool
        Whether columns of numbers in a text file become numbers. Otherwise all cells of a text
        file are text, and an empty cell is an empty text.
    encoded : bool
        Whether columns of text are categoricals. Not together with `infer`.

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
        if suffix == ".parquet":
            return _parquet(file, encoded=encoded)
        return _text(file, SEPARATORS[suffix], infer=infer, encoded=encoded)
    except pd.errors.EmptyDataError:
        raise TableFault(str(file), "empty file; expected a header") from None
    except FileNotFoundError:
        raise TableFault(str(file), "no such file") from None
    except TableFault:
        raise
    # ValueError: what pandas, pyarrow and Unicode raise for damaged files.
    except (OSError, ValueError) as error:
        raise TableFault(str(file), f"can't be read: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _parquet(file: Path, *, encoded: bool) -> pd.DataFrame:
    schema = pq.read_schema(file)
    # Before the cells: pyarrow can't read two columns of one name.
    _check_names(file, schema.names)
    text = [field.name for field in schema if field.type == pa.string()] if encoded else []
    return _to_pandas(pq.read_table(file, read_dictionary=text))


def _text(file: Path, separator: str, *, infer: bool, encoded: bool) -> pd.DataFrame:
    # Of some files pandas keeps the byte order mark that Excel writes, as part of the first name.
    options: dict[str, Any] = {"sep": separator, "header": None, "encoding": "utf-8-sig"}
    first = pd.read_csv(file, nrows=1, dtype=str, keep_default_na=False, **options)
    names = [str(name) for name in first.iloc[0]]
    _check_names(file, names)
    if infer:
        frame = _inferred(file, len(names), options)
    else:
        frame = _as_text(file, separator, len(names), encoded=encoded)
    if frame.shape[1] != len(names):
        raise TableFault(str(file), f"{frame.shape[1]} cells under {len(names)} columns", row=1)
    frame.columns = pd.Index(names)
    return frame


def _inferred(file: Path, width: int, options: dict[str, Any]) -> pd.DataFrame:
    try:
        frame: pd.DataFrame = pd.read_csv(file, skiprows=1, **options)
        return frame
    except pd.errors.EmptyDataError:
        return pd.DataFrame(columns=range(width))


def _as_text(file: Path, separator: str, width: int, *, encoded: bool) -> pd.DataFrame:
    """Read the rows below the header, of which each must have `width` cells."""
    type_ = pa.dictionary(pa.int32(), pa.string()) if encoded else pa.string()
    uneven: list[csv.InvalidRow] = []

    def note(row: csv.InvalidRow) -> str:
        uneven.append(row)
        return "error"

    try:
        table = csv.read_csv(
            file,
            # In one thread, since only then uneven rows have their numbers.
            read_options=csv.ReadOptions(
                autogenerate_column_names=True, use_threads=False, block_size=_BLOCK
            ),
            parse_options=csv.ParseOptions(
                delimiter=separator, newlines_in_values=True, invalid_row_handler=note
            ),
            convert_options=csv.ConvertOptions(
                column_types={f"f{place}": type_ for place in range(width)},
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        if not uneven:
            raise
        told = f"{uneven[0].actual_columns} cells under {width} columns"
        raise TableFault(str(file), told, row=(uneven[0].number or 1) - 1) from error
    return _to_pandas(table.slice(1))


def _check_names(file: Path, names: list[str]) -> None:
    doubled = next((name for name in names if names.count(name) > 1), None)
    if doubled is not None:
        raise TableFault(str(file), "appears twice; each column needs another name", column=doubled)


def _to_pandas(table: pa.Table) -> pd.DataFrame:
    """Convert a table, which gives its memory back column by column."""
    frame: pd.DataFrame = table.to_pandas(
        types_mapper=_nullable, split_blocks=True, self_destruct=True
    )
    return frame


def _nullable(kind: object) -> object:
    # int64 with gaps would come back as float, and large ones would lose digits
    return {"int64": pd.Int64Dtype(), "bool": pd.BooleanDtype()}.get(str(kind))
