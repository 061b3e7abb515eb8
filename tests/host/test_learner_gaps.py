"""The dashboard's figure of what learners do not see, beside the page of the exported tables."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from support.figure_sessions import exported, running
from support.recount import recount, tallied
from support.tiny_studies import category_study
from support.walker import Walker, link, open_study

from diptych.authoring import load_study
from diptych.counts import tallies
from diptych.figures import figures_of
from diptych.ground.database import reading
from diptych.study.versions import current_version
from diptych_analysis.learner_page.knowledge import trace_lesson
from diptych_analysis.learner_page.lessons import read_lessons

TASK = {"explanation_features": ["size"], "rank": 1}
CONFUSED = {"Agara", "Bari"}


@pytest.fixture
def app(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Flask]:
    with running(tmp_path, migrated_sqlite) as made:
        yield made


def take(app: Flask, truth: dict[str, str], number: int, *, confused: bool) -> None:
    """A simulated participant who is right, or who does not tell two of the classes apart."""
    rng = random.Random(number)
    person = Walker(app.test_client())
    person.enter(participant=f"p{number}", **link(app, "simulate", "tiny"))
    person.take("consent", agreed=True).take("instructions", read_ms=20_000)
    with app.app_context():
        from diptych.host import host

        images = host().images
    while person.step_name == "trials":
        read = images.read(person.trial["show"]["image"].rpartition("/")[2])
        assert read is not None
        label = truth[str(read[1])]
        if confused and label in CONFUSED:
            label = rng.choice(sorted(CONFUSED))
        person.answer({"ranking": [label]})
    person.take("debrief")


def test_studies_without_features_do_not_have_it(tmp_path: Path) -> None:
    def names(changes: dict[str, object]) -> list[str]:
        folder = category_study(tmp_path / f"s{len(str(changes))}", changes=changes)
        return [figure.name for figure in figures_of(load_study(folder).content)]

    assert "learner-gaps" not in names({})
    assert "learner-gaps" in names({"task": TASK})
    assert "learner-gaps" in names({"policy": {"name": "expected_gain", "features": "size"}})


@pytest.mark.slow
def test_the_figure_counts_what_the_page_says(app: Flask, tmp_path: Path) -> None:
    changes = {"task": TASK, "phases": {"training": 48, "test": 6}}
    folder = category_study(tmp_path / "studies/tiny", per_class=20, changes=changes)
    open_study(app, folder)
    content = load_study(folder).content
    truth = {str(stimulus.place): stimulus.label for stimulus in content.stimuli}
    for number in range(4):
        take(app, truth, number, confused=number < 3)
    assert tallied(app, "tiny") == recount(app, "tiny")
    (figure,) = [each for each in figures_of(content) if each.name == "learner-gaps"]
    with app.app_context(), reading() as connection:
        study = current_version("tiny")[0]
        _, counts = tallies.read(connection, study, "simulated", "all", "learner-gaps")
    frame = figure.frame(counts, content)
    lessons = read_lessons(exported(app, "tiny", tmp_path / "out"), features=("size",))
    gaps = Counter(trace_lesson(lessons, each).gap for each in lessons.lessons)
    found = {("" if row["kind"] == "none" else row["gap"]): row["learners"]
             for row in frame.to_dict("records")}  # fmt: skip
    assert found == gaps
    # Simulated people see the same trials each time, so this does not hang on chance.
    assert found == {"Agara or Bari": 3, "": 1}
    assert set(frame["of"]) == {4}
    assert frame["share"].sum() == pytest.approx(1)
