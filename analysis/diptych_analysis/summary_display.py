"""How results show themselves: a small table, on the terminal and in a notebook."""

from __future__ import annotations

import html
from abc import ABC, abstractmethod

Rows = list[list[str]]
#: Title, header and rows; the first column is text, the others are numbers.
Table = tuple[str, list[str], Rows]


class Summarised(ABC):
    """A result that shows a table: as text where it is printed, as HTML in a notebook.

    A dataclass needs `repr=False` to keep this text.
    """

    @abstractmethod
    def summary(self) -> Table:
        """Return the title, the header and the rows of the table; every cell is text."""

    def __repr__(self) -> str:
        """Return the table as text."""
        return as_text(self.summary())

    def _repr_html_(self) -> str:
        """Return the table as HTML; notebooks call this."""
        return as_html(self.summary())


def as_text(table: Table) -> str:
    """Return a table as text: the first column is set left, the others right.

    Examples
    --------
    >>> print(as_text(("two people", ["name", "age"], [["Ada", "36"], ["Bo", "7"]])))
    two people
    name  age
    Ada    36
    Bo      7
    """
    title, head, rows = table
    lines = [head, *rows] if any(head) else rows
    widths = [max(len(line[place]) for line in lines) for place in range(len(head))]
    written = [
        "  ".join([line[0].ljust(widths[0]),
                   *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))])
        for line in lines
    ]  # fmt: skip
    return "\n".join([title, *(line.rstrip() for line in written)])


def as_html(table: Table) -> str:
    """Return a table as HTML with its title as caption. Every cell is escaped."""
    title, head, rows = table
    cells = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in head)
    body = "".join(
        f'<tr><th scope="row">{html.escape(row[0])}</th>'
        + "".join(f"<td>{html.escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    shown = f"<thead><tr>{cells}</tr></thead>" if any(head) else ""
    return f"<table><caption>{html.escape(title)}</caption>{shown}<tbody>{body}</tbody></table>"


def number(value: float, digits: int = 2) -> str:
    """Return a number with so many decimals; a dash where it is not known.

    Examples
    --------
    >>> number(0.1234), number(float("nan"))
    ('0.12', '–')
    """
    return "–" if value != value else f"{value:.{digits}f}"


def interval(low: float, high: float, digits: int = 2) -> str:
    """Return an interval in words; a dash where it is not known."""
    return "–" if low != low else f"{number(low, digits)} to {number(high, digits)}"
