"""Simulated participants of the odd-one-out task.

The learner perceives each image with noise and measures how far it is from the others; it chooses
the most distant image with a probability that grows with the distance (a softmax).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from diptych.simulation import (
    Answer,
    Features,
    NetworkObserver,
    Observer,
    SeenTrial,
    lognormal,
)
from diptych.simulation.psychometric import PsychometricObserver
from diptych.study.content import FrozenItem, FrozenStimulus


class Learner(Observer):
    """Chooses the image that is least similar to the others, with noise and lapses."""

    effort = 1.0  # how much is perceived; less of it makes a noisy observer

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__(rng)
        self.noise = lognormal(rng, 0.2, 0.3) / self.effort  # standard deviation of a feature
        self.slope = lognormal(rng, 4.0, 0.3) * self.effort  # log-odds per unit of distance
        self.lapse = float(rng.beta(1.2, 50)) / self.effort
        self.pace = lognormal(rng, 1.0, 0.3)

    def answer(self, trial: SeenTrial) -> Answer:
        images = np.stack([trial.features[url] for url in trial.show["images"]])
        chances = self.probabilities(images + self.rng.normal(0, self.noise, images.shape))
        if self.rng.random() < self.lapse:
            chances = np.full(len(chances), 1 / len(chances))
        choice = int(self.rng.choice(len(chances), p=chances))
        median = 2500 * (1.4 - float(chances.max())) * self.pace
        least = float(trial.show["enable_after_ms"])
        return Answer({"choice": choice}, least + lognormal(self.rng, median, 0.45))

    def probabilities(self, images: Features) -> Features:
        """Return the probability of choosing each image.

        Parameters
        ----------
        images : array of shape (n, d)
            Features of the images as they are perceived, in standard deviations.

        Returns
        -------
        array of shape (n,)
            They sum to 1; the image with the greatest mean distance to the others has most.
        """
        distances = np.linalg.norm(images[:, None] - images[None], axis=-1)
        mean = distances.sum(axis=1) / (len(images) - 1)
        odds = np.exp(self.slope * (mean - mean.max()))
        return np.asarray(odds / odds.sum())

    def rest_ms(self) -> float:
        return lognormal(self.rng, 700 * self.pace, 0.4)


class Noisy(Learner):
    """The same observer with little attention."""

    effort = 0.35


class Guesser(Observer):
    """Chooses at random, at a person's pace."""

    def answer(self, trial: SeenTrial) -> Answer:
        choice = int(self.rng.integers(len(trial.show["images"])))
        least = float(trial.show["enable_after_ms"])
        return Answer({"choice": choice}, least + lognormal(self.rng, 1200, 0.5))


class Bot(Observer):
    """Chooses the first image as soon as that is possible."""

    careful = False
    has_hands = False

    def answer(self, trial: SeenTrial) -> Answer:
        wait = float(trial.show["enable_after_ms"]) + float(self.rng.uniform(20, 120))
        return Answer({"choice": 0}, wait)

    def rest_ms(self) -> float:
        return 120.0


class Quitter(Learner):
    """The learner, who closes the page before the end."""

    leaves = True


class Repeater(Learner):
    """The learner, who takes the study once more: under another account where once is enough."""

    comes_again = True


class Machine(NetworkObserver):
    """A network takes the study: it chooses the image that is least similar to the others.

    The similarity of two images is the product of their features. Of three images, the two others
    are then the most similar pair (Hebart et al. 2020). It takes no time, and has no lapses.
    """

    kind = "machine"

    def answer(self, trial: SeenTrial) -> Answer:
        images = np.stack([trial.features[url] for url in trial.show["images"]])
        similar = images @ images.T
        np.fill_diagonal(similar, 0.0)
        return Answer({"choice": int(similar.sum(axis=1).argmin())}, 0.0)

    def rest_ms(self) -> float:
        return 0.0


class Psychometric(PsychometricObserver):
    """Chooses the odd image with a known probability, else one of the others."""

    def respond(
        self, trial: SeenTrial, thing: FrozenItem | FrozenStimulus, *, positive: bool
    ) -> dict[str, Any]:
        assert isinstance(thing, FrozenItem)
        shown = [self.stimulus_of(trial, url) for url in trial.show["images"]]
        odd = thing.stimuli["odd"]
        right = shown.index(self.levels.content.stimuli[odd[0]].stimulus_id) if odd else 0
        others = [place for place in range(len(shown)) if place != right]
        return {"choice": right if positive else int(self.rng.choice(others))}


OBSERVERS: dict[str, type[Observer]] = {
    "learner": Learner,
    "noisy": Noisy,
    "guesser": Guesser,
    "bot": Bot,
    "quitter": Quitter,
    "repeater": Repeater,
    "machine": Machine,
    "psychometric": Psychometric,
}
