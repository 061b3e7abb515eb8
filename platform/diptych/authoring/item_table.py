"""items.csv as a table to look at: the images of each item by their role, and its faults.

Rows with faults are there too, so that a researcher sees what is wrong with which item.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from diptych.authoring.draft_folder import DraftFault
from diptych.authoring.folder_files import is_file
from diptych.study.faults import Fault
from diptych.tasks.items import ItemLayout, Role


@dataclass(frozen=True)
class ShownFile:
    """One image that an item names; `is_there` says whether the folder has it."""

    name: str
    is_there: bool


@dataclass(frozen=True)
class ShownItem:
    """One row of items.csv.

    Attributes
    ----------
    line : int
        Line of the file at which the row ends, as faults name it.
    names : Sequence[tuple[str, str]]
        (column, cell) of item_id, kind and, where the task has units, unit.
    roles : Sequence[tuple[Role, Sequence[ShownFile]]]
        The images of each role, in the order of the cell.
    attributes : Sequence[tuple[str, str]]
        (column, cell) of all others that are not empty.
    faults : Sequence[Fault]
        What is wrong with this row.
    """

    line: int
    names: Sequence[tuple[str, str]]
    roles: Sequence[tuple[Role, Sequence[ShownFile]]]
    attributes: Sequence[tuple[str, str]]
    faults: Sequence[Fault]

    @property
    def item_id(self) -> str:
        """The name of the item."""
        return dict(self.names).get("item_id", "")


def read_items_to_look_at(
    text: str, layout: ItemLayout, folder: Path, faults: Sequence[Fault]
) -> list[ShownItem]:
    """Read the items of a manifest, with or without faults.

    Parameters
    ----------
    text : str
        The manifest.
    layout : ItemLayout
        The columns that the task declares.
    folder : Path
        The study folder, where the images are.
    faults : Sequence[Fault]
        Those of the manifest.

    Raises
    ------
    DraftFault
        When it is no CSV.
    """
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    items = []
    try:
        for row in reader:
            cells = {name: (cell or "").strip() for name, cell in row.items() if name}
            items.append(_shown(reader.line_num, cells, layout, folder))
    except csv.Error as fault:
        raise DraftFault(f"line {reader.line_num} cannot be read as CSV ({fault})") from None
    return [_with_faults(item, faults) for item in items]


def _shown(line: int, cells: dict[str, str], layout: ItemLayout, folder: Path) -> ShownItem:
    roles = []
    for role in layout.roles:
        files = [name.strip() for name in cells.get(role.column, "").split(";") if name.strip()]
        if files or role.required:
            roles.append((role, [ShownFile(name, is_file(folder, name)) for name in files]))
    names = [(name, cells.get(name, "")) for name in layout.names]
    more = [(k, v) for k, v in cells.items() if k not in layout.columns and v]
    return ShownItem(line, names, roles, more, ())


def _with_faults(item: ShownItem, faults: Sequence[Fault]) -> ShownItem:
    mine = tuple(fault for fault in faults if _is_about(fault, item))
    return ShownItem(item.line, item.names, item.roles, item.attributes, mine) if mine else item


def _is_about(fault: Fault, item: ShownItem) -> bool:
    """Say whether a fault names the row, or the item: `row 7, kind` or `item_12, kind`."""
    subject, _, _ = fault.key.rpartition(", ")
    return subject in (f"row {item.line}", item.item_id) and bool(subject)


def others(faults: Sequence[Fault], items: Collection[ShownItem]) -> list[Fault]:
    """Return the faults that are about no row that is shown."""
    known = {id(fault) for item in items for fault in item.faults}
    return [fault for fault in faults if id(fault) not in known]
