"""What the items of a task are made of: the images of each role, and how `items.csv` names them."""

from __future__ import annotations

from dataclasses import dataclass

#: Role of the image in studies whose trials show one image, and no items.
STIMULUS = "stimulus"


@dataclass(frozen=True)
class Role:
    """The images of an item that mean the same in it.

    Attributes
    ----------
    column : str
        Column of `items.csv` with their files, `;` between them. `FrozenItem.stimuli` has the
        places of these files under the same name.
    name : str
        The role in the tidy table `items`.
    single : bool
        Whether a cell holds one file and not several.
    required : bool
        Whether the column must exist and its cells must not be empty.
    unrepeated : bool
        Whether the item must show these images in no other role: a script could find the right
        answer, because one image has one address in a session.
    """

    column: str
    name: str
    single: bool = False
    required: bool = True
    unrepeated: bool = False


@dataclass(frozen=True)
class ItemLayout:
    """The columns of `items.csv` that a task reads; all others are attributes of the item.

    Attributes
    ----------
    roles : tuple of Role
        In the order of the rows in the table `items`.
    unit : bool
        Whether each item names the unit that it asks about, in a column `unit`.
    """

    roles: tuple[Role, ...]
    unit: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The columns that hold names: what the item is, and not which images it shows."""
        return ("item_id", "kind", "unit") if self.unit else ("item_id", "kind")

    @property
    def required(self) -> tuple[str, ...]:
        """The columns that must exist."""
        return (*self.names, *(role.column for role in self.roles if role.required))

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that are no attributes."""
        return (*self.names, *(role.column for role in self.roles))
