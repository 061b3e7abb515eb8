"""The replay of finished studies: arms, what random images showed, and inverse propensity."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from diptych_analysis.tables import Tables, write_tables
from diptych_analysis.teaching.cli import teach
from diptych_analysis.teaching.live import SEED, scaled
from diptych_analysis.teaching.replay import (
    FOLDS,
    ReplayFault,
    class_features,
    learners_of,
    replay_study,
)
from diptych_analysis.teaching.tracers import ENOUGH, Tracer

CLASSES = ("moth", "bee", "wasp")
TAUGHT, TESTED = 9, 3


def study(right_in_test: dict[str, list[int]], seed: int = 0) -> Tables:
    """A simulated study: one learner for each number of right answers in the test."""
    rng = np.random.default_rng(seed)
    sessions, trials = [], []
    for condition, numbers in right_in_test.items():
        for number, right in enumerate(numbers):
            session = f"{condition}-{number:02d}"
            who = {
                "session_id": session, "participant_id": session, "participant_kind": "simulated",
                "study": "insects", "condition": condition,
            }  # fmt: skip
            sessions.append({**who, "status": "completed"})
            for index in range(TAUGHT + TESTED):
                test = index >= TAUGHT
                label = CLASSES[rng.integers(3)]
                hit = index - TAUGHT < right if test else rng.random() < 0.6
                other = CLASSES[(CLASSES.index(label) + 1) % 3]
                trials.append(
                    {**who, "trial_index": index, "phase": "test" if test else "training",
                     "task": "category_learning", "label": label,
                     "response": label if hit else other}
                )  # fmt: skip
    return Tables(pd.DataFrame(sessions), pd.DataFrame(trials))


ARMS = {"random": [1, 2, 3, 0, 2, 1, 3, 2, 1, 2], "scripted": [3, 3, 3, 2]}


def test_arms_have_the_accuracy_of_their_tests() -> None:
    found = replay_study(study(ARMS), "random", resamples=500)
    first, second = found.arms
    assert (first.condition, first.learners) == ("random", 10)
    assert first.accuracy == pytest.approx(17 / 30)
    assert second.accuracy == pytest.approx(11 / 12)
    assert second.difference == pytest.approx(11 / 12 - 17 / 30)
    assert 0 < second.difference_interval[0] < second.difference < second.difference_interval[1]
    assert first.difference == 0


def test_what_is_confused_more_lies_nearer() -> None:
    _, learners = learners_of(study(ARMS))
    features = class_features(learners)
    counts = np.ones((3, 3))
    for learner in learners:
        for label, row in enumerate(learner.confusions):
            for response, times in enumerate(row):
                counts[label, response] += times
    for label in range(3):
        logs = [np.log(n / counts[label].sum()) for n in counts[label]]
        np.testing.assert_allclose(features[label], np.array(logs) - np.mean(logs))


def test_estimates_equal_a_slow_computation() -> None:
    tables = study(ARMS, seed=3)
    found = replay_study(tables, "random", family="exemplar", resamples=10, seed=4)
    _, learners = learners_of(tables)
    learners = [each for each in learners if each.condition == "random"]
    folds = np.random.default_rng(4).permutation(len(learners)) % FOLDS
    every = np.arange(3)
    share = np.mean([label for each in learners for label in np.eye(3)[each.labels]], axis=0)
    sums = {"expected_gain": [0.0, 0.0], "balanced": [0.0, 0.0], "shown": [0.0, 0.0]}
    for place, learner in enumerate(learners):
        others = [o for n, o in enumerate(learners) if folds[n] != folds[place]]
        features = scaled(class_features(others))
        tracer = Tracer.draw("exemplar", np.random.default_rng(SEED), features, 3)
        for trial in range(TAUGHT - 1):
            label, response = int(learner.labels[trial]), int(learner.responses[trial])
            if trial >= ENOUGH:
                best = int(tracer.right_after(every, every, every, every).argmax())
                right = float(learner.labels[trial + 1] == learner.responses[trial + 1])
                for name, weight in (
                    ("expected_gain", (best == label) / share[label]),
                    ("balanced", 1 / 3 / share[label]),
                    ("shown", 1.0),
                ):
                    sums[name][0] += weight * right
                    sums[name][1] += weight
            tracer.observe(label, label, response, feedback=True)
    assert found.steps == 10 * (TAUGHT - 1 - ENOUGH)
    for name, (right, weight) in sums.items():
        assert found.estimates[name].value == pytest.approx(right / weight), name


def test_the_same_seed_gives_the_same_results() -> None:
    first, again = (replay_study(study(ARMS), "random", resamples=20, seed=1) for _ in range(2))
    assert first == again


@pytest.mark.parametrize(
    ("arms", "condition", "told"),
    [
        (ARMS, "balanced", "no condition 'balanced'; allowed are random, scripted"),
        ({"random": [1, 2, 3]}, "random", "at least 2 classes and 10 learners are needed"),
    ],
)
def test_what_cannot_be_replayed_is_said(
    arms: dict[str, list[int]], condition: str, told: str
) -> None:
    with pytest.raises(ReplayFault, match=told):
        replay_study(study(arms), condition)


def test_the_command_prints_and_writes_the_results(tmp_path: Path) -> None:
    write_tables(study(ARMS), tmp_path / "in", ("csv",), dataset="insects")
    written = tmp_path / "results.json"
    call = ["replay", str(tmp_path / "in"), "--condition", "random", "--json", str(written)]
    result = CliRunner().invoke(teach, call)
    assert result.exit_code == 0, result.output
    assert "| scripted | 4 | 0.917" in result.output
    found = json.loads(written.read_text())
    assert found["steps"] == 30
    assert set(found["estimates"]) == {"shown", "expected_gain", "balanced", "least_gain"}
