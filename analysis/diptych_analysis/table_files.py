"""Writers of the tidy tables: streaming, memory flat in the number of rows.

`CsvWriter` and `ParquetWriter` take batches of row mappings; `DatasetWriter` writes a whole folder
of tables with its dictionary, and puts it in place only when everything has been written. PyArrow
is imported when the first Parquet file is written.
"""

from __future__ import annotations

import csv
import io
import math
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Protocol

from diptych_analysis.columns import LIST_SEPARATOR, TABLES, Column, TableName
from diptych_analysis.dataset_metadata import data_dictionary, dataset_description, write_json
from diptych_analysis.formulas import guarded

if TYPE_CHECKING:
    import pyarrow as pa

Row = Mapping[str, object]
FORMATS = ("csv", "parquet")
#: What is written beside the tables: the meaning of every column, and the data set (Psych-DS).
METADATA = ("data_dictionary.json", "dataset_description.json")


def arrow_schema(columns: Sequence[Column]) -> pa.Schema:
    """The Parquet schema of a table with these columns (a list is a string joined by `|`)."""
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
    """ISO 8601 in UTC with milliseconds: `2022-10-23T12:00:00.000Z`. Naive times count as UTC."""
    utc = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return utc.strftime("%Y-%m-%dT%H:%M:%S.") + f"{utc.microsecond // 1000:03d}Z"


def _plain(column: Column, value: object) -> object:
    """The value as Arrow takes it: None for nothing, the column's own type otherwise."""
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
    """The value as a CSV cell; empty for nothing."""
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


class TableWriter(Protocol):
    """Takes rows in batches, into a file or a stream; `close` makes it whole."""

    def write(self, rows: Iterable[Row]) -> int:
        """Appends the rows (missing keys are empty cells) and returns how many they were."""

    def close(self) -> None:
        """Flushes and closes the file."""


class CsvWriter:
    """A CSV file, UTF-8, with a header; booleans `true`/`false`, times ISO 8601, text guarded."""

    def __init__(self, to: Path | BinaryIO, columns: Sequence[Column]) -> None:
        self.columns = tuple(columns)
        stream = to.open("wb") if isinstance(to, Path) else to
        self._file = io.TextIOWrapper(stream, encoding="utf-8", newline="")
        self._csv = csv.writer(self._file, lineterminator="\n")
        self._csv.writerow([guarded(c.name) for c in self.columns])

    def write(self, rows: Iterable[Row]) -> int:
        """Appends the rows and returns how many they were."""
        count = 0
        for row in rows:
            self._csv.writerow([_cell(c, row.get(c.name)) for c in self.columns])
            count += 1
        return count

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


class ParquetWriter:
    """A Parquet file with typed columns; holds at most `group` rows in memory."""

    def __init__(self, to: Path | BinaryIO, columns: Sequence[Column], group: int = 20_000) -> None:
        import pyarrow.parquet as pq

        self.columns = tuple(columns)
        self.group = group
        self._schema = arrow_schema(self.columns)
        self._parquet = pq.ParquetWriter(to, self._schema, compression="zstd")
        self._waiting: list[list[object]] = [[] for _ in self.columns]

    def write(self, rows: Iterable[Row]) -> int:
        """Appends the rows and returns how many they were."""
        count = 0
        for row in rows:
            for waiting, column in zip(self._waiting, self.columns, strict=True):
                waiting.append(_plain(column, row.get(column.name)))
            count += 1
            if len(self._waiting[0]) >= self.group:
                self._flush()
        return count

    def _flush(self) -> None:
        import pyarrow as pa

        arrays = [
            pa.array(waiting, type=field.type)
            for waiting, field in zip(self._waiting, self._schema, strict=True)
        ]
        self._parquet.write_table(pa.table(arrays, schema=self._schema))
        self._waiting = [[] for _ in self.columns]

    def close(self) -> None:
        """Writes what is still held and closes the file."""
        if self._waiting[0]:
            self._flush()
        self._parquet.close()


