"""The search (RLPO): a word, two groups of images, their scores, a preference, and again.

At each step a bandit picks a seed word. The generator draws two groups of images for it. Scores of
concept activation vectors say which group moves the network more towards its class. The generator
learns to prefer that group, and the word earns the mean score of both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from diptych_analysis.concepts.bandits import History, bandit
from diptych_analysis.concepts.deep_q import STATE, image_state
from diptych_analysis.concepts.faults import ConceptFault
from diptych_analysis.concepts.people import Judged
from diptych_analysis.concepts.preference import PreferenceSettings, PreferenceTuner
from diptych_analysis.concepts.sensitivity import (
    class_gradients,
    pictures,
    pooled_activations,
)
from diptych_analysis.concepts.tcav import Score, null_scores, score_concept
from diptych_analysis.diffusion.generator import Drawer, Generator, without_adapters
from diptych_analysis.networks.networks import Network

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

#: Streams of random numbers, so that no two uses share any.
RANDOM_SETS, STEP, EVALUATION, NULL = 41, 42, 43, 44


@dataclass(frozen=True)
class SearchSettings:
    """What a search depends on, besides network and generator.

    Parameters
    ----------
    words : tuple of str
        Seed words, each also a prompt.
    steps : int
        Steps of the search.
    group : int
        Images per group; each step draws two groups.
    random_sets : int
        Sets of random images; each has twice as many images as a group.
    policy : str
        `ucb`, `epsilon-greedy`, `uniform` or `dqn`.
    prefer : bool
        Whether preferences move the generator.
    shuffled : bool
        Whether scores are replaced by those of shuffled images (a baseline).
    margin : float
        Least difference of the groups' rewards that counts as a preference.
    sampler_steps : int
        Steps of the sampler per image.
    guidance : float
        Weight of classifier-free guidance.
    levels : int
        At how many steps the adapters are kept, to show how images change; see `levels`.
    seed : int
        Fixes everything.
    preference : PreferenceSettings
        How preferences move the generator.
    """

    words: tuple[str, ...]
    steps: int = 60
    group: int = 10
    random_sets: int = 8
    policy: str = "ucb"
    prefer: bool = True
    shuffled: bool = False
    margin: float = 0.05
    sampler_steps: int = 10
    guidance: float = 2.0
    levels: int = 3
    seed: int = 0
    preference: PreferenceSettings = field(default_factory=PreferenceSettings)

    def __post_init__(self) -> None:
        """Check the settings that would fail late."""
        if len(set(self.words)) != len(self.words) or len(self.words) < 2:
            raise ConceptFault(
                f"words {', '.join(self.words) or 'none'}: at least 2 are needed, all different"
            )
        if self.group < 4 or self.random_sets < 2:
            raise ConceptFault(
                f"{self.group} images per group and {self.random_sets} random sets: at least 4 "
                "and 2 are needed"
            )
        bandit(self.policy, self.steps)


@dataclass(frozen=True)
class Step:
    """What happened at one step.

    Attributes
    ----------
    word : int
        Place of the word.
    scores : tuple of float
        Mean TS of the two groups, 0 to 1.
    accuracies : tuple of float
        Held-out accuracy of the two groups.
    rewards : tuple of float
        TS drawn towards .5 by the accuracy; their mean is the word's reward.
    preferred : int
        0 or 1, or -1 where the groups do not differ.
    loss : float or None
        Loss of the preference before the update, nats.
    """

    word: int
    scores: tuple[float, float]
    accuracies: tuple[float, float]
    rewards: tuple[float, float]
    preferred: int
    loss: float | None

    @property
    def reward(self) -> float:
        """What the word earned, 0 to 1."""
        return sum(self.rewards) / 2


@dataclass(frozen=True)
class Target:
    """The class that is explained.

    Attributes
    ----------
    network : Network
        The classifier.
    layer : str
        Name of the module whose activations hold concepts.
    number : int
        Number of the class.
    images : list of PIL.Image.Image
        Images of the class.
    """

    network: Network
    layer: str
    number: int
    images: list[Image.Image]


class Search:
    """A search in progress.

    Parameters
    ----------
    generator : Drawer
        Draws the images. It must be a `Generator` if preferences are on, and gets adapters then.
    target : Target
        The class that is explained.
    settings : SearchSettings
        What to do.
    known : mapping of str to ndarray, optional
        `cached` of an earlier search of the same settings; saves a pass of the network.
    judged : sequence of Judged, optional
        Groups of an earlier search with people's choices. Step i then takes the i-th of them: it
        draws nothing, and the choice replaces the scores as the label.
    """

    def __init__(
        self,
        generator: Drawer,
        target: Target,
        settings: SearchSettings,
        known: dict[str, Floats] | None = None,
        judged: Sequence[Judged] = (),
    ) -> None:
        self.generator, self.target, self.settings = generator, target, settings
        self.judged = judged
        self.cached = known or self._computed()
        self.random_sets: Sequence[Floats] = list(self.cached["random"])
        self.steps: list[Step] = []
        #: The preferred group of each step, small; see `image_state`.
        self.seen: list[Floats] = []
        #: Adapters after some steps, by the number of steps.
        self.levels: dict[int, dict[str, torch.Tensor]] = {}
        self.tuner: PreferenceTuner | None = None
        if settings.prefer:
            if not isinstance(generator, Generator):
                raise ConceptFault(
                    f"preferences can't move the generator {generator.name!r}, which has no "
                    "weights: switch them off (--no-preference)"
                )
            self.tuner = PreferenceTuner(generator, settings.preference, settings.seed)

    def _computed(self) -> dict[str, Floats]:
        """Pass class images and random images through the network, once per search."""
        settings, target = self.settings, self.target
        size = 2 * settings.group
        seeds = self.random_seeds()
        random = np.concatenate(
            [self.draw("", seeds[first : first + size]) for first in range(0, len(seeds), size)]
        )
        activations = pooled_activations(target.network, target.layer, pictures(random))
        gradients = class_gradients(target.network, target.layer, target.images, target.number)
        sets = activations.reshape(settings.random_sets, size, -1)
        null = [null_scores(list(sets), gradients, self.rng(NULL, i)) for i in range(4)]
        return {"random": sets, "gradients": gradients, "null": np.concatenate(null)}

    def rng(self, *stream: int) -> np.random.Generator:
        """Return the generator of random numbers of a stream."""
        return np.random.default_rng([self.settings.seed, *stream])

    def random_seeds(self) -> list[int]:
        """Return the seeds of all random images."""
        count = self.settings.random_sets * 2 * self.settings.group
        return image_seeds(self.rng(RANDOM_SETS), count)

    def draw_unchanged(self, word: str, seeds: Sequence[int]) -> Bytes:
        """Draw as the generator did before the search."""
        if self.tuner is None:
            return self.draw(word, seeds)
        with without_adapters(self.tuner.generator.unet):
            return self.draw(word, seeds)

    def draw(self, word: str, seeds: Sequence[int]) -> Bytes:
        """Draw one image per seed for a word."""
        return self.generator.draw(
            [word] * len(seeds),
            seeds,
            steps=self.settings.sampler_steps,
            guidance=self.settings.guidance,
        )

    def score(self, images: Bytes, rng: np.random.Generator) -> Score:
        """Score images as one concept."""
        activations = pooled_activations(self.target.network, self.target.layer, pictures(images))
        return score_concept(
            activations,
            self.random_sets,
            self.cached["gradients"],
            rng,
            shuffled=self.settings.shuffled,
        )

    @property
    def history(self) -> History:
        """What a policy over words knows."""
        return History(
            len(self.settings.words),
            np.array([step.word for step in self.steps], np.int64),
            np.array([step.reward for step in self.steps], np.float64),
            np.array(self.seen, np.float64).reshape(-1, STATE),
        )

    def step(self) -> tuple[Step, Bytes]:
        """Take one step; return it and its images, (2 groups, group, H, W, 3)."""
        settings = self.settings
        rng = self.rng(STEP, len(self.steps))
        word, groups = self._groups(rng)
        scores = [self.score(group, rng) for group in groups]
        first, second = (score.reward for score in scores)
        preferred = -1 if abs(first - second) < settings.margin else int(second > first)
        if self.judged:
            preferred = self.judged[len(self.steps)].preferred
        loss = None
        if self.tuner is not None and preferred >= 0:
            prompt = settings.words[word]
            loss = self.tuner.prefer(prompt, groups[preferred], groups[1 - preferred], rng)
        step = Step(
            word,
            (scores[0].mean, scores[1].mean),
            (scores[0].accuracy, scores[1].accuracy),
            (first, second),
            preferred,
            loss,
        )
        self.steps.append(step)
        self.seen.append(image_state(groups[max(preferred, 0)]))
        if self.tuner is not None and len(self.steps) in level_steps(
            settings.steps, settings.levels
        ):
            self.levels[len(self.steps)] = self.tuner.adapters()
        return step, groups

    def _groups(self, rng: np.random.Generator) -> tuple[int, Bytes]:
        """Choose a word and draw its two groups, or take those that people have judged."""
        settings = self.settings
        if self.judged:
            groups = self.judged[len(self.steps)].groups
            return settings.words.index(groups.word), groups.images
        policy = bandit(settings.policy, settings.steps, settings.seed)
        word = policy.choose(self.history, rng)
        drawn = self.draw(settings.words[word], image_seeds(rng, 2 * settings.group))
        return word, drawn.reshape(2, settings.group, *drawn.shape[1:])

    def ranking(self) -> list[int]:
        """Return the places of all words, the highest mean reward first.

        Words that were tried equally well keep the order of how often they were tried.
        """
        counts, sums = self.history.counts, self.history.sums
        means = sums / np.maximum(counts, 1)
        return sorted(range(len(counts)), key=lambda word: (-means[word], -counts[word], word))

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint needs."""
        rows = [
            (s.word, list(s.scores), list(s.accuracies), list(s.rewards), s.preferred, s.loss)
            for s in self.steps
        ]
        return {
            "steps": rows,
            "seen": [torch.from_numpy(each) for each in self.seen],
            "levels": self.levels,
            "tuner": self.tuner.state() if self.tuner else None,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from `state`."""
        self.steps = [
            Step(word, tuple(scores), tuple(accuracies), tuple(rewards), preferred, loss)
            for word, scores, accuracies, rewards, preferred, loss in state["steps"]
        ]
        self.seen = [each.numpy() for each in state["seen"]]
        self.levels = dict(state["levels"])
        if self.tuner is not None:
            self.tuner.restore(state["tuner"])


def level_steps(steps: int, levels: int) -> set[int]:
    """Return after which steps the levels lie: evenly spaced, the last at the end."""
    return {round(steps * level / levels) for level in range(1, levels + 1)} - {0}


def image_seeds(rng: np.random.Generator, count: int) -> list[int]:
    """Draw seeds of images."""
    return [int(seed) for seed in rng.integers(0, 2**31, count)]
