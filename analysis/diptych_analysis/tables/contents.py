"""What a data set holds, counted while it is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from diptych_analysis.tables.batches import Batch
from diptych_analysis.tables.schema import TABLES, Column, TableName


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

    def counted(self, table: TableName, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Yield the batches as they are, their rows counted on their way to a file."""
        has_kinds = any(column.name == "participant_kind" for column in self.columns[table])
        kinds = self.kinds.setdefault(table, Counter()) if has_kinds else None
        for batch in batches:
            self.rows[table] += batch.size
            if kinds is not None:
                for kind, rows in batch.counts("participant_kind").items():
                    kinds[str(kind or "unknown")] += rows
            if table == "sessions":
                for version, entered in batch.rows("study_version", "entered_at"):
                    self.versions.setdefault(str(version or ""), Version()).add(entered)
            yield batch

    @property
    def participants(self) -> Counter[str]:
        """By kind of participant: sessions where the sessions are written, else rows."""
        if "sessions" in self.kinds:
            return self.kinds["sessions"]
        rows: Counter[str] = Counter()
        for kinds in self.kinds.values():
            rows.update(kinds)
        return rows