WRITERS: Mapping[str, type[CsvWriter] | type[ParquetWriter]] = {
    "csv": CsvWriter,
    "parquet": ParquetWriter,
}


class DatasetWriter:
    """Writes the five tables, `data_dictionary.json` and `dataset_description.json` into a folder.

    A context manager: everything is written into a new folder beside `to`, and moved into place
    only when the block ends without an error; otherwise `to` is left as it was. Files of `to` that
    are no tables stay.

    `formats`: `csv`, `parquet` or both. `extras`: the columns that a table has beyond the contract.
    """

    def __init__(
        self,
        to: Path,
        formats: Sequence[str] = FORMATS,
        *,
        name: str,
        description: str = "",
        extras: Mapping[TableName, Sequence[Column]] | None = None,
    ) -> None:
        unknown = [f for f in formats if f not in WRITERS]
        if unknown or not formats:
            raise ValueError(f"formats {list(formats)}: allowed are {', '.join(FORMATS)}")
        self.to = Path(to)
        self.formats = tuple(formats)
        self.name = name
        self.description = description
        self.columns: dict[TableName, tuple[Column, ...]] = {
            table: (*columns, *((extras or {}).get(table, ()))) for table, columns in TABLES.items()
        }
        self.rows: dict[TableName, int] = dict.fromkeys(TABLES, 0)
        self._folder: Path | None = None
        self._writers: dict[TableName, list[TableWriter]] = {}

    def __enter__(self) -> DatasetWriter:
        try:
            self.to.parent.mkdir(parents=True, exist_ok=True)
            self._folder = Path(tempfile.mkdtemp(prefix=f".{self.to.name}-", dir=self.to.parent))
        except OSError as error:  # which names a folder that nobody has asked for
            raise OSError(error.errno, error.strerror, str(self.to)) from error
        for table, columns in self.columns.items():
            self._writers[table] = [
                WRITERS[f](self._folder / f"{table}.{f}", columns) for f in self.formats
            ]
        return self

    def write(self, table: TableName, rows: Iterable[Row]) -> int:
        """Appends rows to one table, in every format, and returns how many they were."""
        writers = self._writers[table]
        # One pass feeds several files, so a generator of rows is taken batch by batch.
        batch: list[Row] = []
        count = 0
        for row in rows:
            batch.append(row)
            if len(batch) == 1000:
                count += self._write_batch(writers, batch)
                batch = []
        count += self._write_batch(writers, batch)
        self.rows[table] += count
        return count

    def file(self, name: str) -> Path:
        """Where to write a further file, to be put in place with the tables."""
        assert self._folder is not None, "files are written inside the block"
        return self._folder / name

    @staticmethod
    def _write_batch(writers: Sequence[TableWriter], batch: Sequence[Row]) -> int:
        for writer in writers:
            writer.write(batch)
        return len(batch)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        folder = self._folder
        assert folder is not None
        try:
            for writers in self._writers.values():
                for writer in writers:
                    writer.close()
            if kind is None:
                self._describe(folder)
                self._put_in_place(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _describe(self, folder: Path) -> None:
        about = {"name": self.name, "description": self.description, "columns": self.columns}
        dictionary, dataset = (folder / name for name in METADATA)
        write_json(dictionary, data_dictionary(rows=self.rows, **about))  # type: ignore[arg-type]
        write_json(dataset, dataset_description(**about))  # type: ignore[arg-type]

    def _put_in_place(self, folder: Path) -> None:
        folder.chmod(0o777 & ~_umask())
        if not self.to.exists():
            folder.rename(self.to)
            return
        for file in sorted(folder.iterdir()):
            file.replace(self.to / file.name)
        for table in TABLES:  # an earlier export in another format would contradict this one
            for other in set(FORMATS) - set(self.formats):
                (self.to / f"{table}.{other}").unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
