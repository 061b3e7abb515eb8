"""Point: a place in an image or none, from the folder to the tables, figure and report."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from support.described_studies import point_study
from support.tiny_studies import write_csv
from support.walker import Walker, error_code, open_study

from diptych.authoring import StudyFault, load_study
from diptych.export.tables import export_study
from diptych.figures import added, figures_of
from diptych.ground.database import reading
from diptych.host import host
from diptych.sessions.facts import facts
from diptych.simulation import SeenTrial, observer_class
from diptych_analysis.report.write import write_report
from diptych_analysis.tables import Tables, read_tables

HIT = {"choice": "place", "x": 0.25, "y": 0.5}
NOT_THERE = {"choice": "absent"}


def exported(app: Flask, study: str, to: Path) -> Tables:
    with app.app_context():
        export_study(host(), study, to, ("csv",))
    return read_tables(to)


@pytest.mark.parametrize(
    ("changes", "key", "found"),
    [
        ({"left": "0.9", "right": "0.5"}, "item-00, left", "left below right"),
        ({"left": ""}, "item-00, left", "numbers in all of left, top, right, bottom"),
        ({"word": ""}, "item-00, word", "the word to look for"),
        ({"answer": "absent"}, "item-00, answer", "nothing, for an item with a box"),
        ({"answer": "left"}, "item-00, answer", "absent, or nothing"),
    ],
)
def test_boxes_that_do_not_fit_are_faults(
    tmp_path: Path, changes: dict[str, str], key: str, found: str
) -> None:
    folder = point_study(tmp_path / "where")
    with (folder / "items.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    write_csv(folder / "items.csv", [rows[0] | changes, *rows[1:]])
    with pytest.raises(StudyFault) as fault:
        load_study(folder)
    faults = [(each.key, f"{each.found} {each.allowed}") for each in fault.value.faults]
    assert any(name == key and found in words for name, words in faults), faults


def test_a_session_is_scored_and_exported(app: Flask, tmp_path: Path) -> None:
    open_study(app, point_study(tmp_path / "studies/where"))
    walker = Walker(app.test_client(), "where").start()
    assert walker.trial["show"]["question"] == "Where is the circle?"
    wrong: list[dict[str, Any]] = [
        {"choice": "place"},
        {"choice": "place", "x": 0.5},
        {"choice": "place", "x": 1.01, "y": 0},
        {"choice": "place", "x": float("nan"), "y": 0},
        {"choice": "absent", "x": 0.5},
        {"choice": "left", "x": 0.5, "y": 0.5},
        {"choice": "place", "x": "0.5", "y": 0.5},
    ]
    for response in wrong:
        assert error_code(walker.post(walker.trial["index"], response)) == "invalid"
    feedback = walker.answer(HIT)["feedback"]
    assert feedback == {"correct": True, "box": [0, 0, 0.5, 1], "duration_ms": 1000}
    at = 0
    while walker.step_name == "trials":
        at += 1
        assert walker.answer(HIT if at % 2 else NOT_THERE)["feedback"] is None
    walker.finish()
    trials = exported(app, "where", tmp_path / "out").trials
    assert set(trials["response"]) == {"place", "absent"}
    assert trials.loc[trials["response"] == "absent", "point_x"].isna().all()
    clicked = trials[trials["response"] == "place"]
    assert (clicked["point_x"] == 0.25).all() and (clicked["point_y"] == 0.5).all()
    # The box of the circle is the left half, and the square's the right one.
    right = (trials["response"] == "place") & (trials["word"] == "circle")
    absent = trials["label"] == "absent"
    expected = np.where(absent, trials["response"] == "absent", right)
    assert (trials["correct"].astype(bool) == expected).all()


def test_the_figure_and_the_report_show_the_answers(app: Flask, tmp_path: Path) -> None:
    open_study(app, point_study(tmp_path / "studies/where"))
    for number, response in enumerate((HIT, NOT_THERE, HIT)):
        walker = Walker(app.test_client(), "where").start(participant=f"p{number}")
        walker.finish(lambda _, given=response: given)
    trials = exported(app, "where", tmp_path / "out").trials
    test = trials[trials["phase"] == "test"]
    with app.app_context(), reading() as connection:
        several = [facts(host(), connection, session) for session in (1, 2, 3)]
    content = several[0].content
    figure = next(each for each in figures_of(content) if each.name == "pointing")
    frame = figure.frame(added(*(figure.count(each) for each in several)), content)
    figure.chart(frame, content).to_dict()
    assert frame["answers"].sum() == len(test)
    right = frame["outcome"].isin(["on the word", "not there: right"])
    assert frame.loc[right, "answers"].sum() == test["correct"].astype(bool).sum()
    page = write_report(tmp_path / "out", None, tmp_path / "report").read_text()
    assert "Pointing to words" in page and "Words not in the image" in page


def test_simulated_people_click_near_the_word_or_say_that_it_is_not_there() -> None:
    show = {"image": "i", "word": "ring", "enable_after_ms": 100}

    def hits(name: str, numbers: dict[str, float]) -> float:
        observer = observer_class("point", name)(np.random.default_rng(1))
        trial = SeenTrial("test", show, {"i": np.zeros(1)}, {"i": numbers})
        answers = [observer.answer(trial).response for _ in range(300)]
        assert all(answer["choice"] == "absent" or 0 <= answer["x"] <= 1 for answer in answers)
        if numbers["ring_x"] < 0:
            return float(np.mean([answer["choice"] == "absent" for answer in answers]))
        return float(np.mean([abs(answer.get("x", 9) - 0.3) < 0.1 for answer in answers]))

    there, absent = {"ring_x": 0.3, "ring_y": 0.6}, {"ring_x": -1.0, "ring_y": -1.0}
    # A share of .95 of 300 has a standard deviation of .013.
    assert hits("learner", there) > 0.87 and hits("learner", absent) > 0.87
    assert hits("guesser", there) < 0.4 and 0.3 < hits("guesser", absent) < 0.7
    assert hits("bot", absent) == 1
