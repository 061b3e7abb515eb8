"""Simulated participants of the caption task.

stimuli.csv can say what an image shows, in numeric columns named after words: above 0 for a word
that fits. A learner names these words, overlooks some and adds few. Where a study has no such
columns, it names one word at random.
"""

from __future__ import annotations

from typing import Any, ClassVar

from diptych.simulation import Answer, Observer, SeenTrial, lognormal

#: What a simulated sentence says of an image of which nothing is known.
UNKNOWN = "a simulated sentence about a picture"


class Learner(Observer):
    """Names most of what is there."""

    #: Share of words that fit and are named.
    recall: ClassVar[float] = 0.9
    #: Share of words that do not fit and are named.
    false: ClassVar[float] = 0.03

    def answer(self, trial: SeenTrial) -> Answer:
        fits = words_of(trial)
        named = [
            word
            for word, there in fits.items()
            if self.rng.random() < (self.recall if there else self.false)
        ]
        return answered(trial, named or self.one_of(list(fits)), lognormal(self.rng, 4000, 0.4))

    def one_of(self, words: list[str]) -> list[str]:
        """Return one word at random, or none of none."""
        return [words[int(self.rng.integers(len(words)))]] if words else []

    def rest_ms(self) -> float:
        return lognormal(self.rng, 500, 0.4)


class Noisy(Learner):
    """The same observer with little attention."""

    recall = 0.5
    false = 0.2


class Guesser(Learner):
    """Names one word at random, at a person's pace."""

    def answer(self, trial: SeenTrial) -> Answer:
        return answered(trial, self.one_of(list(words_of(trial))), lognormal(self.rng, 2500, 0.5))


class Bot(Observer):
    """Gives the same answer as soon as that is possible."""

    careful = False
    has_hands = False

    def answer(self, trial: SeenTrial) -> Answer:
        return answered(trial, list(words_of(trial))[:1], float(self.rng.uniform(20, 120)))

    def rest_ms(self) -> float:
        return 120.0


class Quitter(Learner):
    """The learner, who closes the page before the end."""

    leaves = True


class Repeater(Learner):
    """The learner, who takes the study once more: under another account where once is enough."""

    comes_again = True


def words_of(trial: SeenTrial) -> dict[str, bool]:
    """Return the words of a study, and whether each fits the image, as stimuli.csv says."""
    numbers = trial.numbers.get(trial.show["image"], {})
    words = trial.show["words"] or list(numbers)
    return {word: numbers.get(word, 0) > 0 for word in words}


def answered(trial: SeenTrial, named: list[str], thought_ms: float) -> Answer:
    """Return an answer and the time it took."""
    response: dict[str, Any] = {"words": named}
    if trial.show["input"] == "sentence":
        text = f"a picture with {' and '.join(named)}" if named else UNKNOWN
        response = {"text": text[: int(trial.show["longest"])]}
    return Answer(response, float(trial.show["enable_after_ms"]) + thought_ms)


OBSERVERS: dict[str, type[Observer]] = {
    "learner": Learner,
    "noisy": Noisy,
    "guesser": Guesser,
    "bot": Bot,
    "quitter": Quitter,
    "repeater": Repeater,
}
