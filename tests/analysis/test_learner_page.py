"""The page about learners: what is traced, which gap is named, and what the page holds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from support.gap_lessons import gap_tables

from diptych.cli import cli
from diptych_analysis.learner_page.knowledge import concept, trace_lesson
from diptych_analysis.learner_page.lessons import LessonFault, Lessons, read_lessons
from diptych_analysis.learner_page.page import PageOptions, write_learner_page
from diptych_analysis.learner_page.warning import warnings_of
from diptych_analysis.tables import Tables, write_tables
from diptych_analysis.teaching.learners import FAMILIES
from diptych_analysis.teaching.live import Deadline, rebuild, scaled

PLANTED = (("exemplar", "attribute"), ("exemplar", "none"), ("exemplar", "pair"))


@pytest.fixture(scope="module")
def tables() -> Tables:
    return gap_tables(PLANTED, seed=1)


@pytest.fixture(scope="module")
def lessons(tables: Tables) -> Lessons:
    return read_lessons(tables)


def test_lessons_hold_what_the_tables_hold(tables: Tables, lessons: Lessons) -> None:
    assert lessons.classes == ("A0", "A1", "B0", "B1")
    assert sorted(lessons.attributes) == ["colour", "size"]
    assert lessons.feature_names == tuple(f"z_{k}" for k in range(6))
    rows = tables.trials[tables.trials["session_id"] == "s001"]
    lesson = lessons.lesson("s001")
    for row, trial in zip(rows.itertuples(), lesson.trials, strict=True):
        assert lessons.classes[trial.label] == row.label
        assert trial.response is not None and lessons.classes[trial.response] == row.response
        assert trial.feedback == (row.phase == "training")
        image = tables.stimuli.iloc[trial.image]
        assert image["stimulus_id"] == row.stimulus_id
        assert lessons.files[trial.image] == image["file"]
    assert lesson.right == pytest.approx(float(rows["correct"].astype(float).mean()))


def test_missed_trials_teach_nothing(tables: Tables) -> None:
    trials = tables.trials.copy()
    missed = trials.index[3]
    trials.loc[missed, ["response", "correct"]] = pd.NA
    trials.loc[missed, "missed"] = True
    changed = Tables(tables.sessions, trials, tables.stimuli, extras=tables.extras)
    trial = read_lessons(changed).lesson("s000").trials[3]
    assert (trial.response, trial.feedback) == (None, False)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"features": ("q_",)}, "numeric columns are: z_0, z_1"),
        (
            {"attributes": ("shape",)},
            "no attribute 'shape' in the table stimuli; there are: colour",
        ),
    ],
)
def test_columns_that_are_missing_are_named(
    tables: Tables, given: dict[str, Any], words: str
) -> None:
    with pytest.raises(LessonFault, match=re.escape(words)):
        read_lessons(tables, **given)


def test_a_session_is_found_by_the_beginning_of_its_id(lessons: Lessons) -> None:
    assert lessons.lesson("s002").session == "s002"
    with pytest.raises(LessonFault, match="3 sessions begin with 's00'"):
        lessons.lesson("s00")
    with pytest.raises(LessonFault, match="no session begins with 'x'"):
        lessons.lesson("x")


def test_planted_gaps_are_named(lessons: Lessons) -> None:
    named = [trace_lesson(lessons, each).gap for each in lessons.lessons]
    assert named == ["colour", "", "B0 or B1"]


def test_without_a_gap_the_page_traces_as_the_host_does(lessons: Lessons) -> None:
    lesson = lessons.lesson("s001")
    found = trace_lesson(lessons, lesson)
    late = Deadline.after(1e9)
    images = np.arange(len(lessons.files))
    for trials in (0, 7, 60):
        traced = rebuild(scaled(lessons.features), 4, lesson.trials[:trials], "mixed", late)
        p = traced.probabilities(images)
        right = [
            np.mean([p[n, label] for n in images if lessons.labels[n] == label])
            for label in range(4)
        ]
        np.testing.assert_allclose(found.right[trials], right, rtol=1e-12)
    np.testing.assert_allclose(found.predicted, p, rtol=1e-12)
    np.testing.assert_allclose(found.right[0], 0.25, atol=0.02)


def test_a_learner_with_a_gap_is_expected_to_confuse_what_they_do_not_see(lessons: Lessons) -> None:
    blind, _, pair = (trace_lesson(lessons, each) for each in lessons.lessons)
    # Colour is A or B: who does not see it takes A0 for B0 as often as B0 for B0.
    confused = blind.confusions(lessons)
    np.testing.assert_allclose(confused.sum(1), 1, rtol=1e-9)
    assert confused[0, 2] + confused[2, 0] > 0.6 > confused[0, 3] + confused[2, 1] + 0.3
    confused = pair.confusions(lessons)
    np.testing.assert_allclose(confused[2:, 2], confused[2:, 3], rtol=1e-9)


def test_the_concept_shows_images_of_each_side(lessons: Lessons) -> None:
    found = trace_lesson(lessons, lessons.lesson("s000"))
    groups = list(concept(lessons, found))
    assert [group.name for group in groups] == ["colour blue", "colour red"]
    p = found.predicted[np.arange(len(lessons.labels)), lessons.labels]
    for group, level in zip(groups, ("blue", "red"), strict=True):
        own = [n for n in range(len(p)) if lessons.attributes["colour"][n] == level]
        assert list(group.images) == sorted(own, key=lambda n: (p[n], n))[:9]
    assert list(concept(lessons, trace_lesson(lessons, lessons.lesson("s001")))) == []


@pytest.mark.slow
def test_the_page_loads_nothing_and_escapes_names(tables: Tables, tmp_path: Path) -> None:
    trials = tables.trials.copy()
    hostile = "<script>alert(1)</script>"
    trials.loc[trials["session_id"] == "s000", "participant_id"] = hostile
    changed = Tables(tables.sessions, trials, tables.stimuli, extras=tables.extras, name="discs")
    traced: list[int] = []
    page = write_learner_page(changed, tmp_path, PageOptions("s000"), traced.append)
    text = page.read_text(encoding="utf-8")
    assert traced == [1, 1, 1]
    assert hostile not in text and "&lt;script&gt;" in text
    markup = re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)\s*=", markup)
    assert "does not see the attribute <b>colour</b>" in text
    assert "is <b>simulated</b>" in text
    assert "No early warning: 3 completed sessions; it needs 10" in text
    assert "Why an image was chosen" not in text


@pytest.mark.slow
def test_scores_of_candidates_are_shown_where_the_data_have_them(
    tables: Tables, tmp_path: Path
) -> None:
    choices = pd.DataFrame(
        [
            {"session_id": session, "trial_index": 6, "candidate": f"{n}.png", "label": "A0",
             "chosen": n == 1, "score": score}
            for session in ("s000", "s001")
            for n, score in enumerate((0.5, 0.75, None))
        ]
    )  # fmt: skip
    changed = Tables(tables.sessions, tables.trials, tables.stimuli, extras=tables.extras)
    vars(changed)["choices"] = choices  # an older data set has no such table
    page = write_learner_page(changed, tmp_path, PageOptions("s001"))
    text = page.read_text(encoding="utf-8")
    assert "Candidates of trial 7 by their score" in text
    assert "1.png" in text and "2.png" not in text


@pytest.mark.slow
def test_early_warning_judges_learners_by_others() -> None:
    planted = [(family, gap) for family in FAMILIES for gap in ("none", "attribute")] * 2
    tables = gap_tables(planted, seed=3)
    warned, reason = warnings_of(tables)
    assert reason == ""
    assert set(warned["session_id"]) == set(tables.sessions["session_id"])
    # A learner's own test answers do not change what is said of them: only of the other half.
    changed = tables.trials.copy()
    own = (changed["session_id"] == "s000") & (changed["phase"] == "test")
    changed.loc[own, "response"] = changed.loc[own, "label"]
    again, _ = warnings_of(Tables(tables.sessions, changed, tables.stimuli, extras=tables.extras))

    def said(frame: pd.DataFrame) -> list[float]:
        return frame.loc[frame["session_id"] == "s000", "probability"].tolist()

    assert said(again) == said(warned)


@pytest.mark.slow
def test_a_study_without_a_test_gets_no_early_warning() -> None:
    tables = gap_tables([(family, "none") for family in FAMILIES] * 4, seed=3)
    taught = tables.trials[tables.trials["phase"] != "test"]
    warned, reason = warnings_of(Tables(tables.sessions, taught, tables.stimuli))
    assert warned.empty
    assert reason == "no answers in the phase test: there is nothing to predict"


@pytest.mark.slow
def test_the_command_writes_a_page_with_images(tmp_path: Path) -> None:
    tables = gap_tables(PLANTED, folder=tmp_path / "study")
    write_tables(tables, tmp_path / "out", ("csv",))
    arguments = ["learner", str(tmp_path / "out"), "--to", str(tmp_path / "page")]
    more = ["--session", "s000", "--images", str(tmp_path / "study")]
    reply = CliRunner().invoke(cli, arguments + more, catch_exceptions=False)
    assert reply.exit_code == 0, reply.output
    text = (tmp_path / "page/index.html").read_text(encoding="utf-8")
    assert text.count('src="data:image/webp;base64,') == 2
    refused = CliRunner().invoke(cli, [*arguments, "--features", "q_"])
    assert refused.exit_code == 1
    assert "numeric columns are: z_0" in refused.output
