"""Simulated participants of the comparison task.

They compare one number of the two displays: the first numeric column of stimuli.csv. The learner
chooses the display whose number is perceived as larger:

    P(test) = l / 2 + (1 - l) Phi(ln(test / reference) / w)

with a Weber fraction w and a lapse rate l that are the same for all learners, so that an analysis
of their answers has known results.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

from diptych.simulation import Answer, NumberMachine, Observer, SeenTrial, lognormal
from diptych.simulation.psychometric import PsychometricObserver
from diptych.study.content import FrozenItem, FrozenStimulus
from diptych.tasks.comparison.task import PLACES, REFERENCE, TEST


class Learner(Observer):
    """Compares logarithms of numbers with normal noise, and sometimes lapses."""

    #: Standard deviation of the noise on ln(test / reference).
    weber: ClassVar[float] = 0.23
    #: Share of trials that are answered at random.
    lapse: ClassVar[float] = 0.02
    #: The column that is compared; empty: the first.
    column: ClassVar[str] = ""

    def answer(self, trial: SeenTrial) -> Answer:
        evidence = self.evidence(trial) + self.rng.normal(0.0, self.weber)
        second = evidence > 0
        if self.rng.random() < self.lapse:
            second = self.rng.random() < 0.5
        sureness = abs(evidence) / self.weber
        level = 1 + int(sureness > 0.7) + int(sureness > 1.6)
        # Hard comparisons take longer.
        median = 420 + 300 * math.exp(-sureness)
        return answered(trial, int(second), level, lognormal(self.rng, median, 0.35))

    def evidence(self, trial: SeenTrial) -> float:
        """Return the log ratio of the second display to the first, without noise."""
        first, second = (self.level(trial, url) for url in trial.show["images"])
        if first > 0 and second > 0:
            return math.log(second / first)
        return second - first

    def level(self, trial: SeenTrial, url: str) -> float:
        """Return the number of a display; a study without numbers is compared by its features."""
        numbers = trial.numbers.get(url, {})
        if self.column in numbers:
            return numbers[self.column]
        if numbers:
            return next(iter(numbers.values()))
        return float(trial.features[url].mean())

    def rest_ms(self) -> float:
        return lognormal(self.rng, 500, 0.4)


class Noisy(Learner):
    """The same observer with little attention."""

    weber = 0.6
    lapse = 0.15


class ByArea(Learner):
    """Compares the column `area` and not the number: wrong wherever these disagree."""

    column = "area"


class ByNumberAndHull(Learner):
    """Weighs the number, and the hull a third as much: people with a known bias."""

    #: Weights of the log ratios of the columns.
    weights: ClassVar[dict[str, float]] = {"number": 1.0, "hull": 1 / 3}

    def evidence(self, trial: SeenTrial) -> float:
        first, second = (trial.numbers.get(url, {}) for url in trial.show["images"])
        found = 0.0
        for name, weight in self.weights.items():
            if first.get(name, 0) > 0 and second.get(name, 0) > 0:
                found += weight * math.log(second[name] / first[name])
        return found


class Machine(NumberMachine):
    """A network's own answers, or those of a quantity of the pixels: the greater score wins.

    It answers without noise, and chooses the first display where both scores are equal. Confidence
    3 and 2 are ratios of the scores of at least 1.5 and 1.2.
    """

    def answer(self, trial: SeenTrial) -> Answer:
        first, second = (float(trial.features[url][0]) for url in trial.show["images"])
        less, more = sorted((first, second))
        level = 1 + int(more > 1.2 * less) + int(more > 1.5 * less)
        response = answered(trial, int(second > first), level, 0.0)
        return Answer(response.response, 0.0)


class Psychometric(PsychometricObserver):
    """Chooses the test display with a known probability, or the right one.

    The right one where the study's policy counts right answers, and in practice and catch trials.
    """

    def respond(
        self, trial: SeenTrial, thing: FrozenItem | FrozenStimulus, *, positive: bool
    ) -> dict[str, Any]:
        assert isinstance(thing, FrozenItem)
        right = str(thing.attributes.get("answer") or TEST)
        role = right if trial.phase != "test" else self.levels.judged.positive or right
        if not positive:
            role = REFERENCE if role == TEST else TEST
        chosen = self.levels.content.stimuli[thing.stimuli[role][0]].stimulus_id
        shown = [self.stimulus_of(trial, url) for url in trial.show["images"]]
        return answered(trial, shown.index(chosen), 2, 0.0).response


class Guesser(Observer):
    """Chooses at random, at a person's pace."""

    def answer(self, trial: SeenTrial) -> Answer:
        second, level = int(self.rng.integers(2)), int(self.rng.integers(1, 4))
        return answered(trial, second, level, lognormal(self.rng, 450, 0.5))


class Bot(Observer):
    """Chooses the first display as soon as that is possible."""

    careful = False
    has_hands = False

    def answer(self, trial: SeenTrial) -> Answer:
        return answered(trial, 0, 1, float(self.rng.uniform(20, 120)))

    def rest_ms(self) -> float:
        return 120.0


class Quitter(Learner):
    """The learner, who closes the page before the end."""

    leaves = True


class Repeater(Learner):
    """The learner, who takes the study once more: under another account where once is enough."""

    comes_again = True


def answered(trial: SeenTrial, place: int, level: int, thought_ms: float) -> Answer:
    """Return the answer to a trial: a place (0 or 1), how sure (1 to 3), and the time it took."""
    response: dict[str, object] = {"choice": PLACES[trial.show["layout"]][place]}
    if trial.show["confidence"]:
        response["confidence"] = level
    return Answer(response, float(trial.show["enable_after_ms"]) + thought_ms)


OBSERVERS: dict[str, type[Observer]] = {
    "learner": Learner,
    "noisy": Noisy,
    "guesser": Guesser,
    "bot": Bot,
    "quitter": Quitter,
    "repeater": Repeater,
    "area": ByArea,
    "hull-bias": ByNumberAndHull,
    "machine": Machine,
    "psychometric": Psychometric,
}
