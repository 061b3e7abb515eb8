"""The model of a group: beside a slow integral, and on people whose functions are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from diptych_analysis.psychometric.fit import Counts, Psychometric, Shape
from diptych_analysis.psychometric.hierarchy import fit_hierarchy

AT = np.array([6.0, 8, 10, 12, 14, 16, 19, 22, 26, 32])
THRESHOLD, WEBER, LAPSE = 14.0, 0.3, 0.02
SPREADS = 0.07, 0.2


def group(
    seed: int, people: int, answers: int, *, guess: float | None, log: bool = True
) -> list[Counts]:
    """Answers of people with known functions: so many at each of ten levels."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(people):
        threshold = THRESHOLD * math.exp(rng.normal(0, SPREADS[0]))
        weber = WEBER * math.exp(rng.normal(0, SPREADS[1]))
        location, width = (math.log(threshold), weber) if log else (threshold, weber * threshold)
        p = Psychometric(location, width, LAPSE, guess, log).probability(AT)
        total = np.full(len(AT), float(answers))
        found.append(Counts(AT, rng.binomial(answers, p).astype(float), total))
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("guess", "log"), [(1 / 3, True), (None, True), (0.5, False)])
def test_groups_of_people_with_few_answers_are_recovered(guess: float | None, log: bool) -> None:
    """80 answers each: single fits have half of the width, whatever the number of people."""
    start = np.array([math.log(THRESHOLD) if log else THRESHOLD, math.log(WEBER)])
    shape, groups, size = Shape(guess, log), 16, 20
    models = [
        fit_hierarchy(group(seed, size, 8, guess=guess, log=log), shape, 0.2, start)
        for seed in range(groups)
    ]
    means = np.array([model.means for model in models])
    errors = np.array([model.errors for model in models])
    assert np.isfinite(errors).all()
    off = (means - start) / errors
    # The mean of 16 standard normal values has a standard deviation of a quarter.
    assert (np.abs(off.mean(axis=0)) < 1.2).all(), off.mean(axis=0)
    assert (np.abs(off) < 5).all()
    assert 0.55 < off.std() < 1.6


def test_the_likelihood_is_that_of_a_slow_integral() -> None:
    people = group(1, 6, 20, guess=None)
    model = fit_hierarchy(people, Shape(), 0.0, np.array([math.log(14), math.log(0.3)]))
    # Gauss and Hermite's nodes, person by person and answer by answer.
    node, weight = np.polynomial.hermite_e.hermegauss(61)
    total = 0.0
    for counts in people:
        inside = 0.0
        for z1, w1 in zip(node, weight, strict=True):
            for z2, w2 in zip(node, weight, strict=True):
                m = model.means[0] + model.spreads[0] * z1
                s = math.exp(model.means[1] + model.spreads[1] * z2)
                p = np.clip(norm.cdf((np.log(AT) - m) / s), 1e-12, 1 - 1e-12)
                negative = counts.total - counts.positive
                ln = (counts.positive * np.log(p) + negative * np.log1p(-p)).sum()
                inside += w1 * w2 / (2 * math.pi) * math.exp(ln)
        total += math.log(inside)
    assert model.log_likelihood == pytest.approx(total, abs=0.05)


def test_who_answered_little_is_drawn_towards_the_group() -> None:
    many = group(2, 12, 30, guess=None)
    far = Psychometric(math.log(20), 0.3, 0.0).probability(AT)
    seen = {}
    for answers in (2, 400):
        counts = Counts(AT, np.round(far * answers), np.full(len(AT), float(answers)))
        model = fit_hierarchy([*many, counts], Shape(), 0.2, np.array([2.6, -1.2]))
        seen[answers] = model.people[-1, 0], model.means[0]
    assert seen[2][1] < seen[2][0] < seen[400][0]
    assert seen[400][0] == pytest.approx(math.log(20), abs=0.05)


def test_equal_people_have_no_spread() -> None:
    p = Psychometric(math.log(14), 0.3, 0.0).probability(AT)
    counts = Counts(AT, np.round(p * 50), np.full(len(AT), 50.0))
    model = fit_hierarchy([counts] * 8, Shape(), 0.2, np.array([2.6, -1.2]))
    assert (model.spreads == 0).all()
    assert model.means == pytest.approx([math.log(14), math.log(0.3)], abs=0.05)
    assert model.lapse < 0.02


def test_levels_below_zero_have_no_weber_fraction() -> None:
    at = np.array([-4.0, -2, -1, 0, 1, 2, 4])
    rng = np.random.default_rng(3)
    p = Psychometric(0.5, 1.5, 0.0, log=False).probability(at)
    people = [
        Counts(at, rng.binomial(30, p).astype(float), np.full(len(at), 30.0)) for _ in range(8)
    ]
    model = fit_hierarchy(people, Shape(log=False), 0.2, np.array([0.0, 0.0]))
    assert not model.relative
    assert model.means == pytest.approx([0.5, math.log(1.5)], abs=0.25)
