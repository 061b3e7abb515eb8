"""Adaptive policies choose before the session is locked; what is stored is the same as under it."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event
from support.tiny_studies import CLASSES, category_study
from support.walker import Walker, at_once, error_code, label_of, open_study, rows

from diptych.ground.database import db
from diptych.models import Response, Session, Trial
from diptych.policies import REGISTRY, Candidate, Past, Policy

#: Nobody waits longer than so many seconds for another; only a failure takes so long.
PATIENCE = 10


class Echo(Policy):
    """Shows the class that was chosen last; `during` is called in the middle of each choice."""

    name = "echo"
    adaptive = True
    during: Callable[[], Any]

    def choose(
        self, pool: Sequence[Candidate], history: Sequence[Past], rng: random.Random
    ) -> Candidate:
        if history:
            type(self).during()
        wanted = history[-1].response if history else CLASSES[0]
        members = [each for each in pool if each.group == wanted]
        return members[rng.randrange(len(members))]


@pytest.fixture
def study(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """A study with the policy above."""
    monkeypatch.setitem(REGISTRY._loaded, "echo", Echo)
    monkeypatch.setattr(Echo, "during", lambda: None, raising=False)
    changes = {"policy": {"name": "echo"}, "phases": {"training": 4, "test": 2}}
    open_study(app, category_study(tmp_path / "studies/tiny", per_class=8, changes=changes))
    return app


@pytest.mark.both_databases
@pytest.mark.parametrize("index", range(3))
def test_of_two_choices_that_meet_the_one_of_the_stored_answer_is_stored(
    study: Flask, monkeypatch: pytest.MonkeyPatch, index: int
) -> None:
    walker = Walker(study.test_client()).start()
    for _ in range(index):
        walker.answer()
    # Both have chosen before either can store.
    meeting = threading.Barrier(2)
    monkeypatch.setattr(Echo, "during", lambda: meeting.wait(PATIENCE))
    answers: list[dict[str, Any]] = [{"ranking": ["Bari", "Cooka"]}, {"ranking": ["Cooka", "Bari"]}]
    windows = [Walker(study.test_client()) for _ in answers]
    for window in windows:
        window.token = walker.token
    replies = at_once(
        [lambda w=w, a=a: w.post(index, a) for w, a in zip(windows, answers, strict=True)]  # type: ignore[misc]
    )
    stored = rows(study, Response)
    assert len(stored) == index + 1
    [won] = [n for n, given in enumerate(answers) if given == stored[index]["answer"]]
    assert replies[won].status_code == 200, replies[won].text
    assert error_code(replies[1 - won]) == "already_answered"
    session = rows(study, Session)[0]
    assert session["position"] == session["n_responses"] == index + 1
    assert label_of(study, session["id"], index + 1) == answers[won]["ranking"][0]
    # The winner's reply was lost: it comes again, and nobody chooses again.
    monkeypatch.setattr(Echo, "during", lambda: pytest.fail("chosen again"))
    before = rows(study, Trial)
    again = windows[won].post(index, answers[won])
    assert again.data == replies[won].data
    assert rows(study, Trial) == before


@pytest.mark.both_databases
def test_others_are_answered_while_a_policy_chooses(
    study: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, other = (Walker(study.test_client()).start() for _ in range(2))
    choosing, answered = threading.Event(), threading.Event()
    in_time: list[bool] = []

    def hold() -> None:
        choosing.set()
        in_time.append(answered.wait(PATIENCE))

    turns = iter([hold])
    monkeypatch.setattr(Echo, "during", lambda: next(turns, lambda: None)())
    thread = threading.Thread(target=slow.answer)
    thread.start()
    assert choosing.wait(PATIENCE)
    other.answer()
    answered.set()
    thread.join()
    assert in_time == [True]
    assert sorted(row["n_responses"] for row in rows(study, Session)) == [1, 1]


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_choice_that_fails_stores_nothing(study: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    walker = Walker(study.test_client()).start()

    def fail() -> None:
        raise RuntimeError("no choice")

    monkeypatch.setattr(Echo, "during", fail)
    monkeypatch.setitem(study.config, "PROPAGATE_EXCEPTIONS", False)
    before = rows(study, Session)
    assert walker.post(0, {"ranking": ["Bari", "Cooka"]}).status_code == 500
    assert rows(study, Response) == [] and rows(study, Session) == before
    monkeypatch.setattr(Echo, "during", lambda: None)
    walker.answer({"ranking": ["Bari", "Cooka"]})
    assert label_of(study, before[0]["id"], 1) == "Bari"


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_choice_costs_one_statement_more_than_a_planned_trial(
    app: Flask, study: Flask, tmp_path: Path
) -> None:
    open_study(app, category_study(tmp_path / "studies/planned", training=4, test=2))
    with app.app_context():
        engine = db.engine
    statements: list[str] = []

    def note(*given: Any) -> None:
        statements.append(given[2])

    event.listen(engine, "before_cursor_execute", note)
    counts = {}
    try:
        for name in ("planned", "tiny"):
            walker = Walker(app.test_client(), name).start()
            walker.answer()  # the first answer reads the frozen study
            statements.clear()
            walker.answer()
            counts[name] = len(statements)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert counts["tiny"] == counts["planned"] + 1
