"""What every importer reads with, so that each fault names file, row and reason.

Numbers may be written as data sets write them: `1`, `1.0` and `"1"` are the same whole number.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from diptych.importers import ImportFault
from diptych_analysis.tables.faults import shown

#: Whole numbers above this are no counts of anything, and fit no column.
MOST = 2**53
#: What Python raises at values that are not what they should be.
_STUMBLED = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


class Row:
    """One row of a file: reads values, and raises faults that name it."""

    def __init__(self, file: Path, place: int | None) -> None:
        self.file, self.place = file, place

    def __call__(self, reason: str) -> ImportFault:
        """Make the fault of this row."""
        return ImportFault(self.file, reason, self.place)

    def whole(self, name: str, value: object, below: int = MOST) -> int:
        """Read a whole number from 0 to below a limit."""
        found = number_of(value)
        if found is None or not found.is_integer() or not 0 <= found < below:
            raise self(f"{name} is {shown(value)}; allowed are whole numbers from 0 to {below - 1}")
        return int(found)

    def number(self, name: str, value: object) -> float | None:
        """Read a number of at least 0; None for an empty cell."""
        if value is None or value == "":
            return None
        found = number_of(value)
        if found is None or found < 0:
            raise self(f"{name} is {shown(value)}; allowed are numbers of 0 or more")
        return found

    def percent(self, name: str, value: object) -> float | None:
        """Read the same, written as `75`, `75.0` or `"75 %"`."""
        text = value.strip().removesuffix("%").strip() if isinstance(value, str) else value
        return self.number(name, text)


def number_of(value: object) -> float | None:
    """Read a finite number, also one in a text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


@contextmanager
def at(file: Path, number: int | None = None) -> Iterator[Row]:
    """Open one row. Whatever Python stumbles over inside is a fault of this row."""
    try:
        yield Row(file, number)
    except ImportFault:
        raise
    except _STUMBLED as e:
        told = f"{type(e).__name__}: {e}"
        raise ImportFault(file, f"cannot be read ({told[:200]})", number) from e


def json_of(file: Path) -> Any:
    """Read a JSON file; `ImportFault` when it is missing or is not JSON."""
    text = _text(file)
    try:
        found = json.loads(text)
        # `"\\ud800"` is half a character: no file can hold it.
        json.dumps(found, ensure_ascii=False).encode()
        return found
    except UnicodeEncodeError as error:
        raise ImportFault(file, f"contains half of a character: {error.reason}") from error
    except json.JSONDecodeError as error:
        reason = f"not valid JSON: {error.msg} (column {error.colno})"
        raise ImportFault(file, reason, error.lineno) from error
    except (RecursionError, ValueError) as error:  # of numbers with thousands of digits
        raise ImportFault(file, f"not readable as JSON: {error}") from error


def table_of(file: Path, needed: Collection[str] = ()) -> tuple[list[str], list[dict[str, str]]]:
    """Return the names of the columns, and the rows, of a CSV file; the rows are numbered from 1.

    A first column without a name, as pandas writes its index, is left out.

    Raises
    ------
    ImportFault
        No file, no text, no CSV, names that are missing or stand twice, rows of
        another length, and a row that appears twice.
    """
    reader = csv.reader(io.StringIO(_text(file), newline=""), strict=True)
    rows: list[dict[str, str]] = []
    seen: dict[tuple[str, ...], int] = {}
    names: list[str] = []
    indexed = False
    try:
        for cells in reader:
            if not cells:
                continue
            if not names:
                indexed = not cells[0].strip()
                names = _checked(file, cells[indexed:], needed)
                continue
            number = len(rows) + 1
            own = tuple(cells[indexed:])
            if len(own) != len(names):
                raise ImportFault(file, f"{len(own)} cells; the header has {len(names)}", number)
            if seen.setdefault(own, number) != number:
                raise ImportFault(file, f"the same as row {seen[own]}", number)
            rows.append(dict(zip(names, own, strict=True)))
    except csv.Error as error:
        raise ImportFault(file, f"not valid CSV: {error}", len(rows) + 1) from error
    if not names:
        raise ImportFault(file, "is empty; expected a header")
    return names, rows


def _checked(file: Path, names: Sequence[str], needed: Collection[str]) -> list[str]:
    names = [name.strip() for name in names]
    missing = [name for name in needed if name not in names]
    if missing:
        raise ImportFault(file, f"missing columns: {', '.join(missing)}; it has {shown(names)}")
    odd = [
        name or "a column without a name"
        for name, count in Counter(names).items()
        if count > 1 or not name
    ]
    if odd:
        raise ImportFault(file, f"header: {', '.join(odd)}; each column needs a unique name")
    return names


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ImportFault(file, "no such file") from None
    except UnicodeDecodeError as error:
        raise ImportFault(file, f"not UTF-8: {error}") from error
    except OSError as error:
        raise ImportFault(file, f"cannot be read: {error.strerror}") from error
