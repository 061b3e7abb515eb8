"""Values of rows as the cells of a column: text for CSV, Arrow's arrays for Parquet.

A batch is converted column by column. Most columns hold one type, or nothing: these need no look at
each value. Repeated values are converted once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from diptych_analysis.tables.batches import Cells, Repeated, Times
from diptych_analysis.tables.formulas import guarded
from diptych_analysis.tables.schema import LIST_SEPARATOR, Column

if TYPE_CHECKING:
    import pyarrow as pa

_NOTHING = type(None)
#: What Arrow takes without a conversion, by the type of the column.
_READY: dict[str, set[type]] = {
    "string": {str},
    "list": {str},
    "integer": {int},
    "number": {int, float},
    "boolean": {bool},
    "datetime": {datetime},
}
#: Texts of a column that are kept with what becomes of them.
_MOST_KEPT = 10_000
# A carriage return or a line feed in a text would end the row for those who read it.
_QUOTED = re.compile('[",\r\n]')


def arrow_schema(columns: Sequence[Column]) -> pa.Schema:
    """Return the Parquet schema of a table with these columns (a list: a string joined by `|`)."""
    import pyarrow as pa

    types = {
        "string": pa.string(),
        "list": pa.string(),
        "integer": pa.int64(),
        "number": pa.float64(),
        "boolean": pa.bool_(),
        "datetime": pa.timestamp("ms", tz="UTC"),
    }
    return pa.schema([pa.field(c.name, types[c.type]) for c in columns])


def iso(moment: datetime) -> str:
    """Write ISO 8601 in UTC with milliseconds: `2022-10-23T12:00:00.000Z`.

    Naive times count as UTC.
    """
    if moment.tzinfo is not UTC:
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds")[:-6] + "Z"


def _iso_texts(times: Times) -> pa.Array:
    """Write times as `iso` does, all at once."""
    import pyarrow as pa
    import pyarrow.compute as pc

    # Without a time zone Arrow writes `2022-10-23 12:00:00.000`.
    texts = pa.array(times.of, pa.int64()).cast(pa.timestamp("ms")).cast(pa.string())
    parted = pc.binary_replace_slice(texts, start=10, stop=11, replacement="T")
    return pc.binary_join_element_wise(parted, "Z", "").fill_null("")


def arrow_column(column: Column, cells: Cells | None, size: int, type_: pa.DataType) -> pa.Array:
    """Convert the cells of a column for Parquet; None and NaN are missing."""
    import pyarrow as pa

    if cells is None:
        return pa.nulls(size, type_)
    if isinstance(cells, Repeated):
        return _arrow_array(column, cells.values, type_).take(cells.places.arrow)
    if isinstance(cells, Times):
        return pa.array(cells.of, pa.int64()).cast(type_)
    return _arrow_array(column, cells, type_)


def _arrow_array(column: Column, values: Sequence[object], type_: pa.DataType) -> pa.Array:
    import pyarrow as pa

    if not set(map(type, values)) - {_NOTHING} <= _READY[column.type]:
        values = [_plain(column, value) for value in values]
    return pa.array(values, type_, from_pandas=True)


def quoted(text: str) -> str:
    """Write a text as a cell of a CSV file, between quotation marks where it needs them."""
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


class TextColumn:
    """Converts the cells of one column to those of a CSV file; empty for nothing."""

    def __init__(self, column: Column) -> None:
        self.column = column
        self._known: dict[object, str] = {}

    def column_of(self, cells: Cells | None, size: int) -> pa.Array:
        """Convert the cells of `size` rows, ready to be joined by commas."""
        import pyarrow as pa

        if cells is None:
            return pa.repeat(pa.scalar(""), size)
        if isinstance(cells, Repeated):
            return pa.array(self._cells(cells.values), pa.string()).take(cells.places.arrow)
        if isinstance(cells, Times):
            return _iso_texts(cells)
        return pa.array(self._cells(cells), pa.string())

    def _cells(self, values: Sequence[object]) -> list[str]:
        kinds = set(map(type, values)) - {_NOTHING}
        if not kinds:
            return [""] * len(values)
        if kinds == {str} and self.column.type in ("string", "list"):
            return self._texts(values)
        if kinds == {datetime} and self.column.type == "datetime":
            return [iso(moment) if isinstance(moment, datetime) else "" for moment in values]
        if kinds == {float} and self.column.type == "number":
            return ["" if value is None or value != value else repr(value) for value in values]
        if kinds == {int} and self.column.type == "integer":
            return ["" if value is None else str(value) for value in values]
        return [_cell(self.column, value) for value in values]

    def _texts(self, values: Sequence[object]) -> list[str]:
        """Guard and quote texts, of which most occur again and again."""
        if len(self._known) > _MOST_KEPT:
            self._known.clear()
        known = self._known
        for text in set(values) - known.keys():
            known[text] = "" if text is None else quoted(guarded(str(text)))
        return [known[text] for text in values]


def _plain(column: Column, value: object) -> object:
    """Convert the value for Arrow: None for nothing, the column's own type otherwise."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    match column.type:
        case "integer":
            return int(value)  # type: ignore[call-overload]
        case "number":
            return float(value)  # type: ignore[arg-type]
        case "boolean":
            return bool(value)
        case "datetime":
            moment = datetime.fromisoformat(value) if isinstance(value, str) else value
            if not isinstance(moment, datetime):
                raise TypeError(f"{column.name}: {value!r} is no time")
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
        case "list":
            if isinstance(value, list | tuple):
                return LIST_SEPARATOR.join(map(str, value)) or None
    return str(value)


def _cell(column: Column, value: object) -> str:
    """Write the value as a CSV cell; empty for nothing."""
    text = text_of(column, value)
    return quoted(text) if column.type in ("string", "list") else text


def text_of(column: Column, value: object) -> str:
    """Write the value as a reader of the CSV file gets it; empty for nothing."""
    plain = _plain(column, value)
    if plain is None:
        return ""
    if isinstance(plain, bool):
        return "true" if plain else "false"
    if isinstance(plain, datetime):
        return iso(plain)
    if isinstance(plain, str):
        return guarded(plain)
    return repr(plain) if isinstance(plain, float) else str(plain)
