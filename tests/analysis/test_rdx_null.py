"""The null distribution: noise is not significant, planted groups are."""

from __future__ import annotations

import numpy as np
import pytest

from diptych_analysis.representations.rdx.comparison import compare
from diptych_analysis.representations.rdx.null import Null, null_distribution
from diptych_analysis.representations.rdx.settings import Settings


def noisy_copies(noise: float, seed: int, n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Two copies of the same clusters that differ by independent noise."""
    rng = np.random.default_rng([seed, 7])
    shared = 3 * rng.normal(size=(8, 16))[rng.integers(0, 8, n)]
    return tuple(shared + 3 * noise * rng.normal(size=shared.shape) for _ in range(2))  # type: ignore


@pytest.mark.slow
def test_grids_of_noise_are_significant_in_at_most_one_of_twenty_seeds() -> None:
    greedy = Settings(grids=3, sampling="greedy")
    runs = [(noise, seed) for noise in (0.03, 0.1, 0.3, 1.0, 3.0) for seed in range(4)]
    wrong = 0
    for noise, seed in runs:
        a, b = noisy_copies(noise, seed)
        found = compare(a, b, greedy)
        # High rates all the same: BSR has no zero.
        assert found.forward.success_rate > 0.55
        wrong += null_distribution(a, found, draws=19, seed=seed).significant() > 0
    assert wrong <= 0.05 * len(runs)


@pytest.mark.slow
@pytest.mark.parametrize("d", [8, 64])
def test_planted_groups_are_significant_in_their_direction(d: int) -> None:
    rng = np.random.default_rng(d)
    shared = 3 * rng.normal(size=(8, d))[rng.integers(0, 8, 800)]
    a, b = (shared + rng.normal(size=(800, d)) for _ in range(2))
    for items in rng.permutation(800)[:160].reshape(4, 40):
        a[items] = 4 * rng.normal(size=d) + 0.3 * rng.normal(size=(40, d))
    found = compare(a, b, Settings(grids=4, sampling="greedy"))
    null = null_distribution(a, found, draws=19)
    assert null.significant() == 4
    assert min(null.affinity_z) > 3


def test_the_same_seed_gives_the_same_null() -> None:
    a, b = noisy_copies(0.3, 1, n=150)
    found = compare(a, b, Settings(grids=2, sampling="greedy"))
    one, two = (null_distribution(a, found, draws=3, seed=4, jobs=jobs) for jobs in (1, 2))
    np.testing.assert_array_equal(one.affinities, two.affinities)
    assert one.affinity_p == two.affinity_p
    assert set(one.as_dict()) >= {"draws", "noise", "affinity_p"}
    # p is the share of draws, the observed grid among them, that are at least as strong.
    top = found.forward.grids[0].affinity
    assert one.affinity_p[0] == (1 + sum(one.affinities >= top)) / 4


def test_the_null_says_how_many_grids_are_stronger() -> None:
    def said(*p: float, draws: int = 19) -> str:
        return Null(1.0, np.ones(draws), np.ones(draws), p, (0.0,) * len(p), 1.0, 0.0).in_words()

    assert said(0.05, 0.05, 0.3).startswith("2 of 3 grids are stronger")
    assert said(0.05, 0.3).startswith("1 of 2 grids is stronger")
    assert said(0.3, 1.0).startswith("No grid is stronger")
    assert said(0.1, draws=9) == "With 9 copies no p is below 0.10: take more."
