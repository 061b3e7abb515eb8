"""Policies that teach: expected gain, largest error, mastery, Leitner and FSRS."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from support.teaching import POOL, made, past, session
from support.tiny_studies import category_study, two_afc_study
from support.walker import Walker, open_study, rows

from diptych.authoring import StudyFault, load_study
from diptych.models import Trial
from diptych.policies import Candidate, Explained, Past
from diptych.policies.traced import TracedPolicy
from diptych.study.versions import frozen

NAMES = ("expected_gain", "largest_error", "mastery", "leitner", "fsrs")


def explained(history: Sequence[Past], seed: int = 1, **given: Any) -> Explained:
    policy = made("expected_gain", **{"explore": 0, **given})
    assert isinstance(policy, TracedPolicy)
    return policy.explain(POOL, history, random.Random(seed))


@pytest.mark.parametrize("name", NAMES)
@given(seed=st.integers(0, 10_000), trials=st.integers(0, 12))
@settings(deadline=None, max_examples=4)
def test_a_choice_depends_on_pool_history_and_seed_alone(name: str, seed: int, trials: int) -> None:
    history = session(made(name), trials, seed)
    first = made(name).choose(POOL, history, random.Random(seed))
    # Another host: a new policy, and candidates that came from the database in another order.
    shuffled = random.Random(seed).sample(POOL, len(POOL))
    assert first in POOL
    if name == "expected_gain":
        found = explained(history, seed).candidate
        copies = [Candidate(each.id, each.group, dict(each.attributes)) for each in POOL]
        again = made(name, explore=0)
        assert again.choose(copies, list(history), random.Random(seed)) == found
    assert made(name).choose(POOL, history, random.Random(seed)) == first
    assert made(name).choose(shuffled, history, random.Random(seed)) in POOL


@pytest.mark.parametrize("name", ["expected_gain", "largest_error", "mastery"])
def test_every_image_is_shown_before_one_is_shown_again(name: str) -> None:
    given = {"threshold": 0.999} if name == "mastery" else {}
    history = session(made(name, **given), 9, seed=3)
    assert len({each.candidate for each in history}) == 9


def test_the_images_of_another_version_have_their_own_features() -> None:
    """Also where the names are the same: a host keeps what follows from a session's images."""
    history = [past(each, each.group) for each in POOL[:5]]
    before = explained(history).scores
    flat = [Candidate(each.id, each.group, {**each.attributes, "z_0": 0.0}) for each in POOL]
    policy = made("expected_gain", explore=0)
    after = policy.explain(flat, history, random.Random(1)).scores
    assert set(after) == set(before) != set()
    assert after != before
    assert explained(history).scores == before


def test_the_first_trials_are_balanced_and_say_why() -> None:
    history: list[Past] = []
    for count in range(5):
        found = explained(history, seed=count)
        assert found.fallback == f"{count} answers; the tracer needs 5"
        assert found.scores == {}
        history.append(past(found.candidate, found.candidate.group))
    assert max(Counter(each.candidate.group for each in history).values()) == 2
    found = explained(history)
    assert found.fallback is None
    assert len(found.scores) == 15
    groups = Counter(each.group for each in POOL if each.id in found.scores)
    assert set(groups.values()) == {5}
    assert found.scores[found.candidate.id] == max(found.scores.values())


def test_the_scores_depend_on_the_answers() -> None:
    shown = POOL[:9]
    right = explained([past(each, each.group) for each in shown])
    other = {"A": "B", "B": "C", "C": "A"}
    history = [past(each, each.group) for each in shown[:6]]
    history += [past(each, other[each.group]) for each in shown[6:]]
    assert explained(history).scores != right.scores


def test_the_policy_falls_back_where_answers_ignore_the_images() -> None:
    # Always the wrong class: chance and the rate of right answers both predict that better.
    other = {"A": "B", "B": "C", "C": "A"}
    found = explained([past(each, other[each.group]) for each in POOL[:15]])
    assert found.fallback is not None
    assert "predicts the answers better than the tracer" in found.fallback


def test_the_policy_falls_back_at_its_deadline(caplog: pytest.LogCaptureFixture) -> None:
    history = [past(each, each.group) for each in POOL[:9]]
    found = explained(history, deadline_ms=1e-6)
    assert found.fallback == "the tracer missed its deadline"
    assert "policy expected_gain: balanced choice instead" in caplog.text


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_a_known_share_of_choices_is_random(share: float) -> None:
    history = [past(POOL[0], "A")]
    seeds = range(60)
    explored = sum(explained(history, seed, explore=share).explored for seed in seeds)
    # Four standard deviations of a binomial count.
    assert abs(explored - 60 * share) <= 4 * (60 * share * (1 - share)) ** 0.5


