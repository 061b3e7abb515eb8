"""Policies that teach go on in a later part from what the participant did in the earlier ones."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from support.teaching import CLASSES, POOL, made, past, session
from support.tiny_studies import category_study
from support.walker import Walker, change, open_study, rows

from diptych import models
from diptych.app import create_app
from diptych.domain.tables import SESSIONS
from diptych.ground.database import db, reading
from diptych.ground.settings import Settings as HostSettings
from diptych.host import host
from diptych.policies import EarlierPart, Past
from diptych.sessions.earlier_parts import policy_of
from diptych.study.versions import frozen
from diptych.study.windows import DAY_MS

#: Not mastery, which asks again in each part.
NAMES = ("expected_gain", "largest_error", "leitner", "fsrs")
SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.mark.parametrize("name", NAMES)
@given(
    seed=st.integers(0, 10_000),
    trials=st.integers(1, 14),
    cuts=st.lists(st.integers(0, 14), max_size=2),
)
@settings(deadline=None, max_examples=4)
def test_parts_without_a_pause_are_one_session(
    name: str, seed: int, trials: int, cuts: list[int]
) -> None:
    history = session(made(name), trials, seed)
    edges = [0, *sorted(min(cut, trials) for cut in cuts), trials]
    pieces = [tuple(history[a:b]) for a, b in pairwise(edges)]
    later, alone = made(name), made(name)
    later.earlier = [EarlierPart(piece, 0.0) for piece in pieces[:-1]]
    whole = alone.explain(POOL, history, random.Random(seed))
    assert later.explain(POOL, pieces[-1], random.Random(seed)) == whole
    assert later.is_finished(POOL, pieces[-1]) == alone.is_finished(POOL, history)


def test_a_later_part_shows_what_no_part_has_shown() -> None:
    history = session(made("expected_gain"), 9, seed=2)
    later = made("expected_gain", explore=0)
    later.earlier = [EarlierPart(tuple(history), 86_400.0)]
    found = later.explain(POOL, [], random.Random(1))
    assert found.fallback is None, "nine answers are enough for the tracer"
    assert found.candidate not in {each.candidate for each in history}


def test_days_make_images_due_again() -> None:
    right = [past(POOL[n], CLASSES[n]) for n in range(3)]

    def choice(wait_s: float) -> Any:
        policy = made("fsrs")
        policy.earlier = [EarlierPart(tuple(right), wait_s)]
        return policy.choose(POOL, [], random.Random(1))

    shown = {each.candidate for each in right}
    assert choice(0.0) not in shown
    assert choice(30 * 86_400.0) in shown


def taught(folder: Path) -> Path:
    gain = {"name": "expected_gain", "features": ["size"], "deadline_ms": 10_000, "explore": 0}
    part = {
        "after_days": 1, "phases": {"training": 4},
        "recruitment": {"prolific": {"completed": "B"}},
    }  # fmt: skip
    changes = {"policy": gain, "phases": {"training": 7, "test": 2}, "part": [part]}
    return category_study(folder, per_class=8, changes=changes)


def choices(app: Flask, part: int) -> list[Any]:
    number = rows(app, models.Session, part=part)[-1]["id"]
    return [row["choice"] for row in rows(app, models.Trial, session_id=number)]


@SQLITE
def test_a_second_part_goes_on_from_the_stored_answers(
    app: Flask, tmp_path: Path, settings: HostSettings
) -> None:
    open_study(app, taught(tmp_path / "studies/tiny"))
    Walker(app.test_client()).start(participant="ada").finish()
    (first,) = rows(app, models.Session)
    assert choices(app, 1)[0]["fallback"] == "0 answers; the tracer needs 5"
    change(app, models.Session, {"ended_at": first["ended_at"] - DAY_MS * 3 // 2}, id=first["id"])
    walker = Walker(app.test_client()).start(participant="ada", part="2")
    walker.answer()
    found = choices(app, 2)
    assert "needs 5" not in str(found[0]["fallback"])
    # Another host, which knows nothing but the database.
    other = create_app(settings)
    with other.app_context():
        with reading() as connection:
            row: Any = connection.execute(select(SESSIONS).order_by(SESSIONS.c.id.desc())).first()
            policy = policy_of(host(), connection, row, frozen(1, connection).of_part(2), "default")
        db.engine.dispose()
    (earlier,) = policy.earlier
    stored = rows(app, models.Response, session_id=first["id"])
    assert [each.correct for each in earlier.trials] == [row["correct"] for row in stored]
    assert [each.phase for each in earlier.trials] == ["training"] * 7 + ["test"] * 2
    assert isinstance(earlier.trials[0], Past)
    assert 1.5 * 86_400 <= earlier.wait_s < 1.5 * 86_400 + 600
    # The session goes on there, as it would have here.
    token = walker.token
    walker.client, walker.token = other.test_client(), token
    walker.load().finish()
    assert walker.step_name == "end"
    assert all(choice is not None for choice in choices(app, 2))
