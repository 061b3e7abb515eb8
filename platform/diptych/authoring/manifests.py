"""stimuli.csv and items.csv."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

from diptych.study.content import FrozenItem, FrozenStimulus
from diptych.tasks.items import ItemLayout, Role
from diptych_analysis.tables.formulas import guarded

#: Whole numbers up to this are the same as a float, and so in any table.
MOST_WHOLE = 2**53
_STIMULUS_TABLE = {"study", "study_version", "stimulus_id", "width", "height"}
_ITEM_TABLE = {"study", "study_version", "unit", "role", "place", "stimulus_id"}


class Checker(Protocol):
    """Gathers faults and reads images; the folder's reader is one."""

    images: dict[str, Any]

    def fault(self, file: str, key: str, found: str, allowed: str) -> None:
        """Note one fault."""

    def image(self, name: str, file: str, key: str) -> str | None:
        """Return the content hash of an image, or None after noting a fault."""


def read_stimuli(path: Path, checker: Checker) -> list[FrozenStimulus]:
    """Read the stimuli of a manifest, in its order, without rows that have faults."""
    stimuli: list[FrozenStimulus] = []
    seen: dict[str, int] = {}
    rows = list(_rows(path, ("file", "label"), _STIMULUS_TABLE, checker))
    of = attributes_of([row for _, row in rows], ("file", "label"))
    for (line, row), attributes in zip(rows, of, strict=True):
        file, label = row.pop("file"), row.pop("label")
        key = f"row {line}, file"
        if file in seen:
            checker.fault(path.name, key, f"{file!r}, as in row {seen[file]}", "each file once")
            continue
        seen[file] = line
        if "|" in label:
            checker.fault(path.name, f"row {line}, label", repr(label), "a label without |")
        content_hash = checker.image(file, path.name, key)
        if content_hash is None:
            continue
        image = checker.images[content_hash]
        stimuli.append(
            FrozenStimulus(
                place=len(stimuli),
                stimulus_id=content_hash,
                file=file,
                label=label,
                width=image.width,
                height=image.height,
                attributes=attributes,
            )
        )
    return stimuli


def read_items(
    path: Path, layout: ItemLayout, place_of: Mapping[str, int], checker: Checker
) -> dict[str, FrozenItem]:
    """Read the items of a manifest.

    Parameters
    ----------
    path : Path
        The manifest, `items.csv`.
    layout : ItemLayout
        The columns that the task declares.
    place_of : Mapping
        Place in `stimuli.csv` by file.
    checker : Checker
        Takes the faults.

    Returns
    -------
    dict
        The items by item_id, in the order of the manifest; rows with faults are left out.
    """
    items: dict[str, FrozenItem] = {}
    rows = list(_rows(path, layout.required, _ITEM_TABLE - set(layout.names), checker))
    of = attributes_of([row for _, row in rows], layout.columns)
    for (line, row), attributes in zip(rows, of, strict=True):
        item_id, kind, unit = (row.get(name, "") for name in ("item_id", "kind", "unit"))
        if not item_id or len(item_id) > 128 or item_id in items:
            checker.fault(
                path.name,
                f"row {line}, item_id",
                repr(item_id),
                "a unique name of 1 to 128 characters",
            )
            continue
        places = {
            role.column: _places(path.name, line, role, row.get(role.column, ""), place_of, checker)
            for role in layout.roles
        }
        items[item_id] = FrozenItem(item_id, kind, unit, places, attributes)
    return items


def _places(
    file: str, line: int, role: Role, cell: str, place_of: Mapping[str, int], checker: Checker
) -> tuple[int, ...]:
    """Return places of the files that a cell names; a fault is noted for those that are unknown."""
    files = [name.strip() for name in cell.split(";") if name.strip()]
    unknown = [name for name in files if name not in place_of]
    if unknown or (role.required and not files):
        found = f"{unknown[0]!r}" if unknown else "nothing"
        checker.fault(file, f"row {line}, {role.column}", found, "files of the manifest")
    return tuple(place_of[name] for name in files if name in place_of)


