"""Every cell of a table against a plain reading, row by row, from text and from Parquet."""

from __future__ import annotations

import csv
import math
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.properties import costly

from diptych_analysis.tables import Column, TableFault, read_table

COLUMNS = {
    "string": Column("cell", "string", "", levels=("plain", "hints")),
    "integer": Column("cell", "integer", "", minimum=0),
    "number": Column("cell", "number", "", minimum=-1, required=True),
    "boolean": Column("cell", "boolean", ""),
    "datetime": Column("cell", "datetime", ""),
}
TIME = "2022-10-23T12:00:00.250Z"
CELLS = {
    "string": ["plain", "hints", "", "other"],
    "integer": ["0", "17", " 4 ", "3.0", "", "-2", "2.5", "many"],
    "number": ["0", "1.5", " 1e3", "-1", "-1.5", "", "inf", "nan", "x"],
    "boolean": ["true", "False", "1", "0", "", "yes"],
    "datetime": [TIME, "", "noon"],
}
ALLOWED = {
    "string": "one of plain, hints",
    "integer": "a whole number",
    "number": "a finite number",
    "boolean": "true or false",
    "datetime": "an ISO 8601 time such as 2022-10-23T12:00:00.000Z",
}


def value_of(kind: str, cell: str) -> object:
    """One cell, read plainly; ValueError where it is wrong."""
    match kind:
        case "integer":
            number = float(cell)
            if not number.is_integer():
                raise ValueError
            return int(number)
        case "number":
            number = float(cell)
            if not math.isfinite(number):
                raise ValueError
            return number
        case "boolean":
            if cell.lower() not in ("true", "false", "1", "0"):
                raise ValueError
            return cell.lower() in ("true", "1")
        case "datetime":
            return datetime.fromisoformat(cell).astimezone(UTC)
    if cell not in ("plain", "hints"):
        raise ValueError
    return cell


def plainly(kind: str, cells: list[str | None]) -> list[object] | str:
    """The values of a column, None for empty cells; or what is wrong with it."""
    column = COLUMNS[kind]
    stripped = [cell if cell is None or kind == "string" else cell.strip() for cell in cells]
    for row, cell in enumerate(stripped, 1):
        if column.required and not cell:
            return f"column 'cell', row {row}: empty; a value is required"
    values: list[object] = []
    for row, cell in enumerate(stripped, 1):
        try:
            values.append(value_of(kind, cell) if cell else None)
        except ValueError:
            return f"column 'cell', row {row}: found {cell!r}; allowed is {ALLOWED[kind]}"
    for row, value in enumerate(values, 1):
        if column.minimum is not None and value is not None and value < column.minimum:  # type: ignore[operator]
            least = f"at least {column.minimum:g} is allowed"
            return f"column 'cell', row {row}: found {stripped[row - 1]}; {least}"
    return values


def as_read(file: Path, kind: str) -> list[object] | str:
    try:
        frame, _ = read_table(file, [COLUMNS[kind], Column("n", "integer", "")])
    except TableFault as fault:
        return str(fault).removeprefix(f"{file}, ")
    return [None if pd.isna(value) else value for value in frame["cell"]]


@pytest.mark.slow
@costly()
@given(
    drawn=st.sampled_from(sorted(CELLS)).flatmap(
        lambda kind: st.tuples(
            st.just(kind), st.lists(st.sampled_from([None, *CELLS[kind]]), max_size=8)
        )
    ),
    chunk=st.integers(1, 4),
)
def test_a_column_is_read_as_one_reads_it_cell_by_cell(
    drawn: tuple[str, list[str | None]], chunk: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    kind, cells = drawn
    folder = tmp_path_factory.mktemp("cells")
    wanted = plainly(kind, cells)
    with (folder / "t.csv").open("w", newline="") as to:
        csv.writer(to).writerows(
            [["n", "cell"], *([n, cell or ""] for n, cell in enumerate(cells))]
        )
    assert as_read(folder / "t.csv", kind) == wanted
    table = pa.table({"n": range(len(cells)), "cell": pa.array(cells, pa.string())})
    pq.write_table(table, folder / "t.parquet", row_group_size=chunk)
    assert as_read(folder / "t.parquet", kind) == wanted


@pytest.mark.parametrize(
    ("kind", "cells", "wanted"),
    [
        ("integer", pa.array([3, None, 2**60 + 1]), [3, None, 2**60 + 1]),
        ("integer", pa.array([1.0, 2.0]), [1, 2]),
        ("integer", pa.array([5, -2]), "column 'cell', row 2: found -2; at least 0 is allowed"),
        ("number", pa.array([1, 2]), [1.0, 2.0]),
        ("number", pa.array([0.5, None]), "column 'cell', row 2: empty; a value is required"),
        (
            "number",
            pa.array([0.5, math.inf]),
            "column 'cell', row 2: found 'inf'; allowed is a finite number",
        ),
        ("boolean", pa.array([True, None]), [True, None]),
        ("boolean", pa.array([1, 0]), [True, False]),
        (
            "datetime",
            pa.array([datetime(2022, 10, 23, 12, tzinfo=UTC)], pa.timestamp("us", "Europe/Paris")),
            [datetime(2022, 10, 23, 12, tzinfo=UTC)],
        ),
        ("string", pa.array(["plain", None]), ["plain", None]),
        (
            "string",
            pa.array(["plain", "other"]).dictionary_encode(),
            "column 'cell', row 2: found 'other'; allowed is one of plain, hints",
        ),
    ],
)
def test_parquet_keeps_the_types_it_has(
    tmp_path: Path, kind: str, cells: pa.Array, wanted: list[object] | str
) -> None:
    pq.write_table(pa.table({"cell": cells}), tmp_path / "t.parquet")
    assert as_read(tmp_path / "t.parquet", kind) == wanted


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty file; expected a header"),
        (b"cell,n\n1,2,3\n", "row 1: 3 cells under 2 columns"),
        (b"cell,n\n1,2\n1,2,3\n", "row 2: 3 cells under 2 columns"),
        (b"cell,n\n\xff,2\n", "can't be read: 'utf-8' codec"),
        (b"n\n1\n", "column 'cell': missing; the file has n"),
        (b"cell,n,n\n1,2,3\n", "column 'n': appears twice; each column needs another name"),
        (b"cell,n\n1,2\n3\n", "row 2: 1 cells under 2 columns"),
    ],
)
def test_a_file_that_is_no_table_is_one_fault(tmp_path: Path, content: bytes, told: str) -> None:
    file = tmp_path / "t.csv"
    file.write_bytes(content)
    with pytest.raises(TableFault) as fault:
        read_table(file, [COLUMNS["number"]])
    assert told in str(fault.value)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfcell,n\n1,2\n3,\n",
        b'cell,n\r\n1,2\r\n"3",\r\n',
        b"cell,n\n\n1,2\n\n3,\n\n",
        b'"ce""ll",n,cell\n"a\nb",2,1\nc"d,,3\n',
    ],
)
def test_files_as_others_write_them_are_read(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "t.csv"
    file.write_bytes(content)
    frame, _ = read_table(file, [COLUMNS["number"], Column("n", "integer", "")])
    assert list(frame["cell"]) == [1.0, 3.0]
    assert [None if pd.isna(n) else n for n in frame["n"]] == [2, None]
