"""Batches of rows, column by column: what the writers of tables take.

Most columns of a table repeat few values: the session's in all of its trials, an image's in the
trials that show it. `Repeated` holds each value once, so that a writer converts it once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import pyarrow as pa

Row = Mapping[str, object]


class Places:
    """For each row of a batch, which of several values it holds.

    Columns that share their places share one of these, so that Arrow's copy is made once.
    """

    def __init__(self, of: Sequence[int]) -> None:
        self.of = of

    @cached_property
    def arrow(self) -> pa.Array:
        """The places as Arrow's array."""
        import pyarrow as pa

        return pa.array(self.of, pa.int32())


@dataclass(frozen=True)
class Repeated:
    """The cells of a column, of which many are the same.

    Attributes
    ----------
    values : sequence of object
        The different values; None for an empty cell.
    places : Places
        For each row, which of `values` is its cell.
    """

    values: Sequence[object]
    places: Places

    @classmethod
    def at(cls, values: Sequence[object], places: Sequence[int]) -> Repeated:
        """Make the cells of a column that shares its places with no other."""
        return cls(values, Places(places))

    def listed(self) -> list[object]:
        """Return the cell of each row."""
        return [self.values[place] for place in self.places.of]

    def counts(self) -> Counter[object]:
        """Count the rows of each value."""
        found: Counter[object] = Counter()
        for place, rows in Counter(self.places.of).items():
            found[self.values[place]] += rows
        return found


@dataclass(frozen=True)
class Times:
    """The cells of a column of times, in whole milliseconds since 1970-01-01 UTC; None for none."""

    of: Sequence[int | None]

    def listed(self) -> list[object]:
        """Return the time of each row."""
        at, utc = datetime.fromtimestamp, UTC
        return [None if time is None else at(time / 1000, utc) for time in self.of]


Cells: TypeAlias = Sequence[object] | Repeated | Times


@dataclass(frozen=True)
class Batch:
    """Some rows of a table.

    Attributes
    ----------
    size : int
        How many rows.
    columns : mapping
        Cells by column, `size` of each; a column that is missing is empty.
    """

    size: int
    columns: Mapping[str, Cells]

    def counts(self, column: str) -> Counter[object]:
        """Count the rows of each value of a column."""
        cells = self.columns.get(column)
        if cells is None:
            return Counter({None: self.size} if self.size else {})
        return cells.counts() if isinstance(cells, Repeated) else Counter(self._listed(column))

    def rows(self, *names: str) -> Iterator[tuple[object, ...]]:
        """Yield the cells of some columns, row by row."""
        return zip(*(self._listed(name) for name in names), strict=True)

    def _listed(self, name: str) -> Sequence[object]:
        cells = self.columns.get(name)
        if cells is None:
            return [None] * self.size
        return cells.listed() if isinstance(cells, Repeated | Times) else cells


def batch_of(rows: Sequence[Row], names: Iterable[str]) -> Batch:
    """Make a batch of rows; missing keys are empty cells, and keys of no column are left out."""
    return Batch(len(rows), {name: [row.get(name) for row in rows] for name in names})


def batches_of(rows: Iterable[Row], names: Sequence[str], size: int = 1000) -> Iterator[Batch]:
    """Yield rows in batches of `size`; the last may be smaller."""
    source = iter(rows)
    while part := list(islice(source, size)):
        yield batch_of(part, names)
