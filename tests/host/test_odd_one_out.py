"""Odd one out: a task with items of its own, from the folder to the tables and figures."""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from support.dashboard import researcher
from support.servers import LiveServer
from support.tiny_studies import odd_one_out_study
from support.walker import Walker, error_code, link, open_study, rows

from diptych import policies
from diptych.authoring import StudyFault, load_study
from diptych.export.tables import export_study
from diptych.figures import added, figures_of
from diptych.ground.database import reading
from diptych.ground.keys import study_key
from diptych.host import host
from diptych.models import Session, Trial
from diptych.sessions.facts import facts
from diptych.simulation import SeenTrial, observer_class
from diptych.simulation.run import simulate
from diptych.tasks import REGISTRY
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


def faults_of(folder: Path) -> list[tuple[str, str]]:
    """Key and found of every fault."""
    with pytest.raises(StudyFault) as fault:
        load_study(folder)
    return [(each.key, each.found) for each in fault.value.faults]


def test_items_that_cannot_be_shown_are_faults(tmp_path: Path) -> None:
    folder = odd_one_out_study(tmp_path / "odd")

    def change(items: list[dict[str, str]]) -> None:
        first, second, third, fourth, fifth, sixth = items
        first["images"] = first["images"].rsplit(";", 1)[0]
        first["odd"] = ""
        second["odd"] = third["odd"]
        third["kind"] = "exam"
        fourth["images"] = ";".join([fourth["images"].split(";")[0]] * 3)
        fourth["odd"] = ""
        fifth["odd"] = fifth["images"]
        sixth["odd"] = ""  # of kind catch

    spoil(folder, change)
    found = dict(faults_of(folder))
    assert found["item-00, images"] == "2 images"
    assert found["item-01, odd"].startswith("stimuli/")
    assert found["item-02, kind"] == "'exam'"
    assert found["item-03, images"] == "one picture more than once"
    assert "," in found["item-04, odd"]
    assert found["item-05, odd"] == "nothing"
    assert found["kind"] == "3 items of kind test"


def test_columns_of_other_tasks_are_not_needed_and_odd_is_optional(tmp_path: Path) -> None:
    folder = odd_one_out_study(tmp_path / "odd", practice=0, catch=0, judged=False)

    def without(items: list[dict[str, str]]) -> None:
        for item in items:
            del item["odd"]

    spoil(folder, without)
    assert all(item.stimuli["odd"] == () for item in load_study(folder).content.items.values())
    spoil(folder, lambda items: [item.pop("images") for item in items])
    assert ("header", "item_id, kind, hard") in faults_of(folder)


def test_each_order_of_the_images_is_drawn_as_often_as_the_others(tmp_path: Path) -> None:
    content = load_study(odd_one_out_study(tmp_path / "odd")).content
    task = REGISTRY.get("odd_one_out")(content, content.spec.condition("default"))
    policy = policies.REGISTRY.get("random")(policies.PolicyParameters())
    plans = [task.plan(policy, random.Random(seed)) for seed in range(400)]
    assert plans[3] == task.plan(policy, random.Random(3))
    assert {(plan[0].phase, plan[0].notice) for plan in plans} == {("practice", "practice")}
    orders = [tuple(trial.item["order"]) for plan in plans for trial in plan if trial.item]
    assert len(orders) == 400 * 6
    counts = [orders.count(order) for order in set(orders)]
    assert len(counts) == 6  # each of 400, with a standard deviation of 18
    assert max(counts) < 490 and min(counts) > 310
    assert task.chance() == 1 / 3


def right_of(app: Flask, walker: Walker) -> int:
    """The place of the odd image in the current trial, looked up in the database."""
    session = rows(app, Session, public_id=walker.public_id)[0]
    index = walker.trial["index"]
    item = rows(app, Trial, session_id=session["id"], trial_index=index)[0]["item"]
    with app.app_context(), reading() as connection:
        frozen_item = facts(host(), connection, session["id"]).content.items[item["item"]]
    images = frozen_item.stimuli["images"]
    place: int = [images[number] for number in item["order"]].index(frozen_item.stimuli["odd"][0])
    return place


def exported(app: Flask, study: str, to: Path) -> Tables:
    with app.app_context():
        export_study(host(), study, to, ("csv",))
    return read_tables(to)


