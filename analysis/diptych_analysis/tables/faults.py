"""The fault of a table: which file, column and row, what was found, and what is allowed."""

from __future__ import annotations

from collections.abc import Iterable

from diptych_analysis.fault_lines import AnalysisFault

#: Characters of a value, and of a list of names, that a message shows.
_SHOWN, _LISTED = 80, 400


class TableFault(AnalysisFault):
    """A table that can't be trusted: names the file, the column, the row and what is allowed."""

    def __init__(
        self, file: str, reason: str, *, column: str | None = None, row: int | None = None
    ) -> None:
        self.file, self.reason, self.column, self.row = file, reason, column, row
        places = [f"column {column!r}"] if column is not None else []
        if row is not None:
            places.append(f"row {row}")
        #: The fault without the file, for messages that name the file in another way.
        self.within = ": ".join([*([", ".join(places)] if places else []), reason])
        super().__init__(f"{', '.join([file, *places])}: {reason}")


def shown(value: object) -> str:
    """Show a value in a message, however long it is."""
    return _cut(repr(value), _SHOWN)


def listed(names: Iterable[object]) -> str:
    """Show names in a message, however many and long they are."""
    return _cut(", ".join(_cut(str(name), _SHOWN) for name in names), _LISTED)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"
