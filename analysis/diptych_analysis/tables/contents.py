"""What a data set holds, counted while it is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from diptych_analysis.tables.schema import TABLES, Column, TableName

R = TypeVar("R", bound=Mapping[str, object])


@dataclass
class Version:
    """Sessions of one study version, and the days (UTC) on which the first and the last entered."""

    sessions: int = 0
    first: str = ""
    last: str = ""

    def add(self, entered: object) -> None:
        """Count a session."""
        self.sessions += 1
        if isinstance(entered, datetime) and entered.tzinfo is not None:
            entered = entered.astimezone(UTC)
        if day := str(entered or "")[:10]:
            self.first = min(self.first or day, day)
            self.last = max(self.last, day)


@dataclass
class Contents:
    """A data set in short: its names and columns, and what was counted while it was written.

    Attributes
    ----------
    name, description : str
        Of the data set.
    columns : mapping
        The columns of each table that is written.
    formats : sequence of str
        `csv`, `parquet` or both.
    rows : dict
        Rows by table.
    kinds : dict
        By table, the rows by kind of participant: person, simulated, machine.
    versions : dict
        By study version, in the order in which they come.
    """

    name: str
    description: str = ""
    columns: Mapping[TableName, Sequence[Column]] = field(default_factory=lambda: TABLES)
    formats: Sequence[str] = ("csv", "parquet")
    rows: dict[TableName, int] = field(default_factory=lambda: dict.fromkeys(TABLES, 0))
    kinds: dict[TableName, Counter[str]] = field(default_factory=dict)
    versions: dict[str, Version] = field(default_factory=dict)

    def counted(self, table: TableName, rows: Iterable[R]) -> Iterator[R]:
        """Yield the rows as they are, counted on their way to a file."""
        has_kinds = any(column.name == "participant_kind" for column in self.columns[table])
        kinds = self.kinds.setdefault(table, Counter()) if has_kinds else None
        for row in rows:
            self.rows[table] += 1
            if kinds is not None:
                kinds[str(row.get("participant_kind") or "unknown")] += 1
            if table == "sessions":
                version = str(row.get("study_version") or "")
                self.versions.setdefault(version, Version()).add(row.get("entered_at"))
            yield row

    @property
    def participants(self) -> Counter[str]:
        """By kind of participant: sessions where the sessions are written, else rows."""
        if "sessions" in self.kinds:
            return self.kinds["sessions"]
        rows: Counter[str] = Counter()
        for kinds in self.kinds.values():
            rows.update(kinds)
        return rows
