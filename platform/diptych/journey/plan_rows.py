"""Storing a plan: all its trials in one statement, as one JSON parameter.

A parameter per cell costs more than everything else of a consent: SQLAlchemy names and converts
each of several hundred, and the driver sends them one by one. So the rows travel as one text, which
the database takes apart.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Connection,
    Insert,
    Text,
    bindparam,
    cast,
    column,
    func,
    insert,
    select,
)

from diptych.domain.tables import TRIALS
from diptych.tasks import PlannedTrial

#: Columns of `trials` that each row of the parameter brings, in its order.
_OF_ROW = ("trial_index", "phase", "block", "item", "notice", "choice")


def insert_trials(
    connection: Connection,
    session_id: int,
    start: int,
    trials: Sequence[PlannedTrial],
    choice: Mapping[str, Any] | None = None,
) -> None:
    """Store planned trials, the first of them at index `start`.

    `choice` is how a policy that teaches chose the first one.
    """
    rows = [
        [
            start + number,
            trial.phase,
            trial.block,
            _text(trial.item),
            trial.notice,
            _text(choice) if number == 0 else None,
        ]
        for number, trial in enumerate(trials)
    ]
    parameters = {"session": session_id, "rows": json.dumps(rows)}
    connection.execute(_insert(connection.dialect.name), parameters)


def _text(value: Mapping[str, Any] | None) -> str | None:
    """Write a JSON column's value as the column's own type would: as text within the text."""
    return None if value is None else json.dumps(dict(value))


@cache
def _insert(dialect: str) -> Insert:
    """Insert the rows of the parameter `rows` for the session `session`."""
    rows, number = bindparam("rows", type_=Text), bindparam("session", type_=BigInteger)
    columns = [TRIALS.c[name] for name in _OF_ROW]
    cells: list[ColumnElement[Any]]
    if dialect == "postgresql":
        each = func.json_array_elements(cast(rows, JSON)).table_valued(column("value", JSON))
        cells = [cast(each.c.value[place].as_string(), c.type) for place, c in enumerate(columns)]
    else:
        each = func.json_each(rows).table_valued(column("value", Text))
        cells = [func.json_extract(each.c.value, f"$[{place}]") for place in range(len(columns))]
    source = select(cast(number, BigInteger), *cells)
    return insert(TRIALS).from_select([TRIALS.c.session_id, *columns], source)
