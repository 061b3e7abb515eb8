"""Comparison: two displays and one question, from the folder to the tables, figures and report."""

from __future__ import annotations

import csv
import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, norm
from support.judged_studies import comparison_study
from support.servers import LiveServer
from support.walker import Walker, error_code, open_study, rows

from diptych import policies
from diptych.authoring import StudyFault, load_study
from diptych.export.tables import export_study
from diptych.figures import added, figures_of
from diptych.ground.database import reading
from diptych.ground.keys import study_key
from diptych.host import host
from diptych.models import Trial
from diptych.sessions.facts import facts
from diptych.simulation import SeenTrial, observer_class
from diptych.simulation.run import simulate
from diptych.tasks import REGISTRY
from diptych_analysis.psychometric.fit import count, fit
from diptych_analysis.report.write import write_report
from diptych_analysis.tables import Tables, read_tables


def spoil(folder: Path, change: Callable[[list[dict[str, str]]], None]) -> None:
    """Write items.csv again after a change of its rows."""
    with (folder / "items.csv").open(newline="") as file:
        items = list(csv.DictReader(file))
    change(items)
    with (folder / "items.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(items[0]))
        writer.writeheader()
        writer.writerows(items)


def faults_of(folder: Path) -> dict[str, str]:
    """Key and found of every fault."""
    with pytest.raises(StudyFault) as fault:
        load_study(folder)
    return {each.key: each.found for each in fault.value.faults}


def exported(app: Flask, study: str, to: Path) -> Tables:
    with app.app_context():
        export_study(host(), study, to, ("csv",))
    return read_tables(to)


def test_items_that_cannot_be_compared_are_faults(tmp_path: Path) -> None:
    folder = comparison_study(tmp_path / "dots")

    def change(items: list[dict[str, str]]) -> None:
        first, second, third, *_, last = items
        first["kind"] = "exam"
        second["answer"] = "left"
        third["test"] = ""
        third["number"] = "many"
        last["answer"] = ""  # of kind catch

    spoil(folder, change)
    found = faults_of(folder)
    assert found["item-00, kind"] == "'exam'"
    assert found["item-01, answer"] == "'left'"
    assert found["item-07, answer"] == "nothing"


def test_an_attribute_that_no_item_has_is_a_fault(tmp_path: Path) -> None:
    folder = comparison_study(tmp_path / "dots", changes={"task": {"attribute": "size"}})
    assert faults_of(folder)["task.attribute"] == "'size'"
    folder = comparison_study(tmp_path / "other", changes={"task": {"question": None}})
    assert "task.question" in faults_of(folder)
    folder = comparison_study(tmp_path / "turns", changes={"task": {"layout": "in_turn"}})
    assert faults_of(folder) == {"timing.exposure_ms": "0"}


@pytest.mark.parametrize(
    ("layout", "width", "size", "fits"),
    [
        ("side_by_side", 390, 167, True),  # (390 - 40 - 16) / 2
        ("side_by_side", 390, 168, False),
        ("side_by_side", 800, 364, True),  # (800 - 40 - 32) / 2
        ("side_by_side", 800, 365, False),
        ("side_by_side", 2000, 949, False),  # (2000 - 40 - 64) / 2 = 948
        ("in_turn", 390, 390, True),
    ],
)
def test_displays_that_are_cut_off_in_the_smallest_window_are_a_fault(
    tmp_path: Path, layout: str, width: int, size: int, fits: bool
) -> None:
    timing = {"exposure_ms": 250, "image_size": size}
    changes = {"task": {"layout": layout}, "timing": timing, "screen": {"min_width": width}}
    folder = comparison_study(tmp_path / "dots", changes=changes)
    if fits:
        load_study(folder)
    else:
        assert faults_of(folder) == {"timing.image_size": str(size)}


def test_the_test_display_has_each_place_equally_often(tmp_path: Path) -> None:
    content = load_study(comparison_study(tmp_path / "dots")).content
    task = REGISTRY.get("comparison")(content, content.spec.condition("default"))
    policy = policies.REGISTRY.get("random")(policies.PolicyParameters())
    plans = [task.plan(policy, random.Random(seed)) for seed in range(300)]
    assert plans[5] == task.plan(policy, random.Random(5))
    left = [trial.item["order"][0] == "test" for plan in plans for trial in plan if trial.item]
    assert len(left) == 300 * 8
    assert binomtest(sum(left), len(left)).pvalue > 1e-4
    assert task.chance() == 0.5


@pytest.mark.parametrize("layout", ["side_by_side", "in_turn"])
def test_a_session_is_scored_and_exported(app: Flask, tmp_path: Path, layout: str) -> None:
    changes: dict[str, Any] = {"task": {"layout": layout, "confidence": True}}
    if layout == "in_turn":
        changes["timing"] = {"exposure_ms": 250}
    open_study(app, comparison_study(tmp_path / "studies/dots", changes=changes))
    walker = Walker(app.test_client(), "dots").start()
    places = {"side_by_side": ("left", "right"), "in_turn": ("first", "second")}[layout]
    show = walker.trial["show"]
    assert set(show) == {"question", "layout", "images", "gap_ms", "confidence", "enable_after_ms"}
    assert sorted(show["images"]) == walker.trial["images"]
    other = "first" if layout == "side_by_side" else "left"
    for wrong in (
        {"choice": other, "confidence": 1}, {"choice": 0, "confidence": 1},
        {"choice": places[0]}, {"choice": places[0], "confidence": 4}, {},
    ):  # fmt: skip
        assert error_code(walker.post(walker.trial["index"], wrong)) == "invalid"
    number = 0
    while walker.step_name == "trials":
        phase = walker.trial["phase"]
        given = {"choice": places[number % 2], "confidence": 1 + number % 3}
        feedback = walker.answer(given)["feedback"]
        assert (feedback is not None) == (phase == "practice")
        if feedback:
            assert feedback["correct"] == (feedback["answer"] == given["choice"])
            assert feedback["duration_ms"] == 1000
        number += 1
    walker.finish()
    tables = exported(app, "dots", tmp_path / "out")
    trials = tables.trials.sort_values("trial_index")
    assert trials["response"].tolist() == [places[at % 2] for at in range(8)]
    assert trials["confidence"].tolist() == [1 + at % 3 for at in range(8)]
    assert (trials["correct"] == (trials["response"] == trials["label"])).all()
    assert ((trials["chosen_role"] == "test") == (trials["response"] == trials["test_place"])).all()
    orders = [row["item"]["order"] for row in rows(app, Trial)]
    assert trials["test_place"].tolist() == [places[order.index("test")] for order in orders]
    items = tables.items.drop_duplicates("item_id").set_index("item_id")
    more = trials["item_id"].map(items["number"]) > trials["item_id"].map(items["reference_number"])
    chose_more = (trials["chosen_role"] == "test") == more
    assert (trials["correct"] == chose_more).all()
    assert set(tables.items["role"]) == {"test", "reference"}


def test_without_a_right_answer_nothing_is_scored(app: Flask, tmp_path: Path) -> None:
    folder = comparison_study(
        tmp_path / "studies/dots", practice=0, catch=0, judged=False,
        changes={"task": {"feedback": ["test"]}},
    )  # fmt: skip
    open_study(app, folder)
    walker = Walker(app.test_client(), "dots").start()
    assert error_code(walker.post(0, {"choice": "left", "confidence": 2})) == "invalid"
    assert [walker.answer()["feedback"] for _ in range(6)] == [None] * 6
    walker.finish()
    trials = exported(app, "dots", tmp_path / "out").trials
    assert trials["correct"].isna().all() and trials["label"].isna().all()
    assert trials["chosen_role"].notna().all() and trials["confidence"].isna().all()


def test_figures_and_report_count_the_answers(app: Flask, tmp_path: Path) -> None:
    open_study(app, comparison_study(tmp_path / "studies/dots", test=12))
    for number in range(3):
        walker = Walker(app.test_client(), "dots").start(participant=f"p{number}")
        walker.finish(lambda trial: {"choice": ("left", "right")[trial["index"] % 2]})
    tables = exported(app, "dots", tmp_path / "out")
    test = tables.trials[tables.trials["phase"] == "test"]
    items = tables.items.drop_duplicates("item_id").set_index("item_id")
    level = test["item_id"].map(items["number"])
    with app.app_context(), reading() as connection:
        several = [facts(host(), connection, session) for session in (1, 2, 3)]
    content = several[0].content
    frames = {}
    for figure in figures_of(content)[:3]:
        frame = figure.frame(added(*(figure.count(each) for each in several)), content)
        frames[figure.name] = frame
        figure.chart(frame, content).to_dict()  # Altair checks it by the schema of Vega-Lite
    curve = frames["comparison-curve"].set_index("level")
    expected = (test["chosen_role"] == "test").groupby(level).agg(["sum", "size"])
    assert curve["chosen"].to_dict() == expected["sum"].to_dict()
    assert curve["answers"].to_dict() == expected["size"].to_dict()
    right = frames["comparison-right"].set_index(["by", "group"])
    assert right.loc[("phase", "test"), "chosen"] == test["correct"].sum()
    assert right.loc[("half", "a"), "answers"] == 18
    places = frames["comparison-places"].set_index("place")["chosen"]
    counted = tables.trials[tables.trials["phase"] != "practice"]["response"].value_counts()
    assert places.to_dict() == counted.to_dict()
    page = write_report(tmp_path / "out", None, tmp_path / "report").read_text()
    assert "Comparing two displays" in page
    assert f"of {len(test):,}" in page


def seen(test: float, reference: float, **show: object) -> SeenTrial:
    """A trial whose second display is the test."""
    shown = {"layout": "side_by_side", "images": ["r", "t"], "confidence": False,
             "enable_after_ms": 0, **show}  # fmt: skip
    numbers = {"r": {"number": reference, "area": test}, "t": {"number": test, "area": reference}}
    return SeenTrial("test", shown, {url: np.zeros(1) for url in "rt"}, numbers)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from([8, 10, 13, 16, 20, 25, 32]), st.integers(0, 10**6))
