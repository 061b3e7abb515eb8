"""Counts behind figures: they only add up, and stand ready however many sessions there are.

A tally is kept for a study, a kind of participant, a scope (`all`, or `kept`: without those
excluded) and a figure. Numbers are stored in millionths, as whole numbers: their sums don't depend
on the order in which sessions end, and a session that is taken out again leaves no trace.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, bindparam, func, insert, select, tuple_, update

from diptych.domain.tables import TALLIES
from diptych.domain.vocabulary import KINDS

SCOPES = ("all", "kept")
_UNITS = 1_000_000
_KEY = (TALLIES.c.study_id, TALLIES.c.kind, TALLIES.c.scope, TALLIES.c.figure)
# So that no other program's advisory locks in the same PostgreSQL database are met by chance.
_LOCKS = 0x0D19

Counts = Mapping[str, Sequence[float]]


class CountFault(ValueError):
    """What is to be counted does not add up."""


class Key(NamedTuple):
    """Which tally."""

    study_id: int
    kind: str
    scope: str
    figure: str


class Changes:
    """What is to be added to tallies, collected so that each is written once."""

    def __init__(self) -> None:
        self.sessions: dict[Key, int] = {}
        self.units: dict[Key, dict[str, list[int]]] = {}

    def add(self, key: Key, counts: Counts, sign: int = 1) -> None:
        """Add the counts of one session; with `sign` -1 take them out again.

        Raises
        ------
        CountFault
            When a number is not finite.
        """
        units = in_units(counts)
        self.sessions[key] = self.sessions.get(key, 0) + sign
        _add(self.units.setdefault(key, {}), units, sign)


def in_units(counts: Counts) -> dict[str, list[int]]:
    """Return counts in millionths.

    Raises
    ------
    CountFault
        When a number is not finite.
    """
    units = {}
    for name, numbers in counts.items():
        if not all(math.isfinite(number) for number in numbers):
            raise CountFault(f"{name}: {list(numbers)} can't be added up")
        units[str(name)] = [round(number * _UNITS) for number in numbers]
    return units


def lock(connection: Connection, study_id: int) -> None:
    """Let nobody else change the tallies of a study until the transaction ends.

    SQLite has one writer at a time anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_LOCKS, study_id)))


def add(connection: Connection, changes: Changes) -> None:
    """Write changes down. The caller holds the `lock` of their studies."""
    keys = sorted(changes.sessions)
    if not keys:
        return
    stored = {
        Key(row.study_id, row.kind, row.scope, row.figure): row
        for row in connection.execute(select(TALLIES).where(tuple_(*_KEY).in_(keys)))
    }
    fresh, changed = [], []
    for key in keys:
        row = stored.get(key)
        units: dict[str, list[int]] = {} if row is None else row.counts
        _add(units, changes.units[key], 1)
        values = {"sessions": changes.sessions[key], "counts": _without_nothing(units)}
        if row is None:
            fresh.append(key._asdict() | values)
        else:
            values["sessions"] += row.sessions
            changed.append({f"of_{name}": value for name, value in key._asdict().items()} | values)
    if fresh:
        connection.execute(insert(TALLIES), fresh)
    if changed:
        here = [column == bindparam(f"of_{column.name}") for column in _KEY]
        values = {"sessions": bindparam("sessions"), "counts": bindparam("counts")}
        connection.execute(update(TALLIES).where(*here).values(values), changed)


def read(
    connection: Connection, study_id: int, kind: str, scope: str, figure: str
) -> tuple[int, dict[str, list[float]]]:
    """Read a tally: the sessions it counts, and its sums by key; (0, {}) where there is none."""
    return read_several(connection, study_id, kind, scope, [figure])[figure]


def read_several(
    connection: Connection, study_id: int, kind: str, scope: str, figures: Sequence[str]
) -> dict[str, tuple[int, dict[str, list[float]]]]:
    """Return several tallies of one study in one statement, by figure."""
    rows = connection.execute(
        select(TALLIES.c.figure, TALLIES.c.sessions, TALLIES.c.counts).where(
            TALLIES.c.study_id == study_id,
            TALLIES.c.kind == kind,
            TALLIES.c.scope == scope,
            TALLIES.c.figure.in_(figures),
        )
    )
    found: dict[str, tuple[int, dict[str, list[float]]]] = {name: (0, {}) for name in figures}
    for figure, sessions, units in rows:
        found[figure] = sessions, _in_numbers(units)
    return found


def clear(connection: Connection, study_id: int) -> None:
    """Take out all tallies of a study's sessions. The caller holds its `lock`."""
    ours = (TALLIES.c.study_id == study_id) & TALLIES.c.kind.in_(KINDS)
    connection.execute(TALLIES.delete().where(ours))


def _in_numbers(units: Mapping[str, Sequence[int]]) -> dict[str, list[float]]:
    return {
        name: [
            whole // _UNITS if whole % _UNITS == 0 else whole / _UNITS for whole in numbers
        ]
        for name, numbers in units.items()
    }  # fmt: skip


def _add(total: dict[str, list[int]], more: Mapping[str, Sequence[int]], sign: int) -> None:
    for name, numbers in more.items():
        sums = total.setdefault(name, [])
        sums.extend([0] * (len(numbers) - len(sums)))
        for place, number in enumerate(numbers):
            sums[place] += sign * number


def _without_nothing(units: dict[str, Any]) -> dict[str, Any]:
    """Drop the keys whose numbers are all 0: a recount would not have them."""
    return {name: numbers for name, numbers in units.items() if any(numbers)}
