"""Bandits over words: they find a good word, and explore as they declare."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diptych_analysis.concepts.bandits import (
    POLICIES,
    Bandit,
    EpsilonGreedy,
    Uniform,
    UpperConfidence,
    bandit,
)
from diptych_analysis.concepts.faults import ConceptFault


def played(policy: Bandit, rewards: np.ndarray, choices: int, seed: int) -> np.ndarray:
    """Play against fixed mean rewards with noise; return the counts."""
    rng = np.random.default_rng(seed)
    counts, sums = np.zeros(len(rewards), int), np.zeros(len(rewards))
    for _ in range(choices):
        word = policy.choose(counts, sums, rng)
        counts[word] += 1
        sums[word] += np.clip(rewards[word] + 0.1 * rng.standard_normal(), 0, 1)
    return counts


@given(st.integers(0, 2**32 - 1), st.integers(0, 11))
def test_one_good_word_is_found(seed: int, good: int) -> None:
    rewards = np.full(12, 0.5)
    rewards[good] = 0.95
    for policy in (UpperConfidence(), EpsilonGreedy(over=40)):
        assert played(policy, rewards, 80, seed).argmax() == good


@given(st.integers(0, 2**32 - 1))
def test_uniform_tries_all_words_equally_often(seed: int) -> None:
    counts = played(Uniform(), np.linspace(0, 1, 5), 23, seed)
    assert counts.max() - counts.min() <= 1


def test_every_word_is_tried_once_first_and_the_bonus_is_that_of_ucb1() -> None:
    rng = np.random.default_rng(0)
    policy = UpperConfidence(width=1)
    assert (played(policy, np.zeros(7), 7, 0) == 1).all()
    counts, sums = np.array([9, 1]), np.array([8.1, 0.5])
    # Slow: .9 + sqrt(2 ln 10 / 9) = 1.615, .5 + sqrt(2 ln 10) = 2.646.
    assert policy.choose(counts, sums, rng) == 1
    assert UpperConfidence(width=0).choose(counts, sums, rng) == 0


def test_epsilon_falls_as_declared() -> None:
    policy = EpsilonGreedy(first=1, last=0.2, over=10)
    epsilons = [policy.epsilon(choice) for choice in (0, 5, 10, 1000)]
    assert epsilons == pytest.approx([1, 0.6, 0.2, 0.2])
    # After the fall, one choice in five is random: 2,000 choices have a standard error of .009.
    rng = np.random.default_rng(3)
    counts, sums = np.full(10, 100), np.arange(10.0)
    best = np.mean([policy.choose(counts, sums, rng) == 9 for _ in range(2000)])
    assert best == pytest.approx(0.8 + 0.2 / 10, abs=6 * 0.009)


def test_unknown_policies_are_refused() -> None:
    assert all(bandit(name, 10) for name in POLICIES)
    with pytest.raises(ConceptFault, match="no policy 'dqn'; allowed are ucb, epsilon-greedy"):
        bandit("dqn", 10)
