"""Typed rows (diptych.domain.rows) have the columns that their queries select."""

from __future__ import annotations

import ast
import inspect

import pytest

from diptych import models
from diptych.domain import rows
from diptych.domain.tables import EVENTS, SESSIONS, TRIALS
from diptych.journey.storing import QUESTION
from diptych.sessions import facts
from diptych.tasks import PlannedTrial

REPORTED = facts._TRIALS.selected_columns.keys()
ANSWERING = QUESTION.core.selected_columns.keys()


def declared(name: str) -> set[str]:
    """The attributes that a class of `domain/rows.py` declares for the type checker."""
    tree = ast.parse(inspect.getsource(rows))
    found = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    body = next(node.body for node in found if node.name == name)
    fields = {node.target.id for node in body if isinstance(node, ast.AnnAssign)}  # type: ignore[union-attr]
    return fields | {node.name for node in body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize(
    ("model", "table"),
    [(models.Session, SESSIONS), (models.Trial, TRIALS), (models.Event, EVENTS)],
)
def test_a_whole_row_has_the_attributes_of_its_model(model, table):
    assert set(table.columns.keys()) == {c.key for c in model.__mapper__.column_attrs}


def test_the_row_of_an_answer_has_what_its_type_declares():
    assert declared("AnsweringRow") <= set(ANSWERING)
    assert set(ANSWERING) <= declared("AnsweringRow") | set(SESSIONS.columns.keys())


def test_a_reported_trial_has_what_its_type_declares():
    assert declared("ReportedTrial") <= set(REPORTED)
    assert set(TRIALS.columns.keys()) <= set(REPORTED)


def test_a_planned_row_has_the_fields_of_a_planned_trial():
    assert declared("PlannedRow") == set(PlannedTrial.__dataclass_fields__)
    assert declared("PlannedRow") <= set(TRIALS.columns.keys()) & set(ANSWERING)
