"""The published policy, for comparison: a deep Q-network over images (RLPO's code).

Every episode has one step, so the value of a word is its expected reward after the images that the
agent saw last. The share of random choices falls from 1 to .9 and stays there. So the agent tries
words almost at random, and the ranking says more than its choices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn

from diptych_analysis.concepts.bandits import Floats, History

#: Sides of the squares of pixels whose mean the agent sees. The code gives it all pixels.
_SIDE = 8
#: Numbers of a state, the three colours of each square.
STATE = 3 * _SIDE**2


@dataclass(frozen=True)
class DeepQ:
    """A deep Q-network with the settings of the published code (stable-baselines3).

    The network is trained again from its starting weights at each choice, on the same batches in
    the same order. So the choice depends on the history only.

    Parameters
    ----------
    seed : int
        Fixes starting weights and batches.
    first, last : float
        Share of random choices at the first choice, and from choice `over` on.
    over : int
        Choices until `last`.
    starts : int
        Steps before the network learns.
    every : int
        Steps between two updates of the network.
    batch : int
        Steps per update, drawn with replacement from the last `kept` ones.
    kept : int
        Length of the memory.
    rate : float
        Learning rate of Adam.
    """

    seed: int = 0
    first: float = 1.0
    last: float = 0.9
    over: int = 50
    starts: int = 100
    every: int = 4
    batch: int = 32
    kept: int = 100
    rate: float = 1e-4

    @classmethod
    def published(cls, steps: int, seed: int) -> Self:
        """Scale the published schedule from its 500 steps to another number of steps."""
        return cls(seed=seed, over=max(1, steps // 10), starts=steps // 5)

    def epsilon(self, choice: int) -> float:
        """Return the share of random choices at a choice, counted from 0."""
        return self.first + (self.last - self.first) * min(1.0, choice / self.over)

    def choose(self, history: History, rng: np.random.Generator) -> int:
        """Choose a word; see `Bandit`."""
        if rng.random() < self.epsilon(len(history.words)):
            return int(rng.integers(history.size))
        return int(self.values(history).argmax())

    def values(self, history: History) -> Floats:
        """Return the value of each word after the last images, (words,).

        Parameters
        ----------
        history : History
            The steps so far. Before the first step, the agent sees zeros.
        """
        seen = np.concatenate([np.zeros((1, history.states.shape[1])), history.states])
        states = torch.from_numpy(seen.astype(np.float32))
        network = _network(states.shape[1], history.size, self.seed)
        optimizer = torch.optim.Adam(network.parameters(), self.rate)
        words = torch.from_numpy(history.words)
        rewards = torch.from_numpy(history.rewards.astype(np.float32))
        for done in range(self.every, len(words) + 1, self.every):
            if done > self.starts:
                rng = np.random.default_rng([self.seed, done])
                drawn = rng.integers(max(0, done - self.kept), done, self.batch)
                loss = _loss(network, states[drawn], words[drawn], rewards[drawn])
                optimizer.zero_grad(set_to_none=True)
                loss.backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(network.parameters(), 10.0)
                optimizer.step()
        with torch.no_grad():
            result: Floats = network(states[-1:])[0].double().numpy()
        return result


def image_state(images: np.ndarray) -> Floats:
    """Return images (images, H, W, 3), 0 to 255, as the agent sees them, numbers from -1 to 1."""
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2).double() / 127.5 - 1
    small: Floats = nn.functional.adaptive_avg_pool2d(pixels, _SIDE).numpy()
    return small.ravel()


def _network(numbers: int, words: int, seed: int) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Linear(numbers, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, words)
        )


def _loss(network: nn.Sequential, states: Tensor, words: Tensor, rewards: Tensor) -> Tensor:
    """Return the error of the values: with episodes of one step, their target is the reward."""
    values = network(states).gather(1, words[:, None])[:, 0]
    return nn.functional.smooth_l1_loss(values, rewards)