def test_features_that_no_image_has_are_named() -> None:
    assert made("expected_gain", features="q_").faults(POOL, 5) == [
        "features is 'q_'; numeric columns are: z_0, z_1, z_2, z_3"
    ]
    [fault] = made("expected_gain", features=["z_0", "w"]).faults(POOL, 5)
    assert fault == "'0.png' has no number 'w'; its numbers are: z_0, z_1, z_2, z_3"
    assert made("expected_gain", features=["z_1"]).faults(POOL, 5) == []


def test_mastery_by_hand() -> None:
    policy: Any = made(
        "mastery", start=0.2, learn=0.1, slip=0.1, guess=0.25, threshold=0.5, min_answers=1
    )
    # Right: .2 * .9 / (.2 * .9 + .8 * .25) = 9 / 19; then 9/19 + 10/19 * .1 = 10 / 19.
    history = [past(POOL[0], "A")]
    assert policy.known("A", history) == pytest.approx(10 / 19)
    assert policy.known("B", history) == 0.2
    assert policy.choose(POOL, [], random.Random(1)).group == "A"
    assert policy.choose(POOL, history, random.Random(1)).group == "B"
    # Wrong: .2 * .1 / (.2 * .1 + .8 * .75) = 1 / 31; a test without feedback teaches nothing.
    assert policy.known("A", [past(POOL[0], "B", "test")]) == pytest.approx(1 / 31)


def test_leitner_by_hand() -> None:
    policy: Any = made("leitner", intervals=[2, 4])
    a, b = POOL[:2]
    wrong = past(a, "B")
    assert policy.due(a, [wrong]) == 2
    assert policy.due(a, [past(a, "A")]) == 4
    assert policy.due(a, [past(a, "A"), past(a, "A"), past(a, "A")]) == 2 + 4
    # Trial 2 shows the image that went wrong in trial 0.
    assert policy.choose(POOL, [wrong, past(b, "B")], random.Random(1)) == a
    assert policy.choose(POOL, [past(a, "A"), past(b, "B")], random.Random(1)).group == "C"


def test_fsrs_repeats_wrong_images_before_right_ones() -> None:
    policy: Any = made("fsrs", trial_seconds=60)
    a = POOL[0]
    assert policy.due(a, [past(a, "B")]) < policy.due(a, [past(a, "A")])
    shown = [past(a, "B"), *(past(each, each.group) for each in POOL[1:4])]
    assert policy.choose(POOL, shown, random.Random(1)) == a


@pytest.mark.slow
@pytest.mark.parametrize("name", ["leitner", "expected_gain"])
def test_a_teacher_does_not_choose_the_test(app: Flask, tmp_path: Path, name: str) -> None:
    changes = {
        "policy": {"name": name} | ({"features": ["size"]} if name == "expected_gain" else {}),
        "phases": {"practice": 0, "training": 6, "test": 3},
        "task": {"feedback": ["training"]},
    }
    open_study(app, category_study(tmp_path / "studies/tiny", per_class=4, changes=changes))
    walker = Walker(app.test_client()).start()
    planned = [row["item"] for row in rows(app, Trial)]
    assert [item is None for item in planned] == [False] + [True] * 5 + [False] * 3
    with app.app_context():
        stimuli = frozen(1).stimuli
    for index in range(6):
        label = stimuli[rows(app, Trial)[index]["item"]["stimulus"]].label
        other = next(each.label for each in stimuli if each.label != label)
        walker.answer({"ranking": [label, other]})
    items = [row["item"]["stimulus"] for row in rows(app, Trial)]
    assert [{"stimulus": each} for each in items[6:]] == planned[6:]
    assert not set(items[:6]) & set(items[6:])


def test_a_study_must_leave_images_to_teach_with(tmp_path: Path) -> None:
    changes = {"policy": {"name": "mastery"}, "phases": {"practice": 0, "training": 2, "test": 99}}
    with pytest.raises(StudyFault, match=r"(?s)99 trials without feedback.*at most"):
        load_study(category_study(tmp_path / "tiny", per_class=4, changes=changes))


def test_a_task_without_feedback_refuses_a_teacher(tmp_path: Path) -> None:
    folder = two_afc_study(tmp_path / "tiny", changes={"policy": {"name": "mastery"}})
    with pytest.raises(StudyFault, match="a policy that does not teach, as two_afc needs"):
        load_study(folder)