def test_the_learner_has_the_function_that_it_claims(test: int, seed: int) -> None:
    observer = observer_class("comparison", "learner")(np.random.default_rng(seed))
    n = 400
    chosen = sum(observer.answer(seen(test, 16)).response["choice"] == "right" for _ in range(n))
    expected = 0.01 + 0.98 * norm.cdf(math.log(test / 16) / 0.23)
    assert binomtest(chosen, n, expected).pvalue > 1e-5


def test_who_compares_areas_is_wrong_where_they_disagree_and_bots_are_fast() -> None:
    area = observer_class("comparison", "area")(np.random.default_rng(1))
    answers = [area.answer(seen(32, 8)).response["choice"] for _ in range(50)]
    assert answers.count("left") >= 45  # the test has more dots, and less area
    bot = observer_class("comparison", "bot")(np.random.default_rng(1))
    answer = bot.answer(seen(8, 16, layout="in_turn", confidence=True, enable_after_ms=200))
    assert answer.response == {"choice": "first", "confidence": 1} and answer.rt_ms >= 200


@pytest.fixture
def studies_folder(tmp_path: Path) -> Path:
    comparison_study(tmp_path / "studies/dots", test=60)
    return tmp_path / "studies"


@pytest.mark.slow
@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_the_weber_fraction_of_simulated_people_is_found(
    live_server: LiveServer, studies_folder: Path, tmp_path: Path
) -> None:
    key = study_key(live_server.environment["DIPTYCH_SECRET_KEY"].encode(), "simulate", "dots")
    done = simulate(live_server.url, studies_folder / "dots", 10, key=key, observer="learner",
                    seed=1, run="known")  # fmt: skip
    assert done.outcomes == {"completed": 10} and done.failed == {}
    live_server.diptych("export", "dots", "--to", str(tmp_path / "out"), "--format", "csv")
    tables = read_tables(tmp_path / "out")
    test = tables.trials[tables.trials["phase"] == "test"]
    items = tables.items.drop_duplicates("item_id").set_index("item_id")["number"]
    level = test["item_id"].map(items).astype(float)
    found = fit(count(level, test["chosen_role"] == "test"))
    # 600 answers: the standard error of w is near 0.02, that of the PSE near 0.2.
    assert found.weber == pytest.approx(0.23, abs=0.07)
    assert found.threshold == pytest.approx(16, abs=0.8)
