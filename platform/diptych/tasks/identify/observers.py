"""Simulated participants of the identify task.

A learner perceives a display with noise and answers with the label whose examples were most
similar. Of a sequence it perceives the change of one number, the first numeric column of
stimuli.csv, from the first display to the last; each number has scalar noise. It learns examples
from feedback, and guesses while it knows none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from diptych.simulation import Answer, Features, Observer, SeenTrial, lognormal


class Learner(Observer):
    """Compares what it sees with the mean of the examples of each label."""

    #: Standard deviation of the noise on each feature.
    noise: ClassVar[float] = 0.15
    #: Standard deviation of the noise on a number, as a share of it.
    weber: ClassVar[float] = 0.12
    #: Share of trials that are answered at random.
    lapse: ClassVar[float] = 0.02

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__(rng)
        self.examples: dict[str, list[Features]] = {}
        self.seen: Features = np.zeros(1)

    def answer(self, trial: SeenTrial) -> Answer:
        labels = trial.show["labels"]
        self.seen = self.perceive(trial)
        known = {label: np.mean(self.examples[label], axis=0) for label in labels
                 if label in self.examples}  # fmt: skip
        if not known or self.rng.random() < self.lapse:
            choice = labels[int(self.rng.integers(len(labels)))]
        else:
            choice = min(known, key=lambda label: float(np.linalg.norm(self.seen - known[label])))
        return answered(trial, choice, lognormal(self.rng, 800, 0.4))

    def perceive(self, trial: SeenTrial) -> Features:
        """Return noisy features of a display, or the noisy change over a sequence."""
        urls = [trial.show["images"][at] for at in (0, -1)]
        numbers = [next(iter(trial.numbers.get(url, {}).values()), None) for url in urls]
        first, last = (trial.features[url] for url in urls)
        if len(trial.show["images"]) == 1:
            return last + self.rng.normal(0, self.noise, last.shape)
        if None in numbers:
            return last - first + self.rng.normal(0, self.noise, last.shape)
        before, after = (
            number + self.rng.normal(0, self.weber * number)
            for number in numbers
            if number is not None
        )
        return np.array([after - before])

    def learn(self, trial: SeenTrial, answer: Answer, feedback: Mapping[str, Any]) -> None:
        self.examples.setdefault(feedback["answer"], []).append(self.seen)

    def rest_ms(self) -> float:
        return lognormal(self.rng, 500, 0.4)


class Noisy(Learner):
    """The same observer with little attention."""

    noise = 1.0
    weber = 0.5
    lapse = 0.2


class Guesser(Observer):
    """Chooses at random, at a person's pace."""

    def answer(self, trial: SeenTrial) -> Answer:
        labels = trial.show["labels"]
        choice = labels[int(self.rng.integers(len(labels)))]
        return answered(trial, choice, lognormal(self.rng, 700, 0.5))


class Bot(Observer):
    """Chooses the first answer as soon as that is possible."""

    careful = False
    has_hands = False

    def answer(self, trial: SeenTrial) -> Answer:
        return answered(trial, trial.show["labels"][0], float(self.rng.uniform(20, 120)))

    def rest_ms(self) -> float:
        return 120.0


class Quitter(Learner):
    """The learner, who closes the page before the end."""

    leaves = True


class Repeater(Learner):
    """The learner, who takes the study once more: under another account where once is enough."""

    comes_again = True


def answered(trial: SeenTrial, choice: str, thought_ms: float) -> Answer:
    """Return an answer and the time it took."""
    return Answer({"choice": choice}, float(trial.show["enable_after_ms"]) + thought_ms)


OBSERVERS: dict[str, type[Observer]] = {
    "learner": Learner,
    "noisy": Noisy,
    "guesser": Guesser,
    "bot": Bot,
    "quitter": Quitter,
    "repeater": Repeater,
}