def test_a_session_is_judged_told_and_exported(app: Flask, tmp_path: Path) -> None:
    open_study(app, odd_one_out_study(tmp_path / "studies/odd"))
    walker = Walker(app.test_client(), "odd").start()
    show = walker.trial["show"]
    assert set(show) == {"question", "images", "enable_after_ms"}
    assert sorted(show["images"]) == walker.trial["images"]
    for wrong in (3, -1, "1", True, 1.5):
        assert error_code(walker.post(walker.trial["index"], {"choice": wrong})) == "invalid"

    given: list[tuple[int, int]] = []  # chosen and right
    while walker.step_name == "trials":
        right = right_of(app, walker)
        choice = (right + len(given) % 2) % 3
        phase = walker.trial["phase"]
        feedback = walker.answer({"choice": choice})["feedback"]
        if phase == "practice":
            assert feedback == {"correct": choice == right, "odd": right, "duration_ms": 0}
        else:
            assert feedback is None
        given.append((choice, right))
    tested = walker.state["content"]["score"]
    walker.finish()

    tables = exported(app, "odd", tmp_path / "out")
    trials = tables.trials.sort_values("trial_index")
    assert trials["response"].tolist() == [str(choice + 1) for choice, _ in given]
    assert trials["label"].tolist() == [str(right + 1) for _, right in given]
    assert (trials["correct"] == (trials["response"] == trials["label"])).all()
    test = trials[trials["phase"] == "test"]
    assert tested == {"correct": int(test["correct"].sum()), "of": 4}
    items = tables.items.set_index(["item_id", "role", "place"])["stimulus_id"]
    for (_, trial), (choice, right) in zip(trials.iterrows(), given, strict=True):
        choices = trial["choices"].split("|")
        assert trial["chosen"] == choices[choice]
        assert items[trial["item_id"], "odd", 0] == choices[right]
        assert sorted(items[trial["item_id"], "image"]) == sorted(choices)
    assert tables.items["unit"].isna().all()
    assert set(tables.items["role"]) == {"image", "odd"}


def test_without_a_right_answer_nothing_is_judged(app: Flask, tmp_path: Path) -> None:
    folder = odd_one_out_study(
        tmp_path / "studies/odd", practice=0, catch=0, judged=False,
        changes={"task": {"feedback": ["test"]}},
    )  # fmt: skip
    open_study(app, folder)
    walker = Walker(app.test_client(), "odd").start(**link(app, "simulate", "odd"))
    assert [walker.answer()["feedback"] for _ in range(4)] == [None] * 4
    assert walker.state["content"]["score"] is None
    walker.finish()
    page = (
        researcher(app, "viewer", "odd").get(f"/studies/odd/participants/{walker.public_id}").text
    )
    choices = re.findall("<dt>Choices</dt><dd>(.*?)</dd>", page)
    assert len(choices) == 4
    assert all(re.fullmatch(r"(stimuli/\d{3}\.png(, |$)){3}", cell) for cell in choices)
    trials = exported(app, "odd", tmp_path / "out").trials
    assert trials["correct"].isna().all() and trials["label"].isna().all()
    assert trials["chosen"].notna().all()


def test_figures_count_choices_and_places(app: Flask, tmp_path: Path) -> None:
    open_study(app, odd_one_out_study(tmp_path / "studies/odd"))
    for number in range(3):
        walker = Walker(app.test_client(), "odd").start(participant=f"p{number}")
        walker.finish(lambda _: {"choice": number % 2})  # noqa: B023 (called at once)
    trials = exported(app, "odd", tmp_path / "out").trials
    with app.app_context(), reading() as connection:
        several = [facts(host(), connection, session) for session in (1, 2, 3)]
    content = several[0].content
    frames = {}
    for figure in figures_of(content)[:3]:
        frame = figure.frame(added(*(figure.count(each) for each in several)), content)
        frames[figure.name] = frame
        figure.chart(frame, content).to_dict()  # Altair checks it by the schema of Vega-Lite
    test = trials[trials["phase"] == "test"]
    chosen = frames["odd-choices"]
    assert (
        chosen.groupby("item")["answers"].sum().to_dict()
        == test["item_id"].value_counts().to_dict()
    )
    assert chosen.groupby("item")["share"].sum().tolist() == pytest.approx([1.0] * 4)
    files = {stimulus.file: stimulus.stimulus_id for stimulus in content.stimuli}
    for _, row in chosen.iterrows():
        own = test[(test["item_id"] == row["item"]) & (test["chosen"] == files[row["image"]])]
        assert len(own) == row["answers"]
    right = frames["odd-right"].set_index(["by", "group"])
    assert right.loc[("phase", "test"), "chosen"] == test["correct"].sum()
    assert right.loc[("phase", "catch"), "answers"] == 3
    assert {by for by, _ in right.index} == {"phase", "hard"}
    counted = trials[trials["phase"] != "practice"]["response"].value_counts().to_dict()
    places = frames["odd-places"]
    assert dict(zip(places["place"], places["chosen"], strict=True)) == {**counted, "3": 0}