def _rows(
    path: Path, required: tuple[str, ...], reserved: set[str], checker: Checker
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line, row) of a CSV file; faults of its form are noted."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as fault:
        checker.fault(path.name, "", str(fault), "CSV in UTF-8")
        return
    if "\0" in text:
        checker.fault(path.name, "", "a NUL character", "CSV in UTF-8 without NUL characters")
        return
    # The whole text, not line by line: a cell in quotes may hold line breaks.
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        yield from _checked(path, reader, required, reserved, checker)
    except csv.Error as fault:
        checker.fault(path.name, f"row {reader.line_num}", str(fault), "CSV")


def _checked(
    path: Path,
    reader: csv.DictReader[str],
    required: tuple[str, ...],
    reserved: set[str],
    checker: Checker,
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line, row) of a CSV file that can be read."""
    header = reader.fieldnames or []
    missing = [name for name in required if name not in header]
    taken = sorted(reserved & set(header))
    if missing:
        checker.fault(
            path.name, "header", ", ".join(header) or "nothing", f"a column {', '.join(missing)}"
        )
        return
    if taken:
        checker.fault(
            path.name, "header", ", ".join(taken), "names that the tables do not already use"
        )
        return
    unnamed = [str(place) for place, name in enumerate(header, 1) if not name.strip()]
    if unnamed:
        found = f"no name for column {', '.join(unnamed)}"
        checker.fault(path.name, "header", found, "a name for each column")
        return
    twice = [name for name, count in Counter(header).items() if count > 1]
    if twice:
        found = f"{', '.join(map(repr, twice))} more than once"
        checker.fault(path.name, "header", found, "each name once")
        return
    odd = [name for name in header if guarded(name) != name]
    if odd:
        # They become columns of the tables, and a spreadsheet would compute them there.
        found = ", ".join(map(repr, odd))
        checker.fault(path.name, "header", found, "names that do not start with = + - @ or a tab")
        return
    for row in reader:
        if None in row or None in row.values():
            checker.fault(
                path.name,
                f"row {reader.line_num}",
                "too few or too many cells",
                f"{len(header)} cells",
            )
            continue
        yield reader.line_num, {name: cell.strip() for name, cell in row.items()}


Value = int | float | str | None
#: A whole number, or one with decimals, as people and programs write it; no `007`, no `1_2`.
_PLAIN = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")


def attributes_of(
    rows: Sequence[Mapping[str, str]], others: Collection[str]
) -> list[dict[str, Value]]:
    """Return the attributes of each row; empty cells are None.

    A column holds numbers where each cell that is not empty is one, and texts as they were typed
    elsewhere: one `n/a` or `007` makes all of it text.

    Parameters
    ----------
    rows : Sequence[Mapping[str, str]]
        Cells by the name of their column.
    others : Collection[str]
        Columns that are no attributes.
    """
    names = [name for name in (rows[0] if rows else ()) if name not in others]
    numbers = {
        name
        for name in names
        if all(number_of(row[name]) is not None for row in rows if row[name] != "")
    }
    return [
        {
            name: None
            if row[name] == ""
            else number_of(row[name])
            if name in numbers
            else row[name]
            for name in names
        }
        for row in rows
    ]


def number_of(text: str) -> int | float | None:
    """Read the number in a cell; None where it would not come back as it was typed.

    `1.50` is one, for it is worth the same; `007`, `1_2`, `12e3` and more digits than a number of
    64 bits can hold are names or codes of something.
    """
    if not _PLAIN.fullmatch(text):
        return _written_by_a_program(text)
    if "." not in text:
        number = int(text)
        return number if str(number) == text and abs(number) <= MOST_WHOLE else None
    found = float(text)
    return found if Decimal(text) == Decimal(repr(found)) else None


def _written_by_a_program(text: str) -> float | None:
    """Read numbers like `1e-05`, which programs write for small ones."""
    try:
        found = float(text)
    except ValueError:
        return None
    return found if repr(found) == text and found - found == 0 else None
