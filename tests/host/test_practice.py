"""Practice: repeated until right, never at the cost of the plan, and all from the stored seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from support.tiny_studies import category_study, two_afc_study
from support.walker import Walker, error_code, open_study, rows

from diptych.host import generator
from diptych.models import Response, Session, Trial
from diptych.study.versions import frozen
from diptych.tasks import PractiseAgain

SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])


def make(app: Flask, tmp_path: Path, practice: int = 2, attempts: int = 3, **task: Any) -> Walker:
    """Somebody at the first trial of a 2-AFC study with practice."""
    folder = two_afc_study(
        tmp_path / "studies/pair",
        practice=practice,
        test=4,
        catch=1,
        explanations=2,
        changes={"task": {"practice_attempts": attempts, **task}},
    )
    open_study(app, folder)
    return Walker(app.test_client(), "pair").start()


def choice(app: Flask, walker: Walker, right: bool) -> dict[str, Any]:
    """A right or a wrong answer to the current trial, looked up in the database."""
    session = rows(app, Session, public_id=walker.public_id)[0]
    index = walker.trial["index"]
    item = rows(app, Trial, session_id=session["id"], trial_index=index)[0]["item"]
    on_top = item["top"] == "positive"
    return {"choice": "top" if on_top == right else "bottom", "confidence": 3}


def practise(app: Flask, walker: Walker, *right: bool) -> list[dict[str, Any]]:
    return [walker.answer(choice(app, walker, each)) for each in right]


def plan(app: Flask, *phases: str) -> list[Any]:
    """The stored plan of some phases, in order."""
    return [
        (row["phase"], row["item"], row["notice"])
        for row in rows(app, Trial)
        if row["phase"] in phases
    ]


def test_practice_is_repeated_until_all_is_right(app: Flask, tmp_path: Path) -> None:
    walker = make(app, tmp_path)
    main = plan(app, "test", "catch")
    assert walker.state["session"]["status"] == "practising"
    assert walker.trial["notice"]["title"] == "Practice"
    assert walker.state["progress"] == {"done": 0, "of": 7}

    assert walker.trial["show"]["counter"] is None  # what does not count is not counted
    practise(app, walker, True, False)
    assert (walker.trial["phase"], walker.trial["index"]) == ("practice", 2)
    assert walker.trial["notice"]["title"] == "Once more"
    assert walker.state["progress"] == {"done": 2, "of": 9}
    assert walker.state["session"]["status"] == "practising"

    practise(app, walker, False, True)
    assert walker.trial["notice"]["title"] == "Once more"
    last = practise(app, walker, True, True)[-1]
    assert last["feedback"]["correct"] is True
    assert (walker.trial["phase"] in ("test", "catch"), walker.trial["index"]) == (True, 6)
    assert walker.trial["notice"]["title"] == "Now it counts"
    assert walker.state["session"]["status"] == "running"
    assert walker.trial["show"]["counter"] == {"correct": 0, "of": 0}  # practice does not count

    stored = rows(app, Trial)
    assert [row["trial_index"] for row in stored] == list(range(11))
    assert [row["block"] for row in stored] == [0, 0, 1, 1, 2, 2, 0, 0, 0, 0, 0]
    assert plan(app, "test", "catch") == main
    walker.finish()
    session = rows(app, Session)[0]
    assert (session["practice_attempts"], session["n_trials"], session["n_responses"]) == (
        3,
        11,
        11,
    )
    assert session["n_counted"] == 5
    assert session["status"] == "completed"
    assert len(rows(app, Response)) == 11


@pytest.mark.parametrize("told", [("practice", "catch"), ("practice", "test"), ("test", "catch")])
def test_the_counter_counts_only_what_feedback_has_told(
    app: Flask, tmp_path: Path, told: tuple[str, ...]
) -> None:
    """It would tell whether the others were right."""
    walker = make(app, tmp_path, feedback=list(told))
    practise(app, walker, True, True)
    right = of = 0
    for number in range(5):
        phase = walker.trial["phase"]
        seen = {"correct": right, "of": of} if phase in told else None
        assert walker.trial["show"]["counter"] == seen
        assert walker.load().state["content"]["trial"]["show"]["counter"] == seen
        reply = walker.answer(choice(app, walker, number % 2 == 0))
        assert (reply["feedback"] is not None) == (phase in told)
        if phase in told:
            right, of = right + (number % 2 == 0), of + 1
    assert of == {"catch": 1, "test": 4}[told[1]] if told[0] == "practice" else of == 5


def test_after_the_last_attempt_the_session_ends_politely(app: Flask, tmp_path: Path) -> None:
    walker = make(app, tmp_path, practice=1, attempts=2)
    main = plan(app, "test", "catch")
    practise(app, walker, False)
    body = choice(app, walker, False)
    last = walker.post(1, body)
    again = walker.post(1, body)
    assert last.data == again.data
    assert last.json["feedback"]["correct"] is False
    assert last.json["next"]["content"]["outcome"] == "screened_out"
    assert error_code(walker.post(2, body)) == "ended"
    session = rows(app, Session)[0]
    assert (session["status"], session["practice_attempts"]) == ("screened_out", 2)
    assert session["ended_at"] is not None
    assert plan(app, "test", "catch") == main
    assert len(rows(app, Response)) == 2


@SQLITE
def test_all_right_at_once_goes_straight_on(app: Flask, tmp_path: Path) -> None:
    walker = make(app, tmp_path)
    practise(app, walker, True, True)
    assert walker.trial["phase"] != "practice"
    assert rows(app, Session)[0]["practice_attempts"] == 1
    assert len(rows(app, Trial)) == 7


@SQLITE
def test_a_reload_between_practice_blocks_changes_nothing(app: Flask, tmp_path: Path) -> None:
    walker = make(app, tmp_path)
    practise(app, walker, False, True)
    shown = walker.trial
    assert walker.load().trial == shown
    assert rows(app, Session)[0]["n_trials"] == 9
    listed = walker.api("GET", "/session/images").json["images"]
    assert set(shown["images"]) <= set(listed)


@SQLITE
def test_a_session_can_be_rebuilt_from_its_seed(app: Flask, tmp_path: Path) -> None:
    walker = make(app, tmp_path)
    practise(app, walker, False, True, True, False, True, True)
    walker.finish()
    folder = category_study(
        tmp_path / "studies/tiny", changes={"phases": {"practice": 1, "training": 5, "test": 2}}
    )
    open_study(app, folder)
    Walker(app.test_client()).start().finish()
    host = app.extensions["diptych"]
    sessions = rows(app, Session)
    assert {session["status"] for session in sessions} == {"completed"}
    with app.app_context():
        for session in sessions:
            task = host.task(session["version_id"], session["condition"])
            policy = host.policy(frozen(session["version_id"]), session["condition"])
            drawn = task.plan(policy, generator(session["seed"], "plan"))
            practice = [trial for trial in drawn if trial.phase == "practice"]
            for attempt in range(1, session["practice_attempts"]):
                rng = generator(session["seed"], f"practice {attempt}")
                after = task.after_practice(1, attempt, rng)
                assert isinstance(after, PractiseAgain)
                practice += after.trials
            rebuilt = practice + [trial for trial in drawn if trial.phase != "practice"]
            stored = rows(app, Trial, session_id=session["id"])
            assert [(t.phase, t.item, t.block, t.notice) for t in rebuilt] == [
                (row["phase"], row["item"], row["block"], row["notice"]) for row in stored
            ]


@SQLITE
def test_practice_of_category_learning_is_taken_once(app: Flask, tmp_path: Path) -> None:
    changes = {
        "phases": {"practice": 2, "training": 2, "test": 1},
        "task": {"feedback": ["practice", "training"]},
    }
    open_study(app, category_study(tmp_path / "studies/tiny", changes=changes))
    walker = Walker(app.test_client()).start()
    assert walker.state["session"]["status"] == "practising"
    walker.answer()
    walker.answer()
    assert walker.trial["phase"] == "training"
    assert walker.state["session"]["status"] == "running"
    walker.finish()
    stored = rows(app, Trial)
    assert [row["phase"] for row in stored] == ["practice"] * 2 + ["training"] * 2 + ["test"]
    assert len({row["item"]["stimulus"] for row in stored}) == 5  # nothing is shown twice
    assert rows(app, Session)[0]["practice_attempts"] == 1
