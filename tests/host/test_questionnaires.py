"""Questions before and after the trials: asked once, checked, stored, exported, forgotten."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import default_rng
from pydantic import ValidationError
from support.tiny_studies import category_study
from support.walker import Walker, error_code, link, open_study, rows

from diptych import models
from diptych.export.tables import export_study
from diptych.host import host
from diptych.privacy.withdrawal import by_name, erase
from diptych.simulation.questionnaire import random_answer
from diptych.study.questionnaire import AnswerFaults, Asked, checked
from diptych_analysis.tables import read_tables

BEFORE = [
    {"id": "age", "type": "number", "text": "How old are you?", "min": 18, "max": 99},
    {"id": "work", "type": "text", "text": "What is your **work**?", "required": False},
    {"id": "eyes", "type": "choice", "text": "Glasses?", "options": ["yes", "no"]},
]
AFTER = [
    {
        "id": "mood",
        "type": "likert",
        "text": "How was it?",
        "rows": ["It was fun.", "It was long."],
        "options": ["no", "partly", "yes"],
    },
    {"id": "tools", "type": "choice", "text": "Which?", "options": ["a", "b", "c"],
     "multiple": True, "required": False},
    {"id": "sure", "type": "slider", "text": "How sure?", "min": 0, "max": 100,
     "ends": ["not", "very"]},
]  # fmt: skip
ANSWERS_BEFORE: dict[str, Any] = {"age": 31, "work": " baker\x00 ", "eyes": "no"}
ANSWERS_AFTER: dict[str, Any] = {
    "mood": {"It was long.": "yes", "It was fun.": "partly"},
    "tools": ["c", "a"],
    "sure": 71.5,
}


@pytest.fixture
def asking(app: Flask, tmp_path: Path) -> Flask:
    changes = {"questions_before": BEFORE, "questions_after": AFTER}
    open_study(app, category_study(tmp_path / "tiny", training=1, test=1, changes=changes))
    return app


def at_questions(app: Flask, **entry: str) -> Walker:
    walker = Walker(app.test_client()).enter(**entry).take("consent", agreed=True)
    assert walker.step_name == "questions_before"
    return walker


def whole(app: Flask, **entry: str) -> Walker:
    walker = at_questions(app, **entry).take("questions_before", answers=ANSWERS_BEFORE)
    walker.take("instructions", read_ms=1000).trials()
    return walker.take("questions_after", answers=ANSWERS_AFTER).take("debrief")


def test_the_page_shows_markdown_and_no_answer_is_lost(asking: Flask) -> None:
    walker = at_questions(asking)
    shown = walker.state["content"]["questions"]
    assert [each["id"] for each in shown] == ["age", "work", "eyes"]
    assert shown[1]["html"] == "<p>What is your <strong>work</strong>?</p>"
    assert walker.load().step_name == "questions_before", "a reload asks again"
    early = walker.step("instructions", read_ms=1)
    assert error_code(early) == "wrong_step"
    assert whole(asking, participant="a").step_name == "end"
    stored = {row["question_id"]: row["answer"] for row in rows(asking, models.QuestionAnswer)}
    assert stored == {
        "age": 31.0,
        "work": "baker",
        "eyes": "no",
        "mood": {"It was fun.": "partly", "It was long.": "yes"},
        "tools": ["a", "c"],
        "sure": 71.5,
    }


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"age": None}, {"age"}),
        ({"age": 17}, {"age"}),
        ({"age": "31"}, {"age"}),
        ({"age": 1e300}, {"age"}),
        ({"eyes": "maybe"}, {"eyes"}),
        ({"eyes": ["no"]}, {"eyes"}),
        ({"work": "x" * 1001}, {"work"}),
        ({"other": "x"}, {"other"}),
        ({"age": 1, "eyes": ""}, {"age", "eyes"}),
    ],
)
def test_wrong_answers_store_nothing(
    asking: Flask, changed: dict[str, Any], wrong: set[str]
) -> None:
    walker = at_questions(asking)
    refused = walker.step("questions_before", answers={**ANSWERS_BEFORE, **changed})
    assert (refused.status_code, set(refused.json["error"]["fields"])) == (422, wrong)
    assert rows(asking, models.QuestionAnswer) == []
    walker.take("questions_before", answers=ANSWERS_BEFORE)
    again = walker.step("questions_before", answers={**ANSWERS_BEFORE, "age": 50})
    assert again.status_code == 200, "a repeat changes nothing"
    stored = {row["question_id"]: row["answer"] for row in rows(asking, models.QuestionAnswer)}
    assert stored["age"] == 31.0


def test_the_tables_have_answers_and_a_codebook(asking: Flask, tmp_path: Path) -> None:
    whole(asking, participant="a")
    whole(asking, **link(asking, "simulate", "tiny"))
    with asking.app_context():
        export_study(host(), "tiny", tmp_path / "out", ("csv", "parquet"))
    found = read_tables(tmp_path / "out")
    person = found.answers[found.answers["participant_kind"] == "person"]
    cells = person[["page", "question_id", "row", "answer", "number"]].astype(object)
    told = cells.where(cells.notna(), None).values.tolist()
    assert sorted(told, key=lambda row: row[1:4] and str(row[1:4])) == sorted(
        [
            ["questions_before", "age", None, "31", 31.0],
            ["questions_before", "eyes", None, "no", 2.0],
            ["questions_before", "work", None, "baker", None],
            ["questions_after", "mood", "It was fun.", "partly", 2.0],
            ["questions_after", "mood", "It was long.", "yes", 3.0],
            ["questions_after", "sure", None, "71.5", 71.5],
            ["questions_after", "tools", None, "a", 1.0],
            ["questions_after", "tools", None, "c", 3.0],
        ],
        key=lambda row: str(row[1:4]),
    )
    book = found.questions
    assert list(dict.fromkeys(book["question_id"])) == ["age", "work", "eyes", "mood", "tools",
                                                         "sure"]  # fmt: skip
    assert (book["question_id"] == "mood").sum() == 6, "a row per statement and point"
    assert set(person["question_id"]) <= set(book["question_id"])


def test_a_withdrawal_deletes_the_answers(asking: Flask) -> None:
    walker = whole(asking, participant="a")
    whole(asking, participant="b")
    with asking.app_context():
        erase(host(), by_name(walker.public_id))
    left = {row["session_id"] for row in rows(asking, models.QuestionAnswer)}
    assert len(left) == 1


def test_a_machine_says_nothing_of_itself(asking: Flask) -> None:
    walker = at_questions(asking, **link(asking, "machine", "tiny"))
    walker.take("questions_before", answers={})
    assert walker.step_name == "instructions"
    assert rows(asking, models.QuestionAnswer) == []


@pytest.mark.parametrize(
    "keys",
    [
        {"type": "choice", "options": ["one"]},
        {"type": "choice", "options": ["same", "same"]},
        {"type": "choice"},
        {"type": "likert", "options": ["a", "b"]},
        {"type": "likert", "options": ["a", "b"], "rows": ["x", "x"]},
        {"type": "slider", "min": 0},
        {"type": "number", "min": 2, "max": 2},
        {"type": "text", "options": ["a", "b"]},
        {"type": "number", "lines": 2},
        {"type": "essay"},
        {"type": "text", "text": "![x](y.png)"},
        {"type": "text", "id": "Age"},
    ],
)
def test_wrong_questions_are_faults_of_the_study(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Asked.model_validate({"id": "q", "text": "Why?", **keys})


def test_an_id_is_used_once(app: Flask, tmp_path: Path) -> None:
    from diptych.authoring.folder import load_study
    from diptych.study.faults import StudyFault

    changes = {"questions_before": BEFORE, "questions_after": BEFORE[:1]}
    with pytest.raises(StudyFault, match="age"):
        load_study(category_study(tmp_path / "tiny", changes=changes))


QUESTIONS = st.sampled_from([Asked.model_validate(each) for each in (*BEFORE, *AFTER)])
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5)
    | st.sampled_from(["yes", "no", "a", "It was fun."]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner,
                                                                max_size=3),
    max_leaves=6,
)  # fmt: skip


@given(question=QUESTIONS, answer=JSON)
def test_what_is_accepted_is_accepted_again_unchanged(question: Asked, answer: Any) -> None:
    try:
        kept = checked([question], {question.id: answer})
    except AnswerFaults as fault:
        assert set(fault.faults) == {question.id}
    else:
        assert checked([question], kept) == kept
        assert kept or not question.required


@given(question=QUESTIONS, seed=st.integers(0, 1000))
def test_simulated_answers_are_accepted(question: Asked, seed: int) -> None:
    shown = question.model_dump(mode="json")
    assert checked([question], {question.id: random_answer(shown, default_rng(seed))})
