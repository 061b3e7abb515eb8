"""Naming what a learner does not see."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from diptych_analysis.teaching.cli import teach
from diptych_analysis.teaching.diagnosis import CLAIM, diagnose, without
from diptych_analysis.teaching.gaps import gap_answers, gap_learner, gap_rows, gap_world, run_gaps
from diptych_analysis.teaching.learners import FAMILIES
from diptych_analysis.teaching.live import SEED, Trial, scaled

CLASSES = ("A", "B", "C")


@given(seed=st.integers(0, 10_000), numeric=st.booleans())
@settings(max_examples=25, deadline=None)
def test_what_is_left_does_not_depend_on_the_attribute(seed: int, numeric: bool) -> None:
    rng = np.random.default_rng(seed)
    features = rng.normal(0, 1, (40, 3)) + rng.integers(0, 3, (40, 1))
    values: Any = rng.normal(0, 1, 40) if numeric else rng.choice(["a", "b", "c"], 40)
    left = without(features, values)
    if numeric:
        for column in left.T:
            assert abs(np.cov(column, values)[0, 1]) < 1e-10
        return
    for level in np.unique(values):
        own = features[values == level]
        np.testing.assert_allclose(left[values == level], own - own.mean(0), atol=1e-10)


def test_evidence_by_hand() -> None:
    """The evidence again, particle by particle and answer by answer, in plain Python."""
    rng = np.random.default_rng(4)
    features, values = rng.normal(0, 1, (12, 3)), rng.normal(0, 1, 12)
    trials = [Trial(n, n % 3, int(rng.integers(3)), n % 4 != 3) for n in range(12)]

    def predictions(seen: Any) -> list[list[list[float]]]:
        """Probabilities of the classes before each answer, for each of 4 particles."""
        kind = FAMILIES["prototype"]
        traits = kind.draw_traits(np.random.default_rng(SEED), 4, 3)
        learners = kind({**traits, "attention": np.ones((4, 3))}, seen, 3)
        found = []
        for trial in trials:
            found.append(learners.probabilities(np.array([trial.image]))[:, 0].tolist())
            if trial.feedback:
                learners.learn(trial.image, trial.label)
        return found

    def likelihood(told: Any, pair: tuple[int, int] | None = None) -> float:
        total = 0.0
        for particle in range(4):
            product = 1.0
            for trial, p in zip(trials, told, strict=True):
                same = pair if pair and trial.response in pair else (trial.response,)
                product *= sum(p[particle][k] for k in same) / len(same)
            total += product / 4
        return math.log(total)

    whole = predictions(scaled(features))
    right, plain = 0, 0.0
    for n, trial in enumerate(trials):
        rate = (right + 1) / (n + 3)
        plain += math.log(rate if trial.response == trial.label else (1 - rate) / 2)
        right += trial.response == trial.label
    rival = max(likelihood(whole), plain, 12 * math.log(1 / 3))
    expected = {
        ("x",): likelihood(predictions(without(scaled(features), values))) - rival,
        ("A", "B"): likelihood(whole, (0, 1)) - rival - math.log(3),
        ("A", "C"): likelihood(whole, (0, 2)) - rival - math.log(3),
        ("B", "C"): likelihood(whole, (1, 2)) - rival - math.log(3),
    }
    found = diagnose(features, CLASSES, trials, {"x": values}, family="prototype", particles=4)
    assert {gap.names: gap.evidence for gap in found.gaps} == pytest.approx(expected, abs=1e-9)
    ordered = sorted(expected.values(), reverse=True)
    assert [gap.evidence for gap in found.gaps] == pytest.approx(ordered, abs=1e-9)


def test_nothing_is_claimed_before_there_are_answers() -> None:
    features = np.random.default_rng(0).normal(0, 1, (6, 2))
    found = diagnose(features, CLASSES, [], {"x": features[:, 0]})
    assert (found.found, found.answers) == (None, 0)
    assert all(gap.evidence <= 0 for gap in found.gaps)


def test_answers_at_random_are_no_gap() -> None:
    for seed in range(5):
        rng = np.random.default_rng([seed, 1])
        world = gap_world(rng)
        learner = gap_learner("exemplar", "none", world, rng)
        trials = [
            Trial(each.image, each.label, int(rng.integers(4)), True)
            for each in gap_answers(learner, "none", world, rng)
        ]
        values = {"letter": world.bits[:, 0].astype(str), "number": world.bits[:, 1].astype(str)}
        found = diagnose(world.features, ("A0", "A1", "B0", "B1"), trials, values)
        assert max(gap.evidence for gap in found.gaps) < CLAIM


@pytest.mark.slow
@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_planted_gap_is_named_and_none_is_claimed_without_one(family: str) -> None:
    rows = gap_rows([run_gaps(family, planted, 0, 12) for planted in ("none", "attribute")])
    named = {row.planted: row.named for row in rows if row.answers == 60}
    # Of 12: the shares that must hold over many learners, less one learner of chance.
    assert named["attribute"] >= 10 / 12
    assert named["none"] >= 11 / 12


@pytest.mark.slow
def test_the_command_writes_its_table(tmp_path: Path) -> None:
    arguments = ["diagnose", "--learners", "exemplar", "--seeds", "2", "--to", str(tmp_path)]
    reply = CliRunner().invoke(teach, arguments, catch_exceptions=False)
    assert reply.exit_code == 0, reply.output
    rows = json.loads((tmp_path / "diagnosis.json").read_text())["rows"]
    assert [row["planted"] for row in rows[::4]] == ["none", "attribute", "pair"]
    assert (tmp_path / "diagnosis.md").read_text() in reply.output
