"""Sessions under level policies: every task, two hosts, rebuilt from seed and answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from support.judged_studies import comparison_study, estimation_study, identify_study
from support.tiny_studies import category_study, odd_one_out_study, two_afc_study
from support.walker import Walker, first_choice, open_study, rows

from diptych.app import create_app
from diptych.ground.settings import Settings
from diptych.host import generator
from diptych.models import Response, Session, Trial
from diptych.policies.quest_plus import tables
from diptych.study.versions import frozen
from diptych.tasks import Answered, PlannedTrial

STUDIES = {
    "category_learning": (category_study, "size", {"training": 8, "test": 8}),
    "two_afc": (two_afc_study, "margin", {"practice": 2, "test": 12, "catch": 1}),
    "comparison": (comparison_study, "number", {"practice": 1, "test": 12, "catch": 1}),
    "estimation": (estimation_study, "number", {"practice": 1, "test": 12, "catch": 1}),
    "identify": (identify_study, "before", {"practice": 1, "test": 12, "catch": 1}),
    "odd_one_out": (odd_one_out_study, "hard", {"practice": 1, "test": 12, "catch": 1}),
}
#: Levels at which staircases start, where 1 is none.
STARTS = {"category_learning": 6, "comparison": 12, "identify": 3}
POLICIES: dict[str, dict[str, Any]] = {
    "constant_stimuli": {},
    "quest_plus": {"widths": [0.2, 1.0], "guess": 0.5},
    "staircase": {"start": 1, "steps": [0.5, 0.2]},
}


def opened(app: Flask, folder: Path, task: str, policy: str) -> None:
    write, attribute, phases = STUDIES[task]
    given = {"name": policy, "attribute": attribute, **POLICIES[policy]}
    if policy == "staircase":
        given["start"] = STARTS.get(task, 1)
    open_study(app, write(folder / "tiny", changes={"policy": given, "phases": phases}))


def rebuilt(app: Flask) -> list[Any]:
    """The items of the one session, chosen anew from its seed and answers."""
    session, host = rows(app, Session)[0], app.extensions["diptych"]
    answers = rows(app, Response)
    with app.app_context():
        task = host.task(session["version_id"], session["condition"])
        policy = host.policy(frozen(session["version_id"]), session["condition"])
        plan = task.plan(policy, generator(session["seed"], "plan"))
        read, history = task.response_of("person").model_validate, []
        items = []
        for index, (trial, answer) in enumerate(zip(plan, answers, strict=True)):
            item = trial.item or task.choose(
                trial.phase, policy, history, generator(session["seed"], f"trial {index}")
            )
            items.append(item)
            shown = PlannedTrial(trial.phase, item)
            stored = Answered(read(answer["answer"]), answer["correct"], answer["rt_ms"])
            history.append(task.past(shown, stored))
    return items


@pytest.mark.slow
@pytest.mark.parametrize("policy", sorted(POLICIES))
@pytest.mark.parametrize("task", sorted(STUDIES))
@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_two_hosts_take_turns_and_the_session_can_be_rebuilt(
    app: Flask, settings: Settings, tmp_path: Path, task: str, policy: str
) -> None:
    opened(app, tmp_path / "studies", task, policy)
    other = create_app(settings)
    walker = Walker(app.test_client()).start()
    turn = 0
    while walker.step_name == "trials":
        walker.client = (app, other)[turn % 2].test_client()
        before = walker.trial
        assert walker.load().trial == before
        walker.answer(right(app, walker) if walker.trial["phase"] == "practice" else None)
        turn += 1
    planned = [row["item"] for row in rows(app, Trial)]
    assert None not in planned
    tables.cache_clear()
    fresh = create_app(settings)
    assert rebuilt(fresh) == planned


def right(app: Flask, walker: Walker) -> dict[str, Any]:
    """A right answer, so that practice passes."""
    item = rows(app, Trial)[walker.trial["index"]]["item"]
    if walker.trial["task"] == "two_afc":
        return {"choice": "top" if item["top"] == "positive" else "bottom", "confidence": 3}
    if walker.trial["task"] != "odd_one_out":
        return first_choice(walker.trial)  # practice of these passes whatever the answers
    return {"choice": 0}
