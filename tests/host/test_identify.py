"""Identify: a choice between several answers, from the folder to the tables and figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from support.judged_studies import ACTIONS, identify_study
from support.walker import Walker, error_code, open_study, rows

from diptych.authoring import StudyFault, load_study
from diptych.export.tables import export_study
from diptych.figures import added, figures_of
from diptych.ground.database import reading
from diptych.host import host
from diptych.models import Trial
from diptych.sessions.facts import facts
from diptych.simulation import SeenTrial, observer_class
from diptych_analysis.report.write import write_report
from diptych_analysis.tables import read_tables


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"task": {"labels": ["put"]}}, "task.labels"),
        ({"task": {"labels": ["put", "put", "take"]}}, "task"),
        ({"task": {"labels": ["put", "take"], "keys": []}}, "item-02, answer"),
        ({"task": {"keys": ["p", "t"]}}, "task"),
        ({"task": {"keys": ["p", "P", "s"]}}, "task"),
        ({"task": {"keys": ["p", "t", "?"]}}, "task"),
        ({"task": {"labels": [str(n) for n in range(17)]}}, "task.labels"),
        ({"timing": {"exposure_ms": 0}}, "timing.exposure_ms"),
    ],
)
def test_answers_that_do_not_fit_are_faults(
    tmp_path: Path, changes: dict[str, Any], key: str
) -> None:
    with pytest.raises(StudyFault) as fault:
        load_study(identify_study(tmp_path / "what", changes=changes))
    assert key in {each.key for each in fault.value.faults}


@pytest.mark.parametrize("displays", [1, 2])
def test_a_session_is_scored_exported_drawn_and_reported(
    app: Flask, tmp_path: Path, displays: int
) -> None:
    open_study(app, identify_study(tmp_path / "studies/what", displays=displays))
    walker = Walker(app.test_client(), "what").start()
    show = walker.trial["show"]
    assert len(show["images"]) == displays and show["labels"] == list(ACTIONS)
    for wrong in ("Put", "", 0, None):
        assert error_code(walker.post(walker.trial["index"], {"choice": wrong})) == "invalid"
    given = []
    while walker.step_name == "trials":
        phase = walker.trial["phase"]
        given.append(list(ACTIONS)[len(given) % 3])
        feedback = walker.answer({"choice": given[-1]})["feedback"]
        assert (feedback is not None) == (phase == "practice")
        if feedback:
            assert feedback["correct"] == (feedback["answer"] == given[-1])
    walker.finish()
    with app.app_context():
        export_study(host(), "what", tmp_path / "out", ("csv",))
    tables = read_tables(tmp_path / "out")
    trials = tables.trials.sort_values("trial_index")
    assert trials["response"].tolist() == given
    assert (trials["correct"] == (trials["response"] == trials["label"])).all()
    assert trials["stimulus_id"].notna().all() == (displays == 1)
    shown = [row["item"]["item"] for row in rows(app, Trial)]
    assert trials["item_id"].tolist() == shown
    with app.app_context(), reading() as connection:
        session = facts(host(), connection, 1)
    test = trials[trials["phase"] == "test"]
    frames = {}
    for figure in figures_of(session.content)[:2]:
        frames[figure.name] = figure.frame(added(figure.count(session)), session.content)
        figure.chart(frames[figure.name], session.content).to_dict()
    confusion = frames["identify-confusion"]
    expected = test.groupby(["label", "response"]).size().to_dict()
    counted = confusion.set_index(["label", "response"])["answers"].to_dict()
    assert counted == expected
    page = write_report(tmp_path / "out", None, tmp_path / "report").read_text()
    assert "Identifying" in page and f"of {len(test)} test answers" in page


def test_learners_learn_actions_from_feedback_and_guessers_do_not() -> None:
    share = {}
    for name in ("learner", "noisy", "guesser", "bot", "quitter", "repeater"):
        rng = np.random.default_rng(3)
        observer = observer_class("identify", name)(rng)
        right = []
        for number in range(400):
            action = list(ACTIONS)[int(rng.integers(3))]
            before = rng.normal(0, 1, 2)
            after = before + np.array([ACTIONS[action], 0])
            show = {"labels": list(ACTIONS), "images": ["a", "b"], "enable_after_ms": 0}
            trial = SeenTrial("practice", show, {"a": before, "b": after})
            answer = observer.answer(trial)
            if number < 30:
                observer.learn(trial, answer, {"answer": action})
            else:
                right.append(answer.response["choice"] == action)
        share[name] = float(np.mean(right))
    assert share["learner"] > 0.9 > share["noisy"] > 0.4
    assert share["guesser"] == pytest.approx(1 / 3, abs=0.1)
    assert share["bot"] == pytest.approx(1 / 3, abs=0.1)
