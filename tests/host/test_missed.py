"""Trials whose deadline passed: stored as missed, never as an answer, and scored as not right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from flask import Flask
from support.dashboard import researcher
from support.figure_sessions import exported
from support.tiny_studies import category_study, odd_one_out_study, two_afc_study
from support.walker import TIMING, Walker, error_code, first_choice, open_study, rows

from diptych import models
from diptych.counts.measures import measures
from diptych.domain.tables import SESSIONS
from diptych.ground.database import reading
from diptych.host import host
from diptych.sessions.facts import SessionFacts, facts
from diptych.study.content import StudyContent
from diptych.study.versions import frozen

MISSED = {"missed": True}
LATE = {**TIMING, "rt_ms": 2003.5, "answered_ms": 3003.5}
DEADLINE = {"timing": {"deadline_ms": 2000}}
SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])
#: What a page counts of a trial with 250 ms of display and 100 ms of mask.
COUNTED = {
    "fixation_onset_ms": 500.5, "display_offset_ms": 1250.25, "display_frames": 15,
    "mask_onset_ms": 1250.25, "mask_offset_ms": 1350.25, "timing_fault": False,
}  # fmt: skip


@pytest.fixture
def opened(app: Flask, tmp_path: Path) -> Path:
    folder = category_study(
        tmp_path / "studies/tiny",
        changes={**DEADLINE, "task": {"feedback": ["training", "test"]}},
    )
    open_study(app, folder)
    return folder


def miss(walker: Walker) -> dict[str, Any]:
    """Let the deadline of the current trial pass; the reply."""
    reply = walker.post(walker.trial["index"], MISSED, timing=LATE)
    assert reply.status_code == 200, reply.text
    walker.state = reply.json["next"]
    body: dict[str, Any] = reply.json
    return body


def facts_of(app: Flask, walker: Walker) -> SessionFacts:
    with app.app_context(), reading() as connection:
        of_this = SESSIONS.c.public_id == walker.public_id
        number = connection.execute(SESSIONS.select().where(of_this)).one().id
        return facts(host(), connection, number)


def content_of(app: Flask) -> StudyContent:
    with app.app_context():
        return frozen(rows(app, models.Session)[0]["version_id"])


def trials_of(app: Flask, walker: Walker, to: Path) -> pd.DataFrame:
    trials = exported(app, "tiny", to).trials
    return trials[trials["session_id"] == walker.public_id].set_index("trial_index")


def test_a_missed_trial_is_stored_once_and_the_next_one_follows(app: Flask, opened: Path) -> None:
    ada = Walker(app.test_client()).start()
    reply = miss(ada)
    assert reply["feedback"] is None
    assert ada.trial["index"] == 1
    assert ada.post(0, MISSED, timing=LATE).json == reply  # sent again: the same reply
    (stored,) = rows(app, models.Response)
    assert stored["answer"] == MISSED
    assert error_code(ada.post(0, first_choice(ada.trial))) == "already_answered"
    assert stored["correct"] is False


def test_an_answer_cannot_be_called_missed_afterwards(app: Flask, opened: Path) -> None:
    ada = Walker(app.test_client()).start()
    ada.answer()
    assert error_code(ada.post(0, MISSED, timing=LATE)) == "already_answered"


@pytest.mark.parametrize(
    "response", [{"missed": False}, {"missed": 1}, {"missed": None}, {**MISSED, "ranking": ["A"]}]
)
@SQLITE
def test_nothing_else_is_missed(app: Flask, opened: Path, response: dict[str, Any]) -> None:
    ada = Walker(app.test_client()).start()
    assert error_code(ada.post(0, response, timing=LATE)) == "invalid"
    assert rows(app, models.Response) == []


@SQLITE
def test_without_a_deadline_nothing_can_be_missed(app: Flask, tmp_path: Path) -> None:
    open_study(app, category_study(tmp_path / "studies/tiny"))
    ada = Walker(app.test_client()).start()
    reply = ada.post(0, MISSED, timing=LATE)
    assert error_code(reply) == "invalid"
    assert "response.missed" in reply.json["error"]["fields"]


def test_the_tables_tell_it_from_an_answer(app: Flask, opened: Path, tmp_path: Path) -> None:
    ada = Walker(app.test_client()).start()
    miss(ada)
    choice = first_choice(ada.trial)
    assert ada.post(1, choice, timing={**TIMING, **COUNTED}).status_code == 200
    ada.load()
    trials = trials_of(app, ada, tmp_path / "out")
    assert trials["missed"].tolist()[:3] == [True, False, pd.NA]
    missed, answered = trials.loc[0], trials.loc[1]
    for empty in ("response", "response_ranking", "correct", "rt_ms"):
        assert pd.isna(missed[empty])
        assert not pd.isna(answered[empty])
    assert missed["display_onset_ms"] == TIMING["onset_ms"]
    assert not pd.isna(missed["responded_at"])
    assert answered[list(COUNTED)].to_dict() == COUNTED
    assert missed[list(COUNTED)].isna().all()


def test_scores_count_it_as_not_right(app: Flask, opened: Path) -> None:
    ada = Walker(app.test_client()).start()
    labels = [trial["label"] for trial in facts_of(app, ada).trials]

    def right(trial: dict[str, Any]) -> dict[str, Any]:
        label = labels[trial["index"]]
        return {"ranking": [label, *({"Agara", "Bari", "Cooka"} - {label})][:2]}

    for index in range(6):
        if index in (1, 4):
            miss(ada)
        else:
            ada.answer(right(ada.trial))
    assert ada.state["content"]["score"] == {"correct": 1, "of": 2}  # of the test
    known = facts_of(app, ada)
    assert [trial["trial_index"] for trial in known.missed] == [1, 4]
    assert len(known.counted) == len(known.answered) == 4
    assert sorted(known.scored) == [False] * 2 + [True] * 4
    assert measures(known).score == pytest.approx(4 / 6)
    assert measures(known).median_rt_ms == TIMING["rt_ms"]
    (session,) = rows(app, models.Session)
    assert (session["n_correct"], session["n_counted"]) == (4, 6)


@SQLITE
def test_the_dashboard_names_it(app: Flask, opened: Path) -> None:
    ada = Walker(app.test_client()).start()
    miss(ada)
    ada.answer()
    page = researcher(app, "viewer").get(f"/studies/tiny/participants/{ada.public_id}")
    assert page.status_code == 200
    assert page.text.count(">missed<") == 1


@SQLITE
def test_what_has_no_right_answer_is_missed_without_a_score(app: Flask, tmp_path: Path) -> None:
    open_study(app, odd_one_out_study(tmp_path / "studies/tiny", changes=DEADLINE))
    ada = Walker(app.test_client()).start()
    told = {}
    while ada.step_name == "trials":
        index = ada.trial["index"]
        miss(ada)
        told[index] = rows(app, models.Response, trial_index=index)[0]["correct"]
    for trial in facts_of(app, ada).trials:
        right = trial["label"]
        assert told[trial["trial_index"]] is (None if right is None else False)


@SQLITE
def test_a_practice_with_a_missed_trial_is_not_passed(app: Flask, tmp_path: Path) -> None:
    open_study(app, two_afc_study(tmp_path / "studies/tiny", changes=DEADLINE))
    ada = Walker(app.test_client()).start()
    before = ada.state["progress"]["of"]
    while ada.trial["phase"] == "practice" and ada.state["progress"]["of"] == before:
        miss(ada)
    assert ada.trial["phase"] == "practice"
    assert ada.state["progress"]["of"] > before


@SQLITE
@pytest.mark.parametrize("policy", ["staircase", "quest_plus"])
def test_an_adaptive_policy_sees_it_as_not_right(app: Flask, tmp_path: Path, policy: str) -> None:
    more = {"start": 1, "steps": [0.5, 0.2]} if policy == "staircase" else {"widths": [0.2, 1.0]}
    given = {"name": policy, "attribute": "margin", **more}
    phases = {"practice": 2, "test": 6, "catch": 1}
    changes = {**DEADLINE, "policy": given, "phases": phases, "task": {"practice_attempts": 9}}
    if policy == "quest_plus":
        given["guess"] = 0.5
    open_study(app, two_afc_study(tmp_path / "studies/tiny", changes=changes))
    ada = Walker(app.test_client()).start()
    while ada.trial["phase"] == "practice":
        right = facts_of(app, ada).trials[ada.trial["index"]]["label"]
        ada.answer({"choice": right, "confidence": 2})
    while ada.step_name == "trials":
        miss(ada)
    margin = {name: item.attributes["margin"] for name, item in content_of(app).items.items()}
    levels = [
        margin[trial["item_id"]] for trial in facts_of(app, ada).trials if trial["phase"] == "test"
    ]
    assert len(levels) == 6
    assert levels[-1] >= levels[0]  # harder trials are not what follows a miss


@SQLITE
def test_quality_rules_see_it(app: Flask, tmp_path: Path) -> None:
    rules = {"quality": {"max_missed_share": 0.5, "min_catch_accuracy": 0.9}}
    task = {"task": {"practice_hard": 0}, "phases": {"practice": 0}}
    open_study(app, two_afc_study(tmp_path / "studies/tiny", changes={**DEADLINE, **rules, **task}))
    ada = Walker(app.test_client()).start()
    while ada.step_name == "trials":
        miss(ada)
    found = {row["rule"]: row for row in rows(app, models.QualityResult)}
    assert found["max_missed_share"]["value"] == 1 and found["max_missed_share"]["flagged"]
    assert found["min_catch_accuracy"]["value"] == 0
    assert "0 of 1 catch trial right" in found["min_catch_accuracy"]["evidence"]


@SQLITE
@pytest.mark.parametrize("wrong", [-1, "x", float("nan"), [1.0]])
@pytest.mark.parametrize("name", ["display_frames", "mask_onset_ms", "timing_fault"])
def test_times_that_cannot_be_are_refused(
    app: Flask, opened: Path, name: str, wrong: object
) -> None:
    ada = Walker(app.test_client()).start()
    reply = ada.post(0, first_choice(ada.trial), timing={**TIMING, name: wrong})
    assert reply.status_code == 422
