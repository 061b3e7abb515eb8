"""Estimation: a number for one display, from the folder to the tables, figures and report."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from support.judged_studies import estimation_study
from support.walker import Walker, error_code, open_study

from diptych.authoring import StudyFault, load_study
from diptych.export.tables import export_study
from diptych.figures import added, figures_of
from diptych.ground.database import reading
from diptych.host import host
from diptych.sessions.facts import facts
from diptych.simulation import SeenTrial, observer_class
from diptych.tasks import REGISTRY, PlannedTrial, ResponseFault
from diptych.tasks.estimation.figures import quantile
from diptych.tasks.estimation.report import participants
from diptych_analysis.report.write import write_report
from diptych_analysis.tables import Tables, read_tables


def exported(app: Flask, study: str, to: Path) -> Tables:
    with app.app_context():
        export_study(host(), study, to, ("csv",))
    return read_tables(to)


@pytest.mark.parametrize(
    ("changes", "key", "found"),
    [
        ({"most": -1}, "task", "most = -1"),
        ({"most": None}, "task.most", "nothing"),
        ({"tolerance": None}, "task.tolerance", "nothing"),
        ({"most": 15}, "item-06, number", "18"),
        ({"input": "slider", "step": 0.001}, "task", "40,000 steps"),
    ],
)
def test_bounds_that_do_not_fit_are_faults(
    tmp_path: Path, changes: dict[str, Any], key: str, found: str
) -> None:
    folder = estimation_study(tmp_path / "dots", changes={"task": changes})
    with pytest.raises(StudyFault) as fault:
        load_study(folder)
    faults = [(each.key, f"{each.found} {each.allowed}") for each in fault.value.faults]
    assert any(name == key and found in words for name, words in faults), faults


def test_a_session_is_scored_and_exported(app: Flask, tmp_path: Path) -> None:
    open_study(app, estimation_study(tmp_path / "studies/dots"))
    walker = Walker(app.test_client(), "dots").start()
    show = walker.trial["show"]
    assert {name: show[name] for name in ("least", "most", "step", "input", "unit")} == {
        "least": 0, "most": 40, "step": 1, "input": "typed", "unit": "dots",
    }  # fmt: skip
    for wrong in (-1, 41, 3.5, "7", True, None, 1e400):
        assert error_code(walker.post(walker.trial["index"], {"estimate": wrong})) == "invalid"
    given: list[float] = []
    while walker.step_name == "trials":
        phase = walker.trial["phase"]
        estimate = float(3 + len(given))
        feedback = walker.answer({"estimate": estimate})["feedback"]
        if phase == "practice":
            assert feedback == {"correct": False, "answer": 1, "duration_ms": 1000}
        else:
            assert feedback is None
        given.append(estimate)
    walker.finish()
    trials = exported(app, "dots", tmp_path / "out").trials.sort_values("trial_index")
    assert trials["estimate"].tolist() == given
    assert trials["response"].tolist() == [f"{each:g}" for each in given]
    near = (trials["estimate"] - trials["true_number"]).abs() <= 0.25 * trials["true_number"]
    assert (trials["correct"] == near).all()
    assert (trials["label"].astype(float) == trials["true_number"]).all()
    assert trials["stimulus_id"].notna().all()


@given(
    st.floats(-100, 100), st.sampled_from([1.0, 0.5, 0.1, 2.5]), st.integers(1, 400),
    st.integers(-3, 500),
)  # fmt: skip
def test_the_steps_between_the_bounds_are_answers_and_no_others(
    least: float, step: float, steps: int, at: int
) -> None:
    content = _content()
    most = least + steps * step
    task = REGISTRY.get("estimation")(content, content.spec.condition("default"))
    task.parameters = task.parameters.model_copy(
        update={"least": least, "most": most, "step": step}
    )
    trial = PlannedTrial("test", {"item": "item-01"})
    read = task.Response.model_validate
    estimate = least + at * step
    if 0 <= at < steps:
        task.check(trial, read({"estimate": estimate}))
        with pytest.raises(ResponseFault, match=r"steps of|allowed are"):
            task.check(trial, read({"estimate": estimate + step / 2}))
    elif at < 0 or at > steps:
        with pytest.raises(ResponseFault, match="allowed are"):
            task.check(trial, read({"estimate": estimate}))


_KEPT: list[Any] = []


def _content() -> Any:
    if not _KEPT:
        from tempfile import mkdtemp

        _KEPT.append(load_study(estimation_study(Path(mkdtemp()) / "dots")).content)
    return _KEPT[0]


def test_the_figure_and_the_report_show_the_estimates(app: Flask, tmp_path: Path) -> None:
    open_study(app, estimation_study(tmp_path / "studies/dots", test=16))
    for number in range(3):
        walker = Walker(app.test_client(), "dots").start(participant=f"p{number}")
        walker.finish(lambda trial: {"estimate": 2 + trial["index"] % 7})
    trials = exported(app, "dots", tmp_path / "out").trials
    test = trials[trials["phase"] == "test"]
    with app.app_context(), reading() as connection:
        several = [facts(host(), connection, session) for session in (1, 2, 3)]
    content = several[0].content
    figure = figures_of(content)[0]
    frame = figure.frame(added(*(figure.count(each) for each in several)), content)
    figure.chart(frame, content).to_dict()
    grouped = test.groupby("true_number")["estimate"]
    assert dict(zip(frame["number"], frame["answers"], strict=True)) == grouped.size().to_dict()
    for number, part in grouped:
        ordered = np.sort(part.to_numpy())
        row = frame[frame["number"] == number].iloc[0]
        for name, share in (("median", 0.5), ("low", 0.25), ("high", 0.75)):
            assert row[name] == np.quantile(ordered, share, method="inverted_cdf")
    page = write_report(tmp_path / "out", None, tmp_path / "report").read_text()
    assert "Estimating numbers" in page and "Power functions of 3 participants" in page


@given(st.lists(st.integers(0, 9), min_size=1, max_size=40), st.sampled_from([0.25, 0.5, 0.75]))
def test_quantiles_of_counts_are_those_of_the_values(values: list[int], share: float) -> None:
    counted = [(float(value), values.count(value)) for value in sorted(set(values))]
    assert quantile(counted, share) == np.quantile(values, share, method="inverted_cdf")


def test_gain_exponent_and_spread_of_simulated_people_are_found() -> None:
    import pandas as pd

    rng = np.random.default_rng(4)
    observer = observer_class("estimation", "learner")(rng)
    show = {"image": "i", "least": 0, "most": 200, "step": 1, "enable_after_ms": 0}
    rows = []
    for _ in range(2000):
        number = int(rng.integers(10, 60))
        trial = SeenTrial("test", show, {"i": np.zeros(1)}, {"i": {"number": number}})
        answer = observer.answer(trial)
        assert answer.response["estimate"] == round(answer.response["estimate"])
        rows.append(("s", number, answer.response["estimate"]))
    table = pd.DataFrame(rows, columns=["session_id", "true_number", "estimate"])
    found = participants(table[table["estimate"] > 0]).iloc[0]
    # Lapses (1 %) flatten the line and widen the spread a little.
    assert found["exponent"] == pytest.approx(0.9, abs=0.08)
    assert math.log(found["gain"]) == pytest.approx(math.log(1.2), abs=0.25)
    assert found["cv"] == pytest.approx(0.2, abs=0.08)


def test_small_numbers_are_exact_and_answers_are_within_the_bounds() -> None:
    show = {"image": "i", "least": 1, "most": 30, "step": 0.5, "enable_after_ms": 100}
    for name in ("learner", "noisy", "guesser", "bot", "quitter", "repeater"):
        observer = observer_class("estimation", name)(np.random.default_rng(2))
        for number in range(1, 60):
            trial = SeenTrial("test", show, {"i": np.zeros(1)}, {"i": {"number": number}})
            estimate = observer.answer(trial).response["estimate"]
            assert 1 <= estimate <= 30 and (estimate * 2) % 1 == 0
