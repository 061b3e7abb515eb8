"""Maximum likelihood fits of psychometric functions, beside slow ones and simulated observers."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diptych_analysis.psychometric import PsychometricFault
from diptych_analysis.psychometric.fit import Counts, Psychometric, count, fit

LEVELS = np.array([8, 10, 11, 12, 13, 14, 15, 17, 18, 20, 22, 24, 28, 32], dtype=float)


def sampled(true: Psychometric, per_level: int, seed: int, levels=LEVELS) -> Counts:
    """Answers of an observer with a known function."""
    total = np.full(len(levels), float(per_level))
    rng = np.random.default_rng(seed)
    return Counts(levels, rng.binomial(per_level, true.probability(levels)).astype(float), total)


def slow_likelihood(counts: Counts, f: Psychometric) -> float:
    """The log likelihood as METHODS A4 writes it, one answer after the other."""
    total = 0.0
    for level, yes, n in zip(counts.level, counts.positive, counts.total, strict=True):
        x = math.log(level) if f.log else level
        phi = NormalDist(f.location, f.width).cdf(x)
        p = f.lapse / 2 + (1 - f.lapse) * phi
        if f.guess is not None:
            p = f.guess + (1 - f.guess - f.lapse) * phi
        p = min(max(p, 1e-12), 1 - 1e-12)
        total += sum(math.log(p) for _ in range(int(yes)))
        total += sum(math.log(1 - p) for _ in range(int(n - yes)))
    return total


@pytest.mark.parametrize("guess", [None, 0.5])
@pytest.mark.parametrize("log", [True, False])
def test_no_point_of_a_grid_is_likelier(guess: float | None, log: bool) -> None:
    at, s = (math.log(16), 0.23) if log else (16.0, 4.0)
    counts = sampled(Psychometric(at, s, 0.04, guess, log), 12, 5)
    found = fit(counts, guess=guess, log=log)
    assert found.log_likelihood == pytest.approx(slow_likelihood(counts, found), abs=1e-6)
    for step in np.linspace(-0.3, 0.3, 13):
        for factor in (0.3, 0.6, 0.9, 1.1, 1.6, 3):
            for lapse in (0, 0.03, 0.1, 0.2):
                near = replace(found, location=at + step * s * 4, width=s * factor, lapse=lapse)
                assert slow_likelihood(counts, near) <= found.log_likelihood + 1e-6


@pytest.mark.parametrize("lapse", [0.0, 0.02, 0.1])
def test_threshold_width_and_lapses_are_recovered(lapse: float) -> None:
    true = Psychometric(math.log(16), 0.23, lapse)
    found = fit(sampled(true, 20_000, 3))
    assert found.threshold == pytest.approx(16, rel=0.01)
    assert found.weber == pytest.approx(0.23, rel=0.03)
    assert found.lapse == pytest.approx(lapse, abs=0.01)


@given(factor=st.floats(0.01, 100), seed=st.integers(0, 50))
@settings(max_examples=15, deadline=None)
def test_the_unit_of_the_level_moves_the_threshold_only(factor: float, seed: int) -> None:
    counts = sampled(Psychometric(math.log(16), 0.25, 0.02), 20, seed)
    found, scaled = fit(counts), fit(replace(counts, level=counts.level * factor))
    assert scaled.threshold == pytest.approx(found.threshold * factor, rel=1e-3)
    assert scaled.weber == pytest.approx(found.weber, rel=1e-2)
    assert scaled.jnd == pytest.approx(found.jnd * factor, rel=1e-2)


def test_counting_keeps_every_answer() -> None:
    counts = count([3, 1, 3, 3, 2], [True, False, False, True, True])
    assert counts.level.tolist() == [1, 2, 3]
    assert counts.positive.tolist() == [0, 1, 2] and counts.total.tolist() == [1, 1, 3]


def test_jnd_and_weber_fraction_by_hand() -> None:
    linear = Psychometric(20.0, 4.0, 0.0, None, log=False)
    assert (linear.weber, linear.jnd) == (0.2, pytest.approx(4 * 0.67449, abs=1e-4))
    log = Psychometric(math.log(20), 0.2, 0.0)
    assert log.weber == 0.2 and log.probability([20 + log.jnd])[0] == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("level", "positive", "told"),
    [
        ([4, 4], [0, 1], "1 levels"),
        ([0, 4], [0, 1], "has no logarithm"),
        ([2, 4], [1, 1], "all 2 answers are positive"),
        ([2, 4], [0, 0], "all 2 answers are negative"),
    ],
)
def test_data_without_a_fit_are_named(level, positive, told: str) -> None:
    with pytest.raises(PsychometricFault, match=told):
        fit(count(level, positive))


@pytest.mark.exhaustive
def test_precision_is_what_the_plan_of_a_study_assumes() -> None:
    # 168 trials, w = .23, lapse .02: SD of w .035, of the PSE .54 (simulated by other code).
    true = Psychometric(math.log(16), 0.23, 0.02)
    found = [fit(sampled(true, 12, seed)) for seed in range(400)]
    assert np.std([f.weber for f in found]) == pytest.approx(0.035, abs=0.008)
    assert np.std([f.threshold for f in found]) == pytest.approx(0.54, abs=0.1)
