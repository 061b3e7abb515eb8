"""Writers of the tidy tables: streaming, memory flat in the number of rows.

`CsvWriter` and `ParquetWriter` take rows as mappings, or batches of them column by column
(`batches.Batch`). `DatasetWriter` writes a whole folder of tables with its dictionary, and puts it
in place only when everything has been written. PyArrow is imported when the first row is written.
"""

from __future__ import annotations

import codecs
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Protocol

from diptych_analysis.tables import layout
from diptych_analysis.tables.batches import Batch, Row, batches_of
from diptych_analysis.tables.contents import Contents
from diptych_analysis.tables.formulas import guarded
from diptych_analysis.tables.layout import FORMATS
from diptych_analysis.tables.metadata import side_files
from diptych_analysis.tables.readme import may_replace
from diptych_analysis.tables.schema import TABLES, Column, TableName, with_extras
from diptych_analysis.tables.values import TextColumn, arrow_column, arrow_schema, quoted

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from diptych_analysis.tables.read import Tables

#: Lines of a CSV file that are joined at a time.
_LINES = 1000


class TableWriter(Protocol):
    """Takes rows in batches, into a file or a stream; `close` makes it whole."""

    def write(self, rows: Iterable[Row]) -> int:
        """Append the rows (missing keys are empty cells) and return their number."""

    def write_batch(self, batch: Batch) -> int:
        """Append the rows of a batch and return their number."""

    def close(self) -> None:
        """Flush and close the file."""


class _Writer:
    """What writers of every format share."""

    columns: tuple[Column, ...]

    def write(self, rows: Iterable[Row]) -> int:
        """Append the rows (missing keys are empty cells) and return their number."""
        names = [column.name for column in self.columns]
        return sum(self.write_batch(batch) for batch in batches_of(rows, names))

    def write_batch(self, batch: Batch) -> int:
        """Append the rows of a batch and return their number."""
        raise NotImplementedError


class CsvWriter(_Writer):
    """A CSV file, UTF-8, with a header; booleans `true`/`false`, times ISO 8601, text guarded.

    With `excel` it begins with a byte order mark, without which Excel does not read UTF-8.
    """

    def __init__(
        self, to: Path | BinaryIO, columns: Sequence[Column], *, excel: bool = False
    ) -> None:
        self.columns = tuple(columns)
        self._text = [TextColumn(column) for column in self.columns]
        self._file = to.open("wb") if isinstance(to, Path) else to
        header = ",".join(quoted(guarded(column.name)) for column in self.columns)
        self._file.write((codecs.BOM_UTF8 if excel else b"") + f"{header}\n".encode())

    def write_batch(self, batch: Batch) -> int:
        """Append the rows of a batch and return their number."""
        import pyarrow as pa
        import pyarrow.compute as pc

        columns = [
            text.column_of(batch.columns.get(text.column.name), batch.size) for text in self._text
        ]
        if len(columns) == 1:  # an empty line would be no row
            columns = [pc.if_else(pc.equal(columns[0], ""), '""', columns[0])]
        # In pieces whose length is counted in 32 bits, whatever is written into a study's fields.
        for start in range(0, batch.size, _LINES):
            parts = [column.slice(start, _LINES) for column in columns]
            lines = pc.binary_join_element_wise(*parts, ",")
            ended = pc.binary_join_element_wise(lines, pa.scalar(""), "\n")
            size = pc.sum(pc.binary_length(ended)).as_py()
            self._file.write(memoryview(ended.buffers()[2])[:size])
        return batch.size

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class ParquetWriter(_Writer):
    """A Parquet file with typed columns; holds at most `group` rows in memory."""

    def __init__(self, to: Path | BinaryIO, columns: Sequence[Column], group: int = 20_000) -> None:
        import pyarrow.parquet as pq

        self.columns = tuple(columns)
        self.group = group
        self._schema = arrow_schema(self.columns)
        self._parquet = pq.ParquetWriter(to, self._schema, compression="zstd")
        self._waiting: list[pa.RecordBatch] = []

    def write_batch(self, batch: Batch) -> int:
        """Append the rows of a batch and return their number."""
        import pyarrow as pa

        arrays = [
            arrow_column(column, batch.columns.get(column.name), batch.size, field.type)
            for column, field in zip(self.columns, self._schema, strict=True)
        ]
        self._waiting.append(pa.record_batch(arrays, schema=self._schema))
        if sum(len(waiting) for waiting in self._waiting) >= self.group:
            self._flush()
        return batch.size

    def _flush(self) -> None:
        import pyarrow as pa

        whole = pa.Table.from_batches(self._waiting, self._schema)
        self._parquet.write_table(whole, row_group_size=self.group)
        self._waiting = []

    def close(self) -> None:
        """Write what is still held and close the file."""
        if self._waiting:
            self._flush()
        self._parquet.close()


def table_writer(
    format_: str,
    to: Path | BinaryIO,
    columns: Sequence[Column],
    *,
    group: int = 20_000,
    excel: bool = False,
) -> TableWriter:
    """Open a writer of one of `FORMATS`; see `CsvWriter` and `ParquetWriter` for the options."""
    if format_ == "csv":
        return CsvWriter(to, columns, excel=excel)
    return ParquetWriter(to, columns, group)


