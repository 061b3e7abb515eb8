"""A session of the policy `mastery` ends when all classes are mastered."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from support.teaching import CLASSES, POOL, made, past
from support.tiny_studies import category_study
from support.walker import Walker, open_study, rows

from diptych.export.tables import export_study
from diptych.host import host
from diptych.journey.previews import trials as previewed
from diptych.models import Response, Session, Trial
from diptych.policies import EarlierPart, Past
from diptych.policies.narrowed import Shown, narrowed
from diptych.study.versions import frozen
from diptych_analysis.tables import read_tables

#: Two right answers master a class, a wrong one does not.
QUICK = {"name": "mastery", "threshold": 0.9, "start": 0.3, "learn": 0.4, "min_answers": 0}
GIVEN = {key: value for key, value in QUICK.items() if key != "name"}


@given(answers=st.lists(st.tuples(st.integers(0, 8), st.booleans()), max_size=25))
@settings(deadline=None, max_examples=60)
def test_the_policy_is_finished_when_each_class_is_known(answers: list[tuple[int, bool]]) -> None:
    policy: Any = made("mastery", **GIVEN)
    other = {"A": "B", "B": "C", "C": "A"}
    history = [
        past(POOL[n], POOL[n].group if right else other[POOL[n].group]) for n, right in answers
    ]
    least = min(policy.known(group, history) for group in CLASSES)
    assert policy.is_finished(POOL, history) == (least >= 0.9)
    assert not made("mastery", stop=False).is_finished(POOL, history)
    assert not made("leitner").is_finished(POOL, history)


def answers_of(*counts: int) -> list[Past]:
    """Right answers, so many to each class."""
    places = [number for number, count in enumerate(counts) for _ in range(count)]
    return [past(POOL[number], CLASSES[number]) for number in places]


@given(
    counts=st.tuples(*[st.integers(0, 4)] * len(CLASSES)),
    fewest=st.integers(0, 4),
    tested=st.integers(0, 3),
)
@settings(deadline=None, max_examples=60)
def test_a_part_ends_after_enough_answers_to_each_class_in_itself(
    counts: tuple[int, ...], fewest: int, tested: int
) -> None:
    policy = made("mastery", **{**GIVEN, "min_answers": fewest})
    policy.earlier = [EarlierPart(tuple(answers_of(6, 6, 6)), 86_400.0)]
    history = answers_of(*counts)
    assert policy.is_finished(POOL, history) == (min(counts) >= fewest)
    # A trial without an answer that is right or wrong is none of them.
    unknown = [Past(POOL[0], "test") for _ in range(tested)]
    assert policy.is_finished(POOL, history + unknown) == (min(counts) >= fewest)
    # Which class comes next follows the same rule: the first one with too few answers.
    few = [name for name, count in zip(CLASSES, counts, strict=True) if count < fewest]
    if few:
        assert policy.choose(POOL, history, random.Random(1)).group == few[0]


def test_a_participant_who_forgot_is_taught_again() -> None:
    policy = made("mastery")
    policy.earlier = [EarlierPart(tuple(answers_of(6, 6, 6)), 86_400.0)]
    history = answers_of(3, 3, 3)
    assert policy.is_finished(POOL, history)
    for wrong in (2, 3):  # one wrong answer of three may be a slip
        forgot = [*answers_of(3, 3 - wrong, 3), *[past(POOL[1], "A")] * wrong]
        assert not policy.is_finished(POOL, forgot)
        assert policy.choose(POOL, forgot, random.Random(1)).group == "B"


def test_a_part_of_old_items_can_end_without_the_classes_it_cannot_show() -> None:
    learned = frozenset(each.id for each in POOL if each.group != "C")
    policy = made("mastery")
    policy.earlier = [EarlierPart(tuple(answers_of(6, 6, 0)), 86_400.0)]
    part = narrowed(policy, "same", Shown(learned, learned))
    assert part.is_finished(POOL, answers_of(3, 3, 0))
    assert not part.is_finished(POOL, answers_of(3, 2, 0))


def opened(app: Flask, folder: Path, tests: int, **given: Any) -> None:
    changes = {
        "policy": QUICK | given,
        "phases": {"practice": 0, "training": 20, "test": tests},
        "task": {"feedback": ["training"]},
    }
    open_study(app, category_study(folder / "studies/tiny", per_class=12, changes=changes))


def answered(app: Flask, walker: Walker, *, right: bool) -> None:
    with app.app_context():
        stimuli = frozen(1).stimuli
    shown = rows(app, Trial)[walker.trial["index"]]["item"]["stimulus"]
    label = stimuli[shown].label
    others = [name for name in walker.trial["show"]["classes"] if name != label]
    walker.answer({"ranking": [label, others[0]] if right else others})


@pytest.mark.both_databases
@pytest.mark.slow
@pytest.mark.parametrize("tests", [0, 3])
def test_a_session_that_ends_early_is_complete(app: Flask, tmp_path: Path, tests: int) -> None:
    opened(app, tmp_path, tests)
    walker = Walker(app.test_client()).start()
    planned = [row["item"] for row in rows(app, Trial)[20:]]
    assert walker.state["progress"] == {"done": 0, "of": 20 + tests}
    taught = 0
    while walker.step_name == "trials" and walker.trial["phase"] == "training":
        answered(app, walker, right=taught != 1)
        taught += 1
    assert 6 < taught < 20
    now = rows(app, Trial)
    assert len(now) == taught + tests
    assert [row["item"] for row in now[taught:]] == planned
    if tests:
        assert walker.state["progress"] == {"done": taught, "of": taught + tests}
        assert walker.load().trial["phase"] == "test"
        for _ in range(tests):
            answered(app, walker, right=True)
    assert walker.state["progress"] == {"done": taught + tests, "of": taught + tests}
    assert walker.step_name == "debrief"
    [session] = rows(app, Session)
    assert session["status"] == "completed"
    assert session["n_trials"] == session["n_responses"] == taught + tests
    # The same last answer again changes nothing.
    last = rows(app, Response)[-1]
    again = walker.post(last["trial_index"], last["answer"])
    assert again.status_code == 200
    assert rows(app, Trial) == now
    with app.app_context():
        export_study(host(), "tiny", tmp_path / "out", ("csv",))
    tables = read_tables(tmp_path / "out")
    assert tables.trials["response"].notna().all()
    assert len(tables.trials) == tables.sessions["n_trials"].iloc[0]


@pytest.mark.slow
def test_without_stop_all_trials_are_shown(app: Flask, tmp_path: Path) -> None:
    opened(app, tmp_path, 1, stop=False)
    walker = Walker(app.test_client()).start()
    while walker.step_name == "trials":
        answered(app, walker, right=True)
    assert len(rows(app, Response)) == 21


def test_a_preview_ends_when_a_participant_who_is_always_right_would(
    app: Flask, tmp_path: Path
) -> None:
    opened(app, tmp_path, 2)
    with app.app_context():
        shown = previewed(host(), 1, frozen(1), frozen(1).spec.conditions[0].name, 1, 30)
    assert 2 < len(shown) < 20
    assert [trial.phase for trial in shown[-2:]] == ["test", "test"]
