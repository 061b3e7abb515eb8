"""Simulated participants of the estimation task.

They estimate one number of the display, the first numeric column of stimuli.csv, as

    estimate = a N^b exp(c e),  e normal with standard deviation 1

with gain a, exponent b and spread c that are the same for all learners, so that an analysis of
their answers has known results. Numbers up to four are estimated exactly. The answer is the
nearest one that the page accepts.
"""

from __future__ import annotations

import math
from typing import ClassVar

from diptych.simulation import Answer, Observer, SeenTrial, lognormal


class Learner(Observer):
    """Estimates with a power function and scalar noise, and sometimes lapses."""

    gain: ClassVar[float] = 1.2
    exponent: ClassVar[float] = 0.9
    #: Standard deviation of the logarithm of an estimate.
    spread: ClassVar[float] = 0.2
    #: Numbers up to this one are estimated exactly.
    exact: ClassVar[float] = 4
    #: Share of trials that are answered at random.
    lapse: ClassVar[float] = 0.01

    def answer(self, trial: SeenTrial) -> Answer:
        number = level(trial)
        estimate = self.estimate(number)
        if self.rng.random() < self.lapse:
            estimate = float(self.rng.uniform(trial.show["least"], trial.show["most"]))
        median = 900 if number <= self.exact else 1700
        return answered(trial, estimate, lognormal(self.rng, median, 0.35))

    def estimate(self, number: float) -> float:
        """Return a noisy estimate of a number."""
        noise = float(self.rng.normal(0.0, self.spread))
        if number <= self.exact:
            return number
        return self.gain * math.pow(number, self.exponent) * math.exp(noise)

    def rest_ms(self) -> float:
        return lognormal(self.rng, 500, 0.4)


class Noisy(Learner):
    """The same observer with little attention."""

    spread = 0.6
    exact = 1
    lapse = 0.1


class Guesser(Observer):
    """Gives any number, at a person's pace."""

    def answer(self, trial: SeenTrial) -> Answer:
        guess = float(self.rng.uniform(trial.show["least"], trial.show["most"]))
        return answered(trial, guess, lognormal(self.rng, 1200, 0.5))


class Bot(Observer):
    """Gives the smallest number as soon as that is possible."""

    careful = False
    has_hands = False

    def answer(self, trial: SeenTrial) -> Answer:
        return answered(trial, float(trial.show["least"]), float(self.rng.uniform(20, 120)))

    def rest_ms(self) -> float:
        return 120.0


class Quitter(Learner):
    """The learner, who closes the page before the end."""

    leaves = True


class Repeater(Learner):
    """The learner, who takes the study once more: under another account where once is enough."""

    comes_again = True


def level(trial: SeenTrial) -> float:
    """Return the number of the display; of a study without numbers, the middle of the bounds."""
    numbers = trial.numbers.get(trial.show["image"], {})
    middle = (float(trial.show["least"]) + float(trial.show["most"])) / 2
    return next(iter(numbers.values()), middle)


def answered(trial: SeenTrial, estimate: float, thought_ms: float) -> Answer:
    """Return the answer that the page accepts and that is nearest to an estimate."""
    least, most, step = (float(trial.show[name]) for name in ("least", "most", "step"))
    steps = min(max(round((estimate - least) / step), 0), math.floor((most - least) / step + 1e-9))
    response = {"estimate": round(least + steps * step, 9)}
    return Answer(response, float(trial.show["enable_after_ms"]) + thought_ms)


OBSERVERS: dict[str, type[Observer]] = {
    "learner": Learner,
    "noisy": Noisy,
    "guesser": Guesser,
    "bot": Bot,
    "quitter": Quitter,
    "repeater": Repeater,
}
