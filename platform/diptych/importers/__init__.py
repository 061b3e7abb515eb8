"""Other people's data into the tidy tables: one file a format, found through entry points.

A lab adds a format of its own by registering a subclass of `Importer` under `diptych.importers`.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import pandas as pd

from diptych.ground.plugins import Registry
from diptych_analysis.tables import FORMATS, TABLES, Column, TableName, Tables, write_tables

Progress = Callable[[int, int], None]
"""Called with how many records are done, and of how many."""


class ImportFault(ValueError):
    """A file that is not what it should be: which file, which row, and why."""

    def __init__(self, file: str | Path, reason: str, row: int | str | None = None) -> None:
        self.file, self.reason, self.row = str(file), reason, row
        super().__init__(f"{file}{'' if row is None else f', row {row}'}: {reason}")


def no_progress(done: int, of: int) -> None:
    """Report nothing."""


class Importer(ABC):
    """Reads one published format into the tidy tables."""

    name: ClassVar[str]
    help: ClassVar[str]
    # What a column of the data can mean, where the user names the columns; empty for formats
    # whose names are fixed.
    roles: ClassVar[tuple[str, ...]] = ()

    def __init__(self, columns: Mapping[str, str] | None = None) -> None:
        """Take the names of the data's columns, by role."""
        self.columns = dict(columns or {})

    @abstractmethod
    def read(self, path: Path, progress: Progress = no_progress) -> Tables:
        """Read the data under `path` as tidy tables.

        Raises
        ------
        ImportFault
            Naming the file, the row (from 1) and the reason of the first fault.
        """


importers: Registry[Importer] = Registry("diptych.importers")


def import_dataset(
    name: str,
    path: Path,
    to: Path,
    formats: Sequence[str] = FORMATS,
    progress: Progress = no_progress,
    *,
    columns: Mapping[str, str] | None = None,
) -> Tables:
    """Read `path` by the importer called `name` and write the tables into `to`.

    `columns` are the names of the data's columns, by role, for importers that have roles.
    Nothing is written unless everything could be read.

    Raises
    ------
    UnknownPlugin
        No such importer.
    ImportFault
        The data are malformed.
    """
    importer = importers.get(name)
    unknown = sorted(set(columns or {}) - set(importer.roles))
    if unknown:
        allowed = ", ".join(importer.roles) or "none: the format has fixed names"
        raise ImportFault(path, f"no role {unknown[0]!r} for a column; allowed are {allowed}")
    tables = importer(columns).read(Path(path), progress)
    write_tables(tables, Path(to), formats)
    return tables


def content_version(*files: Path) -> str:
    """Return the first 12 hex digits of the files' content hash, as a study version has."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def frame(
    table: TableName, rows: Sequence[dict[str, object]], extras: Sequence[Column] = ()
) -> pd.DataFrame:
    """Return the rows as a frame with all columns of the table, in their order."""
    names = [column.name for column in (*TABLES[table], *extras)]
    return pd.DataFrame(rows, columns=pd.Index(names), dtype="object")
