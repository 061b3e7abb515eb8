"""Simulated participants of the point task.

stimuli.csv can say where words are, in numeric columns such as `ring_x` and `ring_y` (shares of the
image). A learner clicks near the place of the word, and says "not there" for a word without a
place. Where a study has no such columns, it clicks near the middle.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from diptych.simulation import Answer, Observer, SeenTrial, lognormal


class Learner(Observer):
    """Clicks near the word, and overlooks it sometimes."""

    #: Standard deviation of clicks, as a share of the image.
    noise: ClassVar[float] = 0.03
    #: Share of words that are not seen, or seen where they are not.
    lapse: ClassVar[float] = 0.04

    def answer(self, trial: SeenTrial) -> Answer:
        place = place_of(trial)
        if self.rng.random() < self.lapse:
            place = None if place is not None else self.anywhere()
        return answered(trial, self.shaken(place), lognormal(self.rng, 1300, 0.4))

    def anywhere(self) -> tuple[float, float]:
        """Return a random place."""
        x, y = (float(part) for part in self.rng.uniform(0, 1, 2))
        return x, y

    def shaken(self, place: tuple[float, float] | None) -> tuple[float, float] | None:
        """Add the noise of a hand."""
        if place is None:
            return None
        x, y = (float(np.clip(part + self.rng.normal(0, self.noise), 0, 1)) for part in place)
        return x, y

    def rest_ms(self) -> float:
        return lognormal(self.rng, 500, 0.4)


class Noisy(Learner):
    """The same observer with little attention."""

    noise = 0.15
    lapse = 0.3


class Guesser(Learner):
    """Clicks anywhere, or says that the word is not there, at a person's pace."""

    def answer(self, trial: SeenTrial) -> Answer:
        place = self.anywhere() if self.rng.random() < 0.5 else None
        return answered(trial, place, lognormal(self.rng, 1000, 0.5))


class Bot(Observer):
    """Says "not there" as soon as that is possible."""

    careful = False
    has_hands = False

    def answer(self, trial: SeenTrial) -> Answer:
        return answered(trial, None, float(self.rng.uniform(20, 120)))

    def rest_ms(self) -> float:
        return 120.0


class Quitter(Learner):
    """The learner, who closes the page before the end."""

    leaves = True


class Repeater(Learner):
    """The learner, who takes the study once more: under another account where once is enough."""

    comes_again = True


def place_of(trial: SeenTrial) -> tuple[float, float] | None:
    """Return where the word is; None if the study says that it is not there."""
    numbers = trial.numbers.get(trial.show["image"], {})
    if not any(name.endswith("_x") for name in numbers):
        return 0.5, 0.5
    x, y = (numbers.get(f"{trial.show['word']}_{axis}") for axis in "xy")
    return None if x is None or y is None or x < 0 or y < 0 else (x, y)


def answered(trial: SeenTrial, place: tuple[float, float] | None, thought_ms: float) -> Answer:
    """Return an answer and the time it took."""
    response: dict[str, Any] = {"choice": "absent"}
    if place is not None:
        response = {"choice": "place", "x": round(place[0], 4), "y": round(place[1], 4)}
    return Answer(response, float(trial.show["enable_after_ms"]) + thought_ms)


OBSERVERS: dict[str, type[Observer]] = {
    "learner": Learner,
    "noisy": Noisy,
    "guesser": Guesser,
    "bot": Bot,
    "quitter": Quitter,
    "repeater": Repeater,
}
