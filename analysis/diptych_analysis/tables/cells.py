"""The cells of a table's file as they stand there: each different text of a column once.

A column of text becomes a categorical, so whoever checks or converts it looks at far fewer texts
than there are rows. Columns of Parquet that hold numbers, times or flags keep their types.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from diptych_analysis.tables.faults import TableFault
from diptych_analysis.tables.formulas import GUARD

#: What parts the cells of a text file, by its suffix.
SEPARATORS = {".csv": ",", ".tsv": "\t"}


def read_cells(file: Path) -> pd.DataFrame:
    """Read a CSV, TSV or Parquet file; a name of a column may occur twice.

    Raises
    ------
    TableFault
        When the file can't be read as what its suffix says.
    """
    try:
        if file.suffix == ".parquet":
            return _parquet(file)
        if file.suffix not in SEPARATORS:
            allowed = ", ".join((*SEPARATORS, ".parquet"))
            raise TableFault(str(file), f"{file.suffix or 'no suffix'}; allowed are {allowed}")
        return _text(file)
    except pd.errors.EmptyDataError:
        raise TableFault(str(file), "empty file; expected a header") from None
    except TableFault:
        raise
    except (OSError, ValueError) as error:
        raise TableFault(str(file), f"can't be read: {error}") from error


def _parquet(file: Path) -> pd.DataFrame:
    text = [field.name for field in pq.read_schema(file) if field.type == pa.string()]
    return _to_pandas(pq.read_table(file, read_dictionary=text))


def _text(file: Path) -> pd.DataFrame:
    names = _header(file)
    try:
        frame = _sound_text(file, len(names))
    except pa.ArrowInvalid:
        # Rows of unequal length, or no UTF-8: pandas reads the one and names the other.
        frame = _any_text(file, len(names))
    frame.columns = names
    return frame


def _header(file: Path) -> pd.Index[str]:
    """Return the names of the columns of a text file; a name may occur twice."""
    separator = SEPARATORS[file.suffix]
    first = pd.read_csv(file, sep=separator, header=None, nrows=1, dtype=str, keep_default_na=False)
    return pd.Index(first.iloc[0].str.replace(GUARD, r"\1", regex=True))


def _sound_text(file: Path, width: int) -> pd.DataFrame:
    """Read the rows below the header; `ArrowInvalid` where one has fewer or more cells."""
    types = {f"f{place}": pa.dictionary(pa.int32(), pa.string()) for place in range(width)}
    table = csv.read_csv(
        file,
        read_options=csv.ReadOptions(autogenerate_column_names=True),
        parse_options=csv.ParseOptions(delimiter=SEPARATORS[file.suffix], newlines_in_values=True),
        convert_options=csv.ConvertOptions(column_types=types, strings_can_be_null=False),
    )
    if table.num_columns != width:
        raise pa.ArrowInvalid(f"{table.num_columns} cells under {width} columns")
    return _to_pandas(table.slice(1))


def _any_text(file: Path, width: int) -> pd.DataFrame:
    """Read the rows below the header, of which some may be short."""
    try:
        frame = pd.read_csv(
            file,
            sep=SEPARATORS[file.suffix],
            dtype=str,
            keep_default_na=False,
            skiprows=1,
            header=None,
        )
    except pd.errors.EmptyDataError:
        return pd.DataFrame(columns=range(width), dtype=str)
    if frame.shape[1] != width:
        raise TableFault(str(file), f"{frame.shape[1]} cells under {width} columns", row=1)
    return frame


def _to_pandas(table: pa.Table) -> pd.DataFrame:
    """Convert a table, which gives its memory back column by column."""
    frame: pd.DataFrame = table.to_pandas(
        types_mapper=_nullable, split_blocks=True, self_destruct=True
    )
    return frame


def _nullable(kind: object) -> object:
    # int64 with gaps would come back as float, and large ones would lose digits
    return {"int64": pd.Int64Dtype(), "bool": pd.BooleanDtype()}.get(str(kind))
