"""Tables over the wire while they are read: nothing of their size is ever kept, or written here."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO, cast
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from diptych.export import identities
from diptych.export.tables import IDENTITIES, ROWS, StudyTables
from diptych_analysis.tables import batches, layout
from diptych_analysis.tables.batches import Batch
from diptych_analysis.tables.contents import Contents
from diptych_analysis.tables.metadata import side_files
from diptych_analysis.tables.schema import Column, TableName
from diptych_analysis.tables.write import table_writer

#: Rows of a row group of Parquet, which must be held until it is whole.
GROUP = 10_000
CHUNK = 64 * 1024


class _Pipe(io.RawIOBase):
    """What is written comes out again in chunks."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._waiting = self._at = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._waiting += len(part)
        self._at += len(part)
        return len(part)

    def tell(self) -> int:
        return self._at

    def close(self) -> None:
        """Close the buffer: nothing is open, so there is nothing to do."""

    def ready(self, least: int = CHUNK) -> Iterator[bytes]:
        """Yield what waits, once it has reached the given size."""
        if self._waiting >= max(least, 1):
            yield b"".join(self._parts)
            self._parts, self._waiting = [], 0


class _Forward(io.RawIOBase):
    """Into a file of an archive, which does not know where it is."""

    def __init__(self, target: Any) -> None:
        self._target, self._at = target, 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._target.write(data)
        self._at += len(memoryview(data).cast("B"))
        return len(memoryview(data).cast("B"))

    def tell(self) -> int:
        return self._at


def columns_of(tables: StudyTables, name: str) -> tuple[Column, ...]:
    """Return the columns of a table, or of the key file."""
    return identities.COLUMNS if name == IDENTITIES else tables.columns[cast(TableName, name)]


def batches_of(tables: StudyTables, name: str) -> Iterator[Batch]:
    """Return the rows of a table, or of the key file, in batches."""
    if name != IDENTITIES:
        return tables.batches(cast(TableName, name))
    names = [column.name for column in identities.COLUMNS]
    return batches.batches_of(tables.identities(), names, ROWS)


def table_stream(
    tables: StudyTables, name: str, format_: str, *, excel: bool = False
) -> Iterator[bytes]:
    """Yield one table as the bytes of a file.

    Parameters
    ----------
    tables : StudyTables
        Of the study.
    name : str
        Of the table, or `identities`.
    format_ : str
        `csv` or `parquet`.
    excel : bool, optional
        Whether CSV begins with a byte order mark.
    """
    pipe = _Pipe()
    rows, columns = batches_of(tables, name), columns_of(tables, name)
    for _ in _written(rows, columns, format_, cast(BinaryIO, pipe), excel=excel):
        yield from pipe.ready()
    yield from pipe.ready(0)


def zip_stream(
    tables: StudyTables,
    names: Sequence[TableName],
    formats: Sequence[str],
    *,
    with_ids: bool,
    excel: bool = False,
) -> Iterator[bytes]:
    """Yield a data set as the bytes of one zip archive, in a folder named after the study.

    Parameters
    ----------
    tables : StudyTables
        Of the study.
    names : Sequence[TableName]
        Which tables.
    formats : Sequence[str]
        `csv`, `parquet` or both.
    with_ids : bool
        Whether `identities.csv` is in it.
    excel : bool, optional
        Whether CSV files begin with a byte order mark.
    """
    pipe = _Pipe()
    contents = Contents(
        tables.name, tables.description, {n: tables.columns[n] for n in names}, tuple(formats)
    )
    with ZipFile(cast(BinaryIO, pipe), "w") as archive:
        for path, format_, rows, columns in _files(tables, contents, with_ids=with_ids):
            # Parquet is packed by itself.
            archive.compression = ZIP_STORED if format_ == "parquet" else ZIP_DEFLATED
            with archive.open(f"{tables.name}/{path}", "w", force_zip64=True) as entry:
                to = cast(BinaryIO, _Forward(entry))
                for _ in _written(rows, columns, format_, to, excel=excel):
                    yield from pipe.ready()
        for path, content in side_files(contents).items():
            archive.writestr(f"{tables.name}/{path}", content, ZIP_DEFLATED)
    yield from pipe.ready(0)


_File = tuple[str, str, Iterator[Batch], tuple[Column, ...]]


def _files(tables: StudyTables, contents: Contents, *, with_ids: bool) -> Iterator[_File]:
    """Yield the path, format, rows and columns of each file of rows in an archive."""
    for name, columns in contents.columns.items():
        for format_ in contents.formats:
            rows = tables.batches(name)
            if format_ == contents.formats[0]:  # the others hold the same rows
                rows = contents.counted(name, rows)
            path = layout.table_path(contents.name, name, format_)
            yield path, format_, rows, tuple(columns)
    if with_ids:
        yield layout.IDENTITIES, "csv", batches_of(tables, IDENTITIES), identities.COLUMNS


def _written(
    rows: Iterable[Batch],
    columns: Sequence[Column],
    format_: str,
    to: BinaryIO,
    *,
    excel: bool,
) -> Iterator[None]:
    """Write a table, and give way after each batch."""
    writer = table_writer(format_, to, columns, group=GROUP, excel=excel)
    for batch in rows:
        writer.write_batch(batch)
        yield
    writer.close()
    yield
