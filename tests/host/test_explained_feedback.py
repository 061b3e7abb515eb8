"""Feedback that explains: which images it shows, and that they are stored and exported."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from PIL import Image
from support.dashboard import researcher
from support.explained_study import KINDS, shown_places, write_explained
from support.tiny_studies import category_study
from support.walker import Walker, open_study, rows

from diptych.authoring import StudyFault, load_study
from diptych.export.tables import export_study
from diptych.host import host
from diptych.journey import previews
from diptych.models import Session, Trial
from diptych.overview.sessions import detail
from diptych.study.content import StudyContent
from diptych.study.versions import frozen
from diptych_analysis.tables import read_tables

SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])
PHASES = {"training": 8, "test": 4}
CONTRAST = {"explanation": "contrast", "explanation_features": ["size"], "rank": 1}


def study(folder: Path, task: Mapping[str, Any], **changes: Any) -> Path:
    more = {"task": task, "phases": PHASES, **changes}
    return category_study(folder / "studies/tiny", per_class=8, changes=more)


def relist(folder: Path, change: Callable[[list[dict[str, str]]], None]) -> Path:
    """Write stimuli.csv again after a change of its rows."""
    with (folder / "stimuli.csv").open(newline="") as file:
        listed = list(csv.DictReader(file))
    change(listed)
    with (folder / "stimuli.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(listed[0]))
        writer.writeheader()
        writer.writerows(listed)
    return folder


def with_mask(folder: Path, size: tuple[int, int] = (32, 32)) -> Path:
    """Add a mask, which is no trial's image: the first two images have it."""
    Image.fromarray(np.full((size[1], size[0]), 255, np.uint8)).save(folder / "stimuli/mask.png")

    def change(listed: list[dict[str, str]]) -> None:
        for number, row in enumerate(listed):
            row["mask"] = "stimuli/mask.png" if number < 2 else ""
        listed.append({"file": "stimuli/mask.png", "label": "", "size": "", "mask": ""})

    return relist(folder, change)


def wrong(app: Flask, content: StudyContent, index: int) -> dict[str, Any]:
    """A wrong answer to a trial, by looking into the database."""
    label = content.stimuli[rows(app, Trial)[index]["item"]["stimulus"]].label
    return {"ranking": [next(name for name in content.labels if name != label)]}


def take(app: Flask, folder: Path) -> tuple[Walker, StudyContent, list[dict[str, Any]]]:
    """Answer all trials wrongly; the feedback of each."""
    open_study(app, folder)
    with app.app_context():
        content = frozen(1)
    walker = Walker(app.test_client()).start()
    feedback = []
    while walker.step_name == "trials":
        reply = walker.answer(wrong(app, content, walker.trial["index"]))
        feedback.append(reply["feedback"])
    return walker, content, feedback


def nearest_by_hand(
    content: StudyContent, place: int, label: str, hidden: set[int], most: int
) -> list[int]:
    """Places of the images of a class nearest in `size`, one after the other."""
    sizes = {s.place: float(s.attributes["size"]) for s in content.stimuli if s.label == label}
    left = [each for each in sizes if each not in hidden | {place}]
    here = float(content.stimuli[place].attributes["size"])
    found: list[int] = []
    while left and len(found) < most:
        found.append(min(left, key=lambda each: (abs(sizes[each] - here), each)))
        left.remove(found[-1])
    return found


@SQLITE
@pytest.mark.parametrize("policy", ["random", "expected_gain", "leitner"])
def test_a_contrast_shows_the_nearest_images_that_may_be_taught(
    app: Flask, tmp_path: Path, policy: str
) -> None:
    named = {"name": policy} | ({"features": ["size"]} if policy == "expected_gain" else {})
    # The features of the policy serve where the task names none.
    task = {**CONTRAST, "explanation_images": 4, "feedback": ["training"]}
    if policy == "expected_gain":
        task["explanation_features"] = None
    _, content, feedback = take(app, study(tmp_path, task, policy=named))
    items = [row["item"]["stimulus"] for row in rows(app, Trial)]
    tested = set(items[8:])
    for place, told in zip(items[:8], feedback, strict=False):
        label = content.stimuli[place].label
        chosen = next(name for name in content.labels if name != label)
        explanation = told["explanation"]
        own = shown_places(app, explanation["images"])
        other = shown_places(app, explanation["other_images"])
        assert own == nearest_by_hand(content, place, label, tested, 4)
        assert other == nearest_by_hand(content, place, chosen, tested, 4)
        assert (explanation["kind"], len(other)) == ("contrast", 4)
    assert feedback[8:] == [None] * 4


