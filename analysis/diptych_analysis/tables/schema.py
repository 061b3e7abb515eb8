"""Every column of the tidy tables: name, type, unit, meaning, allowed values.

These declarations are the contract between whoever writes tables (the host's export, the
importers, machines) and whoever reads them. `diptych_analysis.tables` reads and writes by them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

from diptych_analysis.tables.columns.column import LIST_SEPARATOR, Column, Judged
from diptych_analysis.tables.columns.images import ITEMS, ROLE, STIMULI
from diptych_analysis.tables.columns.journey import CHOICES, EVENTS
from diptych_analysis.tables.columns.questionnaires import ANSWERS, QUESTIONS
from diptych_analysis.tables.columns.sessions import SESSIONS
from diptych_analysis.tables.columns.shared import KINDS, PHASES, STATUSES
from diptych_analysis.tables.columns.trials import CATEGORY_LEARNING_TRIALS, TRIALS, TWO_AFC_TRIALS

__all__ = [
    "CATEGORY_LEARNING_TRIALS",
    "DESCRIPTIONS",
    "KINDS",
    "LIST_SEPARATOR",
    "PHASES",
    "ROLE",
    "STATUSES",
    "TABLES",
    "TWO_AFC_TRIALS",
    "Column",
    "Judged",
    "TableName",
    "with_extras",
]

TableName = Literal[
    "sessions", "trials", "stimuli", "items", "events", "choices", "answers", "questions"
]

TABLES: Final[dict[TableName, tuple[Column, ...]]] = {
    "sessions": SESSIONS,
    "trials": TRIALS,
    "stimuli": STIMULI,
    "items": ITEMS,
    "events": EVENTS,
    "choices": CHOICES,
    "answers": ANSWERS,
    "questions": QUESTIONS,
}


def with_extras(table: TableName, extras: Sequence[Column]) -> tuple[Column, ...]:
    """Return the columns of a table in a data set.

    Parameters
    ----------
    table : str
        The table.
    extras : sequence of Column
        Columns beyond the contract. One with the name of a column of the contract takes its
        place, for example to name the levels that the data set allows.
    """
    own = {column.name: column for column in extras}
    declared = tuple(own.pop(column.name, column) for column in TABLES[table])
    return (*declared, *own.values())


DESCRIPTIONS: Final[dict[TableName, str]] = {
    "sessions": "One row per session: one participant takes one study version.",
    "trials": "One row per presented or planned trial, with its response if any.",
    "stimuli": "One row per image of the study.",
    "items": "One row per image of an item.",
    "events": "One row per browser event, without answers.",
    "choices": "One row per candidate of each trial that a policy that teaches chose.",
    "answers": "One row per answer to a question before or after the trials; several rows for "
    "several options or the rows of a grid.",
    "questions": "The codebook of the answers: one row per question and option.",
}
