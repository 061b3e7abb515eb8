"""What a policy that teaches chose, and why: stored with the trial, and exported."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from support.chosen_again import chosen_again
from support.teaching import CLASSES, POOL, made, past, session
from support.tiny_studies import category_study
from support.walker import Walker, open_study, rows

from diptych.export.tables import export_study
from diptych.host import host
from diptych.models import Trial
from diptych.policies import Explained, Policy
from diptych.policies.teaching import TeachingPolicy
from diptych.study.versions import frozen
from diptych_analysis.tables import read_tables

TRAINING = 9
UNTRACED = ("mastery", "leitner", "fsrs")


def explain(policy: Policy, history: Any, seed: int) -> Explained:
    return policy.explain(POOL, history, random.Random(seed))


@pytest.mark.parametrize("name", [*UNTRACED, "expected_gain", "largest_error"])
@given(seed=st.integers(0, 10_000), trials=st.integers(0, 8))
@settings(deadline=None, max_examples=5)
def test_chances_are_probabilities(name: str, seed: int, trials: int) -> None:
    policy = made(name)
    assert isinstance(policy, TeachingPolicy)
    history = session(policy, trials, seed)
    chances = policy.chances(POOL, history)
    assert sum(chances.values()) == pytest.approx(1)
    found = explain(policy, history, seed)
    assert found.options[0].candidate == found.candidate
    assert 0 < found.options[0].propensity <= 1
    assert found.candidate == policy.choose(POOL, history, random.Random(seed))


@pytest.mark.parametrize("name", UNTRACED)
def test_a_propensity_is_the_frequency_of_the_choice(name: str) -> None:
    policy, history = made(name), [past(POOL[0], "B"), past(POOL[4], "B"), past(POOL[2], "C")]
    draws = 600
    counts = Counter(explain(policy, history, seed).candidate for seed in range(draws))
    chances = policy.chances(POOL, history)  # type: ignore[attr-defined]
    assert set(counts) <= set(chances)
    for candidate, p in chances.items():
        # Five standard deviations of a binomial count.
        assert abs(counts[candidate] - draws * p) <= 5 * (draws * p * (1 - p)) ** 0.5


@pytest.mark.parametrize("trials", [3, 8])
def test_the_propensity_of_a_traced_choice_counts_both_ways_to_it(trials: int) -> None:
    """A random choice of the best image is as likely as any choice of it."""
    policy = made("expected_gain", explore=0.4)
    history = session(made("leitner", intervals=[99]), trials, seed=2)
    fresh = len(POOL) - trials
    explored = 0
    for seed in range(30):
        found = explain(policy, history, seed)
        explored += found.explored
        assert found.count == fresh
        assert bool(found.scores) == (trials >= 5)
        if trials < 5:
            shown = Counter(each.candidate.group for each in history)
            least = [g for g in CLASSES if shown[g] == min(shown[g] for g in CLASSES)]
            left = [each for each in POOL if each not in {p.candidate for p in history}]
            of = len(least) * sum(each.group == found.candidate.group for each in left)
            best = found.candidate.group in least and 1 / of
        else:
            top = max(found.scores.values())
            best = float(found.scores.get(found.candidate.id) == top)
            assert found.explored or best
        assert found.options[0].propensity == pytest.approx(0.4 / fresh + 0.6 * best)
    assert 0 < explored < 30


def opened(app: Flask, folder: Path, name: str) -> Walker:
    given: dict[str, Any] = {"name": name}
    if name == "expected_gain":
        given |= {"features": ["size"], "explore": 0.3, "deadline_ms": 10_000}
    changes = {
        "policy": given | ({"stop": False} if name == "mastery" else {}),
        "phases": {"practice": 0, "training": TRAINING, "test": 2},
        "task": {"feedback": ["training"]},
    }
    open_study(app, category_study(folder / "studies/tiny", per_class=8, changes=changes))
    return Walker(app.test_client()).start()


@pytest.mark.both_databases
@pytest.mark.slow
@pytest.mark.parametrize("name", ["expected_gain", "mastery"])
def test_choices_are_stored_exported_and_can_be_made_again(
    app: Flask, tmp_path: Path, name: str
) -> None:
    walker = opened(app, tmp_path, name)
    for index in range(TRAINING):
        shown = walker.trial["show"]["classes"]
        response = {"ranking": (shown if index % 3 else shown[::-1])[:2]}
        walker.answer(response)
        before = rows(app, Trial)
        # The reply was lost: the page sends the answer again.
        assert walker.post(index, response).status_code == 200
        assert rows(app, Trial) == before
    walker.finish()
    trials = rows(app, Trial)
    stored = [row["choice"] for row in trials]
    assert stored[TRAINING:] == [None, None]
    assert stored[:TRAINING] == chosen_again(app, TRAINING)
    with app.app_context():
        counts = export_study(host(), "tiny", tmp_path / "out", ("csv",))
        content = frozen(1)
    choices = read_tables(tmp_path / "out").choices
    assert len(choices) == counts["choices"] == sum(len(c["candidates"]) for c in stored[:TRAINING])
    shown_rows = choices[choices["chosen"]]
    assert shown_rows["trial_index"].tolist() == list(range(TRAINING))
    shown = [content.stimuli[row["item"]["stimulus"]] for row in trials[:TRAINING]]
    assert shown_rows["candidate"].tolist() == [each.file for each in shown]
    assert shown_rows["stimulus_id"].tolist() == [each.stimulus_id for each in shown]
    assert shown_rows["label"].tolist() == [each.label for each in shown]
    assert (shown_rows["propensity"] > 0).all()
    assert (shown_rows["options"] >= 1).all()
    if name == "expected_gain":
        assert shown_rows["fallback"].notna().tolist()[:5] == [True] * 5
        assert (choices.groupby("trial_index")["propensity"].sum() <= 1 + 1e-9).all()
    else:
        assert shown_rows["fallback"].isna().all()


def test_policies_that_do_not_teach_store_no_choice(app: Flask, tmp_path: Path) -> None:
    open_study(app, category_study(tmp_path / "studies/tiny"))
    Walker(app.test_client()).start().finish()
    assert {row["choice"] for row in rows(app, Trial)} == {None}
    with app.app_context():
        assert export_study(host(), "tiny", tmp_path / "out", ("csv",))["choices"] == 0
