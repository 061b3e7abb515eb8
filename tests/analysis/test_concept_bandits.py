"""Bandits over words: they find a good word, and explore as they declare."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diptych_analysis.concepts.bandits import (
    POLICIES,
    Bandit,
    EpsilonGreedy,
    History,
    Uniform,
    UpperConfidence,
    bandit,
)
from diptych_analysis.concepts.deep_q import DeepQ
from diptych_analysis.concepts.faults import ConceptFault


def played(policy: Bandit, rewards: np.ndarray, choices: int, seed: int) -> np.ndarray:
    """Play against fixed mean rewards with noise; return the counts."""
    rng = np.random.default_rng(seed)
    words: list[int] = []
    earned: list[float] = []
    for _ in range(choices):
        words.append(policy.choose(history(len(rewards), words, earned), rng))
        earned.append(np.clip(rewards[words[-1]] + 0.1 * rng.standard_normal(), 0, 1))
    return history(len(rewards), words, earned).counts


def history(size: int, words: Sequence[int], rewards: Sequence[float]) -> History:
    """Return a history whose images say nothing."""
    return History(size, np.array(words, int), np.array(rewards, float), np.zeros((len(words), 2)))


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
    tried = history(2, [0] * 9 + [1], [0.9] * 9 + [0.5])
    # Slow: .9 + sqrt(2 ln 10 / 9) = 1.615, .5 + sqrt(2 ln 10) = 2.646.
    assert policy.choose(tried, rng) == 1
    assert UpperConfidence(width=0).choose(tried, rng) == 0


def test_epsilon_falls_as_declared() -> None:
    policy = EpsilonGreedy(first=1, last=0.2, over=10)
    epsilons = [policy.epsilon(choice) for choice in (0, 5, 10, 1000)]
    assert epsilons == pytest.approx([1, 0.6, 0.2, 0.2])
    # After the fall, one choice in five is random: 2,000 choices have a standard error of .009.
    rng = np.random.default_rng(3)
    tried = history(10, list(range(10)) * 2, [word / 10 for word in range(10)] * 2)
    best = np.mean([policy.choose(tried, rng) == 9 for _ in range(2000)])
    assert best == pytest.approx(0.8 + 0.2 / 10, abs=6 * 0.009)


def test_unknown_policies_are_refused() -> None:
    assert all(bandit(name, 10) for name in POLICIES)
    with pytest.raises(ConceptFault, match="no policy 'sarsa'; allowed are ucb, epsilon-greedy"):
        bandit("sarsa", 10)


def test_the_published_agent_chooses_almost_at_random() -> None:
    agent = DeepQ.published(500, seed=1)
    assert (agent.over, agent.starts, agent.kept) == (50, 100, 100)
    epsilons = [agent.epsilon(choice) for choice in (0, 25, 50, 499)]
    assert epsilons == pytest.approx([1, 0.95, 0.9, 0.9])
    words = [step % 5 for step in range(60)]
    tried = history(5, words, [float(word == 3) for word in words])
    rng = np.random.default_rng(0)
    choices = np.bincount([agent.choose(tried, rng) for _ in range(1000)], minlength=5)
    # .9 / 5 for each word, and .1 more for the best: the standard error is at most .0142.
    best = int(agent.values(tried).argmax())
    assert choices / 1000 == pytest.approx(
        np.where(np.arange(5) == best, 0.28, 0.18), abs=6 * 0.014
    )


def test_a_deep_q_network_learns_which_word_earns_after_which_images() -> None:
    """After the image (1, 0) word 0 earns, after (0, 1) word 1: no bandit can know."""
    rng = np.random.default_rng(0)
    states = np.eye(2)[rng.integers(0, 2, 400)]
    words = rng.integers(0, 2, 400)
    before = np.concatenate([np.zeros((1, 2)), states[:-1]])
    past = History(2, words, before[np.arange(400), words], states)
    agent = DeepQ(starts=20, every=1, rate=1e-2, kept=400)
    for last in (0, 1):
        states[-1] = np.eye(2)[last]
        values = agent.values(past)
        assert values[last] == pytest.approx(1, abs=0.1)
        assert values[1 - last] == pytest.approx(0, abs=0.1)
    # Without updates, the values are those of the starting weights, whatever was earned.
    late = DeepQ(starts=400)
    lost = History(2, words, np.zeros(400), states)
    assert (late.values(past) == late.values(lost)).all()
