"""Scores of concepts: chance, symmetry, and a cause that is planted in the gradients."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diptych_analysis.concepts.faults import ConceptFault
from diptych_analysis.concepts.tcav import (
    fit_cav,
    null_scores,
    score_concept,
    tcav_score,
    two_sided,
)

SEEDS = st.integers(0, 2**32 - 1)
UNITS = 12


def images(rng: np.random.Generator, count: int = 20, shift: float = 0.0) -> np.ndarray:
    """Activations of images; a shift moves the first unit."""
    rows = rng.standard_normal((count, UNITS))
    rows[:, 0] += shift
    return rows


def gradients(rng: np.random.Generator, count: int = 60) -> np.ndarray:
    """A class that depends on the first unit, and a little on the others."""
    rows = 0.2 * rng.standard_normal((count, UNITS))
    rows[:, 0] += 1
    return rows


@given(SEEDS, st.floats(1e-6, 1e6))
def test_the_score_keeps_under_scaling_and_turns_with_the_direction(
    seed: int, scale: float
) -> None:
    rng = np.random.default_rng(seed)
    some, direction = gradients(rng), rng.standard_normal(UNITS)
    some[0] = 0  # An image that nothing moves counts half.
    score = tcav_score(some, direction)
    assert score == tcav_score(some, scale * direction)
    assert score + tcav_score(some, -direction) == pytest.approx(1)
    slow = [0.5 if g == 0 else float(g > 0) for g in (sum(a * direction) for a in some)]
    assert score == pytest.approx(sum(slow) / len(slow))


def test_a_planted_concept_scores_one_and_chance_scores_a_half() -> None:
    rng = np.random.default_rng(0)
    some = gradients(rng)
    sets = [images(rng) for _ in range(8)]
    null = null_scores(sets, some, rng)
    planted = score_concept(images(rng, shift=4), sets, some, rng)
    assert planted.mean > 0.97
    assert planted.accuracy > 0.9
    assert two_sided(planted.scores, null) < 0.01
    against = score_concept(images(rng, shift=-4), sets, some, rng)
    assert against.mean < 0.03
    assert two_sided(against.scores, null) < 0.01
    # Fresh random images: the mean over many concepts is .5. Each score is at most 1, so the mean
    # of 60 has a standard error of at most .065.
    chance = [score_concept(images(rng), sets[:2], some, rng) for _ in range(60)]
    assert np.mean([score.mean for score in chance]) == pytest.approx(0.5, abs=6 * 0.065)
    # What held-out images do not confirm earns nothing.
    assert np.mean([abs(score.reward - 0.5) for score in chance]) < 0.2
    assert planted.reward > 0.85


def test_shuffled_images_are_no_concept() -> None:
    rng = np.random.default_rng(1)
    some = gradients(rng)
    sets = [images(rng) for _ in range(40)]
    shuffled = score_concept(images(rng, shift=4), sets, some, rng, shuffled=True)
    assert shuffled.accuracy == pytest.approx(0.5, abs=0.25)
    assert shuffled.mean == pytest.approx(0.5, abs=6 * 0.5 / np.sqrt(40))


@given(SEEDS)
def test_a_direction_has_length_one_and_needs_three_images(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cav = fit_cav(images(rng, 5), images(rng, 7), rng)
    assert np.linalg.norm(cav.direction) == pytest.approx(1)
    assert 0 <= cav.accuracy <= 1
    with pytest.raises(ConceptFault, match="2 images of the concept and 7 others: at least 3"):
        fit_cav(images(rng, 2), images(rng, 7), rng)


def test_equal_images_have_no_direction_and_equal_scores_no_difference() -> None:
    rng = np.random.default_rng(2)
    same = np.ones((6, UNITS))
    cav = fit_cav(same, same, rng)
    assert not cav.direction.any()
    assert tcav_score(gradients(rng), cav.direction) == 0.5
    assert two_sided(np.ones(5), np.ones(5)) == 1


def test_the_p_value_counts_all_orders() -> None:
    """Compare with every way to deal four scores to two sides."""
    from itertools import combinations

    scores, null = np.array([0.9, 0.8, 0.7]), np.array([0.4, 0.5, 0.6])
    both = np.concatenate([scores, null])
    sums = [sum(both[list(chosen)]) for chosen in combinations(range(6), 3)]
    extreme = np.mean([abs(s - np.mean(sums)) >= scores.sum() - np.mean(sums) - 1e-9 for s in sums])
    assert two_sided(scores, null) == pytest.approx(extreme)


def test_few_axes_give_the_direction_of_the_whole_regression() -> None:
    """Compare with a fit on all 200 units, far more than images."""
    from sklearn.linear_model import LogisticRegression

    from diptych_analysis.concepts.tcav import HELD_OUT

    concept = np.random.default_rng(0).standard_normal((20, 200)) + 0.3
    other = np.random.default_rng(1).standard_normal((20, 200))
    cav = fit_cav(concept, other, np.random.default_rng(2))
    rng, held = np.random.default_rng(2), round(HELD_OUT * 20)
    rows = np.concatenate([part[rng.permutation(20)[held:]] for part in (concept, other)])
    names = np.repeat([1, 0], 20 - held)
    slow = LogisticRegression(C=0.1, tol=1e-10, max_iter=10_000)
    slow.fit((rows - rows.mean(0)) / rows.std(0), names)
    direction = slow.coef_[0] / rows.std(0)
    assert cav.direction == pytest.approx(direction / np.linalg.norm(direction), abs=1e-4)
