"""Tables over the wire while they are read: nothing of their size is ever kept, or written here."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, BinaryIO, cast
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from diptych import identities
from diptych.tabulate import IDENTITIES, StudyTables
from diptych_analysis.columns import TABLES, Column, TableName
from diptych_analysis.dataset_metadata import data_dictionary, dataset_description
from diptych_analysis.table_files import WRITERS

#: Rows between two looks at whether something can be sent.
BATCH = 500
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
        """Whoever has read everything closes it by forgetting it."""

    def ready(self, least: int = CHUNK) -> Iterator[bytes]:
        """What waits, when it is as much as that."""
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
    """The columns of a table, or of the key file."""
    return identities.COLUMNS if name == IDENTITIES else tables.columns[cast(TableName, name)]


def rows_of(tables: StudyTables, name: str) -> Iterator[dict[str, Any]]:
    """The rows of a table, or of the key file."""
    return tables.identities() if name == IDENTITIES else tables.rows(cast(TableName, name))


def table_stream(tables: StudyTables, name: str, format_: str) -> Iterator[bytes]:
    """One table as the bytes of a file.

    Args:
        tables: of the study.
        name: of the table, or `identities`.
        format_: `csv` or `parquet`.
    """
    pipe = _Pipe()
    for _ in _written(tables, name, format_, cast(BinaryIO, pipe)):
        yield from pipe.ready()
    yield from pipe.ready(0)


def zip_stream(
    tables: StudyTables, names: Sequence[TableName], formats: Sequence[str], *, with_ids: bool
) -> Iterator[bytes]:
    """Tables, dictionary and description as the bytes of one zip archive.

    Args:
        tables: of the study.
        names: which tables.
        formats: `csv`, `parquet` or both.
        with_ids: whether `identities.csv` is in it.
    """
    pipe = _Pipe()
    counts: dict[TableName, int] = dict.fromkeys(TABLES, 0)
    files: list[tuple[str, str]] = [(name, format_) for name in names for format_ in formats]
    with ZipFile(cast(BinaryIO, pipe), "w") as archive:
        for name, format_ in files + [(IDENTITIES, "csv")] * with_ids:
            # Parquet is packed by itself.
            archive.compression = ZIP_STORED if format_ == "parquet" else ZIP_DEFLATED
            path = f"{tables.name}/{name}.{format_}"
            with archive.open(path, "w", force_zip64=True) as entry:
                for rows in _written(tables, name, format_, cast(BinaryIO, _Forward(entry))):
                    if name in counts:
                        counts[name] = rows
                    yield from pipe.ready()
        for path, content in _descriptions(tables, names, counts).items():
            archive.writestr(f"{tables.name}/{path}", content, ZIP_DEFLATED)
    yield from pipe.ready(0)


def _written(tables: StudyTables, name: str, format_: str, to: BinaryIO) -> Iterator[int]:
    """Write a table, and say after each batch how many rows there are."""
    columns = columns_of(tables, name)
    options = {"group": GROUP} if format_ == "parquet" else {}
    writer = WRITERS[format_](to, columns, **options)
    count = 0
    for batch in _batches(rows_of(tables, name)):
        count += writer.write(batch)
        yield count
    writer.close()
    yield count


def _batches(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    source = iter(rows)
    while batch := list(islice(source, BATCH)):
        yield batch


def _descriptions(
    tables: StudyTables, names: Sequence[TableName], counts: dict[TableName, int]
) -> dict[str, str]:
    about: dict[str, Any] = {
        "name": tables.name,
        "description": tables.description,
        "columns": {name: tables.columns[name] for name in names},
    }
    found = {
        "data_dictionary.json": data_dictionary(rows=counts, **about),
        "dataset_description.json": dataset_description(**about),
    }
    return {
        name: json.dumps(content, indent=2, ensure_ascii=False) + "\n"
        for name, content in found.items()
    }
