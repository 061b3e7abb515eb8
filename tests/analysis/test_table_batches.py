"""Tables written column by column are, byte for byte, what a writer of single cells makes."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from diptych_analysis.tables.batches import Batch, Repeated, Times
from diptych_analysis.tables.formulas import guarded
from diptych_analysis.tables.schema import Column
from diptych_analysis.tables.write import CsvWriter, ParquetWriter

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
COLUMNS = tuple(
    Column(kind, kind, "Made up.")
    for kind in ("string", "list", "integer", "number", "boolean", "datetime")
)
MS = st.integers(-(10**11), 10**14)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
texts |= st.sampled_from(["=1+1", "a;=b", "'-", 'say "no"', "x,y", "a\rb", "a\r\nb", " @", "＝1"])
floats = st.floats(width=64) | st.sampled_from([1e16, 1e-5, 0.1, 5.0, -0.0])
# Seldom one type alone: the writers treat columns of one type as a whole.
values = {
    "string": st.one_of(texts, st.just("same"), st.integers(0, 9)),
    "list": st.one_of(texts, st.lists(texts, max_size=3)),
    "integer": st.one_of(st.integers(-(2**63), 2**63 - 1), st.booleans()),
    "number": st.one_of(floats, st.integers(-(2**53), 2**53)),
    "boolean": st.booleans(),
    "datetime": MS.map(lambda ms: EPOCH + timedelta(milliseconds=ms)),
}
rows = st.lists(
    st.fixed_dictionaries({}, optional={k: st.none() | v for k, v in values.items()}), max_size=8
)


def slow_cell(kind: str, value: Any) -> str:
    """Write one value, as the contract of the tables says."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    match kind:
        case "integer":
            return str(int(value))
        case "number":
            return repr(float(value))
        case "boolean":
            return "true" if value else "false"
        case "datetime":
            whole = (value - EPOCH) // timedelta(milliseconds=1)
            second, ms = divmod(whole, 1000)
            day = EPOCH + timedelta(seconds=second)
            return f"{day:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + f".{ms:03}Z"
        case "list" if isinstance(value, list):
            value = "|".join(value)
    return guarded(str(value))


def slow_csv(columns: Sequence[Column], table: Sequence[dict[str, Any]]) -> bytes:
    """Write a table with Python's csv module, cell by cell."""
    lines = io.StringIO()
    for cells in (
        [column.name for column in columns],
        *([slow_cell(c.type, row.get(c.name)) for c in columns] for row in table),
    ):
        line = io.StringIO(newline="")
        csv.writer(line, lineterminator="\r\n").writerow(cells)
        lines.write(line.getvalue()[:-2] + "\n")
    return lines.getvalue().encode()


class Kept(io.BytesIO):
    """Holds what was written after it is closed."""

    content = b""

    def close(self) -> None:
        self.content = self.getvalue()
        super().close()


def written(columns: Sequence[Column], *batches: Batch, excel: bool = False) -> bytes:
    to = Kept()
    writer = CsvWriter(to, columns, excel=excel)
    for batch in batches:
        assert writer.write_batch(batch) == batch.size
    writer.close()
    return to.content


@given(table=rows, one=st.sampled_from(COLUMNS))
def test_rows_become_the_text_of_single_cells(table: list[dict[str, Any]], one: Column) -> None:
    for columns in (COLUMNS, (one,)):
        to = Kept()
        writer = CsvWriter(to, columns)
        writer.write(table)
        writer.close()
        assert to.content == slow_csv(columns, table)


@given(table=rows.filter(bool), data=st.data())
def test_repeated_values_are_written_as_if_each_stood_alone(
    table: list[dict[str, Any]], data: st.DataObject
) -> None:
    places = data.draw(st.lists(st.integers(0, len(table) - 1), max_size=12))
    repeated = {c.name: Repeated.at([row.get(c.name) for row in table], places) for c in COLUMNS}
    listed = {c.name: [table[place].get(c.name) for place in places] for c in COLUMNS}
    short, long = Batch(len(places), repeated), Batch(len(places), listed)
    assert written(COLUMNS, short) == slow_csv(COLUMNS, [table[place] for place in places])
    assert short.counts("string") == long.counts("string")
    assert read_back(short).equals(read_back(long))


def read_back(*batches: Batch) -> pa.Table:
    to = pa.BufferOutputStream()
    writer = ParquetWriter(to, COLUMNS)
    for batch in batches:
        writer.write_batch(batch)
    writer.close()
    return pq.read_table(pa.BufferReader(to.getvalue()))


@given(times=st.lists(st.none() | MS, max_size=8))
def test_times_in_milliseconds_are_written_as_times(times: list[int | None]) -> None:
    moments = [None if ms is None else EPOCH + timedelta(milliseconds=ms) for ms in times]
    short = Batch(len(times), {"datetime": Times(times)})
    long = Batch(len(times), {"datetime": moments})
    table = [{"datetime": moment} for moment in moments]
    assert written(COLUMNS, short) == slow_csv(COLUMNS, table)
    assert read_back(short).equals(read_back(long))


def test_a_file_for_excel_begins_with_a_byte_order_mark() -> None:
    begin = written(COLUMNS[:1], excel=True)
    assert begin == b"\xef\xbb\xbfstring\n"