@SQLITE
@pytest.mark.parametrize("kind", KINDS)
def test_the_session_page_and_the_preview_show_what_feedback_shows(
    app: Flask, tmp_path: Path, kind: str
) -> None:
    walker, content, feedback = take(app, write_explained(tmp_path / "studies/tiny", kind, 1))
    walker.finish()
    name = rows(app, Session)[0]["public_id"]
    reader = researcher(app, "viewer")
    page = reader.get(f"/studies/tiny/participants/{name}").text
    assert page.count('class="explained-images"') == 4  # not the test
    assert "explanation_images" not in page and "Explanation images" not in page
    with app.app_context():
        one = detail.read_one(host(), 1, reader.user, see_ids=False)
        moments = detail.moments(host(), one, 0, 9)
        seed = rows(app, Session)[0]["seed"]
        drawn = previews.trials(host(), 1, content, "default", seed, 9)
    for moment, told in zip(moments, feedback, strict=True):
        if told is None:
            assert moment.explained is None
            continue
        assert moment.explained is not None
        shown = told["explanation"]
        assert moment.explained.kind == shown["kind"] == kind
        assert list(moment.explained.own) == shown_places(app, shown["images"])
        assert list(moment.explained.other) == shown_places(app, shown["other_images"])
        assert moment.explained.label == told["label"] != moment.explained.answered
    # The preview of the same seed shows the same trials, each after some wrong answer.
    assert [each.explained is None for each in drawn] == [False] * 4 + [True]
    for moment, each in zip(moments[:4], drawn, strict=False):
        assert moment.explained is not None and each.explained is not None
        assert each.explained.own == moment.explained.own
        assert each.explained.answered != each.explained.label == moment.explained.label
    text = reader.get(f"/studies/tiny/versions/preview?seed={seed}&n=5").text
    assert text.count("After the wrong answer") == 4


@SQLITE
def test_right_answers_get_plain_feedback(app: Flask, tmp_path: Path) -> None:
    open_study(app, study(tmp_path, CONTRAST))
    with app.app_context():
        content = frozen(1)
    walker = Walker(app.test_client()).start()
    label = content.stimuli[rows(app, Trial)[0]["item"]["stimulus"]].label
    reply = walker.answer({"ranking": [label]})
    assert reply["feedback"] == {"correct": True, "label": label, "duration_ms": 0}


@SQLITE
def test_the_same_answer_sent_again_gets_the_same_explanation(app: Flask, tmp_path: Path) -> None:
    open_study(app, study(tmp_path, CONTRAST))
    with app.app_context():
        content = frozen(1)
    walker = Walker(app.test_client()).start()
    answer = wrong(app, content, 0)
    first, again = walker.post(0, answer), walker.post(0, answer)
    assert first.json["feedback"]["explanation"]["images"]
    assert again.json["feedback"] == first.json["feedback"]


@SQLITE
def test_a_trial_tells_nothing_of_its_explanation(app: Flask, tmp_path: Path) -> None:
    open_study(app, study(tmp_path, CONTRAST))
    walker = Walker(app.test_client()).start()
    assert set(walker.trial["show"]) == {"image", "classes", "rank"}
    assert walker.trial["images"] == [walker.trial["show"]["image"]]
    listed = walker.api("GET", "/session/images").json
    assert len(listed["images"]) == 12  # those of the trials


