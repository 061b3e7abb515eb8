"""Which word to try next: bandits with declared exploration.

The published agent is a deep Q-network whose share of random actions never falls below .9, on
episodes of one step. That is a bandit, so here are three; `deep_q` has the published agent. Every
policy is a pure function of what happened so far, so a resumed search continues the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from diptych_analysis.concepts.faults import ConceptFault

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class History:
    """What happened so far.

    Attributes
    ----------
    size : int
        Number of words.
    words : ndarray of int, (steps,)
        Place of the word of each step.
    rewards : ndarray, (steps,)
        Reward of each step, 0 to 1.
    states : ndarray, (steps, numbers)
        What each step left for a policy that looks at images: the preferred group, in numbers
        from -1 to 1. Only `DeepQ` reads it.
    """

    size: int
    words: Ints
    rewards: Floats
    states: Floats

    @property
    def counts(self) -> Ints:
        """How often each word was tried, (words,)."""
        return np.bincount(self.words, minlength=self.size)

    @property
    def sums(self) -> Floats:
        """Summed rewards of each word, (words,)."""
        sums = np.bincount(self.words, self.rewards, minlength=self.size)
        return sums.astype(np.float64)


class Bandit(Protocol):
    """A policy over words."""

    def choose(self, history: History, rng: np.random.Generator) -> int:
        """Choose a word.

        Parameters
        ----------
        history : History
            The steps so far.
        rng : numpy.random.Generator
            Breaks ties, and explores.
        """


@dataclass(frozen=True)
class Uniform:
    """Choose among the words tried least: a baseline that learns nothing."""

    def choose(self, history: History, rng: np.random.Generator) -> int:
        """Choose a word; see `Bandit`."""
        return _best(-history.counts.astype(float), rng)


@dataclass(frozen=True)
class UpperConfidence:
    """UCB1 (Auer et al., 2002): the highest mean plus `width` sqrt(2 ln t / count).

    Every word is tried once first.

    Parameters
    ----------
    width : float
        Weight of exploration; 1 is UCB1, 0 always takes the best mean.
    """

    width: float = 0.25

    def choose(self, history: History, rng: np.random.Generator) -> int:
        """Choose a word; see `Bandit`."""
        counts, sums = history.counts, history.sums
        if (counts == 0).any():
            return _best((counts == 0).astype(float), rng)
        bonus = self.width * np.sqrt(2 * np.log(counts.sum()) / counts)
        return _best(sums / counts + bonus, rng)


@dataclass(frozen=True)
class EpsilonGreedy:
    """The best mean, or with probability epsilon any word; epsilon falls linearly.

    Parameters
    ----------
    first, last : float
        Epsilon at the first choice, and from choice `over` on.
    over : int
        Choices until `last`.
    """

    first: float = 1.0
    last: float = 0.1
    over: int = 50

    def epsilon(self, choice: int) -> float:
        """Return epsilon at a choice, counted from 0."""
        return self.first + (self.last - self.first) * min(1.0, choice / self.over)

    def choose(self, history: History, rng: np.random.Generator) -> int:
        """Choose a word; see `Bandit`."""
        counts, sums = history.counts, history.sums
        if rng.random() < self.epsilon(int(counts.sum())):
            return int(rng.integers(len(counts)))
        # A word that was never tried is as good as the best reward until it is tried.
        means = np.where(counts > 0, sums / np.maximum(counts, 1), 1.0)
        return _best(means, rng)


POLICIES = ("ucb", "epsilon-greedy", "uniform", "dqn")


def bandit(name: str, steps: int, seed: int = 0) -> Bandit:
    """Make a policy by name for a search of a given length.

    Parameters
    ----------
    name : str
        One of `POLICIES`.
    steps : int
        Steps of the search.
    seed : int
        Fixes the starting weights of `dqn`; the others have none.

    Raises
    ------
    ConceptFault
        If no policy has this name.
    """
    if name == "ucb":
        return UpperConfidence()
    if name == "epsilon-greedy":
        return EpsilonGreedy(over=max(1, steps // 2))
    if name == "uniform":
        return Uniform()
    if name == "dqn":
        from diptych_analysis.concepts.deep_q import DeepQ

        return DeepQ.published(steps, seed)
    raise ConceptFault(f"no policy {name!r}; allowed are {', '.join(POLICIES)}")


def _best(values: Floats, rng: np.random.Generator) -> int:
    return int(rng.choice(np.flatnonzero(values == values.max())))
