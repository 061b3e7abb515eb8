"""The contract of the participant's API: replies fit their models, and the page's types are new."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from support.described_studies import caption_study, point_study
from support.judged_studies import comparison_study, estimation_study, identify_study
from support.tiny_studies import category_study, odd_one_out_study, two_afc_study
from support.walker import Walker, first_choice, open_study

from diptych.study.timing import TrialTiming
from diptych.web.contract import Answered, EnteredState, State
from diptych.web.step_contents import Trial

ROOT = Path(__file__).parents[2]
SQLITE = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.mark.parametrize(
    "make",
    [
        category_study,
        two_afc_study,
        odd_one_out_study,
        comparison_study,
        estimation_study,
        identify_study,
        caption_study,
        point_study,
    ],
)
@SQLITE
def test_replies_fit_their_models(app: Flask, tmp_path: Path, make: Callable[..., Path]) -> None:
    open_study(app, make(tmp_path / "studies/tiny"))
    walker = Walker(app.test_client()).start()
    entered, *steps = (reply.json for reply in walker.sent)
    assert EnteredState.model_validate(entered).model_dump(exclude_unset=True) == entered
    for step in steps:
        assert State.model_validate(step).model_dump(exclude_unset=True) == step
    trial = walker.trial
    assert Trial.model_validate(trial).root.show.__class__.__name__ != "dict"
    reply = walker.post(0, first_choice(trial)).json
    assert Answered.model_validate(reply).model_dump(exclude_unset=True) == reply


def test_a_trial_of_another_package_may_show_anything() -> None:
    trial: dict[str, Any] = {
        "index": 0, "phase": "test", "task": "theirs", "show": {"any": 1}, "images": [],
        "notice": None, "timing": TrialTiming.model_validate({}).document(7, ""),
    }  # fmt: skip
    assert Trial.model_validate(trial).model_dump() == trial


@pytest.mark.slow
def test_the_types_of_the_page_are_those_of_the_host() -> None:
    made = runpy.run_path(str(ROOT / "docs/make_contract.py"))
    written = made["TARGET"].read_text(encoding="utf-8")
    assert written == made["types"](), "run `make contract`"
