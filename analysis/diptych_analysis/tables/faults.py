"""The fault of a table: which file, column and row, what was found, and what is allowed."""

from __future__ import annotations


class TableFault(ValueError):
    """A table that can't be trusted: names the file, the column, the row and what is allowed."""

    def __init__(
        self, file: str, reason: str, *, column: str | None = None, row: int | None = None
    ) -> None:
        self.file, self.reason, self.column, self.row = file, reason, column, row
        where = file
        if column is not None:
            where += f", column {column!r}"
        if row is not None:
            where += f", row {row}"
        super().__init__(f"{where}: {reason}")