class DatasetWriter:
    """Writes the six tables and what describes them into a folder, as `layout` says.

    A context manager: everything is written into a new folder beside `to`, and moved into place
    only when the block ends without an error; otherwise `to` is left as it was. Tables of an
    earlier export are replaced. Other files of `to` stay, and so does a README.md or CHANGES.md
    that somebody else has written.

    `formats`: `csv`, `parquet` or both. `extras`: as `columns.with_extras` takes them.
    `excel`: whether CSV files begin with a byte order mark.
    """

    def __init__(
        self,
        to: Path,
        formats: Sequence[str] = FORMATS,
        *,
        name: str,
        description: str = "",
        extras: Mapping[TableName, Sequence[Column]] | None = None,
        excel: bool = False,
    ) -> None:
        unknown = [f for f in formats if f not in FORMATS]
        if unknown or not formats:
            raise ValueError(f"formats {list(formats)}: allowed are {', '.join(FORMATS)}")
        self.to = Path(to)
        self.excel = excel
        self.contents = Contents(
            name,
            description,
            {table: with_extras(table, (extras or {}).get(table, ())) for table in TABLES},
            tuple(formats),
        )
        self._folder: Path | None = None
        self._writers: dict[TableName, list[TableWriter]] = {}

    @property
    def rows(self) -> Mapping[TableName, int]:
        """How many rows each table has so far."""
        return self.contents.rows

    def __enter__(self) -> DatasetWriter:
        """Open the files of all tables in a temporary folder beside the target."""
        try:
            self.to.parent.mkdir(parents=True, exist_ok=True)
            self._folder = Path(tempfile.mkdtemp(prefix=f".{self.to.name}-", dir=self.to.parent))
        except OSError as error:  # which names a folder that nobody has asked for
            raise OSError(error.errno, error.strerror, str(self.to)) from error
        (self._folder / layout.DATA).mkdir()
        for table, columns in self.contents.columns.items():
            self._writers[table] = [
                table_writer(
                    format_,
                    self._folder / layout.table_path(self.contents.name, table, format_),
                    columns,
                    excel=self.excel,
                )
                for format_ in self.contents.formats
            ]
        return self

    def write(self, table: TableName, rows: Iterable[Row]) -> int:
        """Append rows to one table, in every format, and return their number."""
        names = [column.name for column in self.contents.columns[table]]
        return self.write_batches(table, batches_of(rows, names))

    def write_batches(self, table: TableName, batches: Iterable[Batch]) -> int:
        """Append batches of rows to one table, in every format, and return how many rows."""
        count = 0
        for batch in self.contents.counted(table, batches):
            for writer in self._writers[table]:
                writer.write_batch(batch)
            count += batch.size
        return count

    def file(self, name: str) -> Path:
        """Return where to write a further file, to be put in place with the tables."""
        assert self._folder is not None, "files are written inside the block"
        return self._folder / name

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the files; put the data set in place, or remove it after an error."""
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
        for name, text in side_files(self.contents).items():
            (folder / name).write_text(text, encoding="utf-8")

    def _put_in_place(self, folder: Path) -> None:
        folder.chmod(0o777 & ~_umask())
        if not self.to.exists():
            folder.rename(self.to)
            return
        for name in (layout.README, layout.CHANGES, layout.IGNORE):
            if not _replaceable(self.to / name):
                (folder / name).unlink()
        new = sorted(file.relative_to(folder) for file in folder.rglob("*") if file.is_file())
        earlier = [path for _, path in layout.table_files(self.to)]
        if (self.to / layout.DICTIONARY).exists():
            earlier += [path for _, path in layout.old_table_files(self.to)]
        for file in new:
            (self.to / file).parent.mkdir(exist_ok=True)
            (folder / file).replace(self.to / file)
        # Tables of an earlier export, in another format or of another study, contradict these.
        for path in earlier:
            if path.relative_to(self.to) not in new:
                path.unlink()


def _replaceable(file: Path) -> bool:
    """Say whether a text beside the tables is missing, or is ours and unchanged by others."""
    try:
        return may_replace(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return True
    except (OSError, UnicodeDecodeError):
        return False


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def rows_of(frame: pd.DataFrame, batch: int = 5000) -> Iterator[dict[str, object]]:
    """Yield the rows of a frame as mappings without the empty cells."""
    for start in range(0, len(frame), batch):
        part = frame.iloc[start : start + batch]
        present = part.notna().to_numpy()
        names = [str(name) for name in part.columns]
        columns = [part[name].tolist() for name in part.columns]
        for i, cells in enumerate(zip(*columns, strict=True)):
            yield {n: v for n, v, there in zip(names, cells, present[i], strict=True) if there}


def write_tables(
    tables: Tables, to: Path, formats: Sequence[str] = FORMATS, dataset: str | None = None
) -> None:
    """Write all tables with dictionary and description into `to`, whole or not at all."""
    with DatasetWriter(
        to,
        formats,
        name=dataset or tables.name or Path(to).name,
        description=tables.description,
        extras=tables.extras,
    ) as out:
        for table in TABLES:
            out.write(table, rows_of(tables.frame(table)))