@SQLITE
def test_what_was_shown_is_exported(app: Flask, tmp_path: Path) -> None:
    _, content, feedback = take(app, study(tmp_path, CONTRAST))
    with app.app_context():
        export_study(host(), "tiny", tmp_path / "out", ("csv",))
    trials = read_tables(tmp_path / "out").trials
    ids = {stimulus.place: stimulus.stimulus_id for stimulus in content.stimuli}
    for row, told in zip(trials.to_dict("records"), feedback, strict=True):
        if told is None:
            assert not isinstance(row["explanation"], str)
            continue
        assert row["explanation"] == "contrast"
        for column, name in (
            ("explanation_images", "images"),
            ("explanation_other_images", "other_images"),
        ):
            places = shown_places(app, told["explanation"][name])
            assert row[column].split("|") == [ids[place] for place in places]


@SQLITE
def test_a_grid_shows_the_listed_images_but_for_those_of_the_test(
    app: Flask, tmp_path: Path
) -> None:
    folder = study(tmp_path, {"explanation": "grid", "rank": 1})

    def change(listed: list[dict[str, str]]) -> None:
        files = [row["file"] for row in listed]
        for number, row in enumerate(listed):
            row["grid"] = ";".join([*files[number:], *files[:number]])

    _, content, feedback = take(app, relist(folder, change))
    items = [row["item"]["stimulus"] for row in rows(app, Trial)]
    for place, told in zip(items[:8], feedback, strict=False):
        count = len(content.stimuli)
        order = [(place + step) % count for step in range(1, count)]
        expected = [each for each in order if each not in items[8:]][:9]
        assert shown_places(app, told["explanation"]["images"]) == expected
        assert told["explanation"]["other_images"] == []


@SQLITE
def test_a_mask_is_shown_where_an_image_has_one(app: Flask, tmp_path: Path) -> None:
    folder = with_mask(study(tmp_path, {"explanation": "mask", "rank": 1}))
    _, content, feedback = take(app, folder)
    items = [row["item"]["stimulus"] for row in rows(app, Trial)]
    mask = len(content.stimuli) - 1
    assert mask not in items
    for place, told in zip(items[:8], feedback, strict=False):
        explanation = told.get("explanation")
        assert (explanation is not None) == (place < 2)
        if explanation:
            assert shown_places(app, explanation["images"]) == [mask]


@SQLITE
def test_each_condition_has_its_own_explanation(app: Flask, tmp_path: Path) -> None:
    conditions = [{"name": "plain", "task": {"explanation": "none"}}, {"name": "contrast"}]
    folder = study(tmp_path, CONTRAST, conditions=conditions)
    version = open_study(app, folder)
    with app.app_context():
        tasks = [host().task(version, name) for name in ("plain", "contrast")]
        found = [task.parameters.explanation for task in tasks]
    assert found == ["none", "contrast"]


def faults_of(folder: Path) -> str:
    with pytest.raises(StudyFault) as fault:
        load_study(folder)
    return str(fault.value)


def test_explanations_that_cannot_be_shown_are_faults(tmp_path: Path) -> None:
    unnamed = {**CONTRAST, "explanation_features": None}
    assert "explanation_features: found nothing" in faults_of(study(tmp_path / "a", unnamed))
    unknown = {**CONTRAST, "explanation_features": "z_"}
    assert "numeric columns are: size" in faults_of(study(tmp_path / "b", unknown))
    silent = {**CONTRAST, "feedback": []}
    assert "task.feedback: found no phase" in faults_of(study(tmp_path / "c", silent))
    grid = {"explanation": "grid"}
    assert "a column grid with files" in faults_of(study(tmp_path / "d", grid))


def test_masks_that_do_not_fit_are_faults(tmp_path: Path) -> None:
    small = with_mask(study(tmp_path / "a", {"explanation": "mask"}), (16, 32))
    assert "found 16 x 32 pixels" in faults_of(small)
    labelled = study(tmp_path / "b", {"explanation": "mask"})

    def change(listed: list[dict[str, str]]) -> None:
        for row in listed:
            row["mask"] = listed[0]["file"]

    assert "without a label" in faults_of(relist(labelled, change))
