"""Plans are stored in one statement, as a row per trial would be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from sqlalchemy import Text, cast, select
from support.properties import costly
from support.tiny_studies import category_study
from support.walker import Walker, open_study, rows

from diptych.domain.tables import TRIALS
from diptych.ground.database import writing
from diptych.journey.plan_rows import insert_trials
from diptych.models import Session, Trial
from diptych.tasks import PlannedTrial

pytestmark = pytest.mark.both_databases

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
cells = st.none() | st.booleans() | st.integers(-(2**62), 2**62) | texts
cells |= st.floats(allow_nan=False, allow_infinity=False)
items = st.dictionaries(texts, st.recursive(cells, st.lists, max_leaves=4), max_size=3)
trials = st.builds(
    PlannedTrial,
    st.sampled_from(["practice", "training", "test", "catch"]),
    st.none() | items,
    st.integers(0, 9),
    st.none() | st.sampled_from(["before_test", 'a "quoted" näme']),
)


@costly(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plan=st.lists(trials, min_size=1, max_size=5), start=st.integers(0, 1000), choice=items)
def test_a_plan_is_stored_as_a_row_per_trial(
    app: Flask, tmp_path: Path, plan: list[PlannedTrial], start: int, choice: dict[str, object]
) -> None:
    if not rows(app, Session):
        open_study(app, category_study(tmp_path / "studies/tiny", per_class=2, training=1, test=1))
        Walker(app.test_client(), "tiny").enter()
    (session,) = rows(app, Session)
    with app.app_context(), writing() as connection:
        connection.execute(TRIALS.delete())
        insert_trials(connection, session["id"], start, plan, choice)
        as_text = [cast(TRIALS.c[name], Text) for name in ("item", "choice")]
        stored = connection.execute(select(*as_text).order_by(TRIALS.c.trial_index)).all()
    choices = [choice, *[None] * (len(plan) - 1)]
    assert rows(app, Trial) == [
        {
            "session_id": session["id"],
            "trial_index": start + number,
            "phase": trial.phase,
            "block": trial.block,
            "item": trial.item,
            "notice": trial.notice,
            "choice": choices[number],
        }
        for number, trial in enumerate(plan)
    ]
    assert [tuple(row) for row in stored] == [
        tuple(None if value is None else json.dumps(value) for value in (trial.item, first))
        for trial, first in zip(plan, choices, strict=True)
    ]