def seen(rng: np.random.Generator, n: int, apart: float) -> tuple[SeenTrial, int]:
    """A trial whose odd image lies so far from the others, and its place."""
    features = rng.normal(0, 0.3, (n, 4))
    odd = int(rng.integers(n))
    features[odd] += apart
    urls = [f"/i/{place}" for place in range(n)]
    show: dict[str, Any] = {"question": None, "images": urls, "enable_after_ms": 100}
    return SeenTrial("test", show, dict(zip(urls, features, strict=True))), odd


@pytest.mark.parametrize("n", [3, 5])
def test_a_learner_finds_what_is_apart_and_a_guesser_does_not(n: int) -> None:
    right: dict[str, list[bool]] = {}
    for name in ("learner", "noisy", "guesser", "bot"):
        for number in range(60):
            observer = observer_class("odd_one_out", name)(np.random.default_rng([3, number]))
            for trial, odd in (
                seen(np.random.default_rng([4, number, k]), n, 1.2) for k in range(10)
            ):
                answer = observer.answer(trial)
                assert 0 <= answer.response["choice"] < n and answer.rt_ms >= 100
                right.setdefault(name, []).append(answer.response["choice"] == odd)
    share = {name: float(np.mean(hits)) for name, hits in right.items()}
    assert share["learner"] > share["noisy"] + 0.05 > 1 / n + 0.1
    for name in ("guesser", "bot"):
        assert share[name] == pytest.approx(1 / n, abs=0.08)  # four standard deviations


def test_a_network_leaves_out_the_image_that_is_least_similar() -> None:
    """By hand: of three images the most similar pair stays (Hebart et al. 2020)."""
    observer = observer_class("odd_one_out", "machine")(np.random.default_rng(1), None)  # type: ignore[call-arg]
    for number in range(50):
        rng = np.random.default_rng(number)
        trial, _ = seen(rng, 3, 0.0)
        features = {url: x / np.linalg.norm(x) for url, x in trial.features.items()}
        urls = trial.show["images"]
        pairs = {(0, 1): 2, (0, 2): 1, (1, 2): 0}
        best = max(pairs, key=lambda pair: float(features[urls[pair[0]]] @ features[urls[pair[1]]]))
        answer = observer.answer(SeenTrial("test", trial.show, features))
        assert (answer.response, answer.rt_ms) == ({"choice": pairs[best]}, 0.0)


@pytest.fixture
def studies_folder(tmp_path: Path) -> Path:
    """A studies folder with an odd-one-out study of five images a trial."""
    odd_one_out_study(tmp_path / "studies/odd", test=12, catch=2, n=5)
    return tmp_path / "studies"


@pytest.mark.slow
@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_simulated_people_take_it_over_the_api(
    live_server: LiveServer, studies_folder: Path, tmp_path: Path
) -> None:
    secret = live_server.environment["DIPTYCH_SECRET_KEY"].encode()
    key = study_key(secret, "simulate", "odd")
    folder = studies_folder / "odd"
    done = simulate(live_server.url, folder, 6, key=key, observer="learner", seed=1, run="known")
    assert done.outcomes == {"completed": 6} and done.failed == {}
    live_server.diptych("export", "odd", "--to", str(tmp_path / "out"), "--format", "csv")
    trials = read_tables(tmp_path / "out").trials
    assert len(trials) == 6 * 15
    assert set(trials["participant_kind"]) == {"simulated"}
    assert trials["correct"].astype(float).mean() > 0.5  # they see that one is blue; chance is 0.2
