"""Simulated learners of categories.

The learner is the generalised context model (Nosofsky 1986): it keeps every example whose class it
was told, noisily, and holds a new image for a member of a class by its similarity to the examples
of that class. Attention starts out uneven and moves to features that tell the classes apart.

Images that explain a wrong answer become examples, too; each side counts as one example in all. In
the days between two parts of a study the learner loses examples at random, with a half-life. Both
are assumptions about people, not findings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from diptych.simulation import Answer, Features, Observer, SeenTrial, lognormal
from diptych.simulation.psychometric import PsychometricObserver
from diptych.study.content import FrozenItem, FrozenStimulus


@dataclass(frozen=True)
class Traits:
    """What sets one learner apart from another.

    Attributes
    ----------
    noise : float
        Standard deviation of what is perceived of a feature, in its standard deviations.
    focus : float
        How fast similarity falls with distance (c in the model).
    decision : float
        How surely the likelier class is chosen (gamma in the model; 1: by matching).
    forgetting : float
        Share of an example's strength that is lost a trial.
    shift : float
        How far attention moves to diagnostic features (0: not at all, 1: wholly).
    lapse : float
        Share of trials that are answered without looking.
    pace : float
        Factor of all response times.
    """

    noise: float
    focus: float
    decision: float
    forgetting: float
    shift: float
    lapse: float
    pace: float


class Learner(Observer):
    """An exemplar learner who pays attention."""

    effort = 1.0  # scales how much is perceived; less of it makes a noisy learner
    half_life_days = 2.0  # median over learners; their logarithms have a standard deviation of 0.5

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__(rng)
        self.traits = self._draw()
        self.attention: Features | None = None
        self.examples: list[Features] = []
        self.labels: list[str] = []
        self.weights: list[float] = []  # 1 for the image of a trial
        self.learned_at: list[int] = []  # the number of the lesson
        self.lessons = 0
        self._half_life: float | None = None
        self.perceived: Features | None = None
        self.answered = 0

    def _draw(self) -> Traits:
        rng = self.rng
        return Traits(
            noise=lognormal(rng, 0.25, 0.5) / self.effort,
            focus=lognormal(rng, 1.8, 0.25),
            decision=lognormal(rng, 2.4, 0.45) * self.effort,
            forgetting=float(rng.beta(1.5, 40)),
            shift=float(rng.beta(3.0, 1.5)) * self.effort,
            lapse=float(rng.beta(1.2, 25)) / self.effort,
            pace=lognormal(rng, 1.0, 0.3),
        )

    def answer(self, trial: SeenTrial) -> Answer:
        classes: Sequence[str] = trial.show["classes"]
        features = trial.features[trial.show["image"]]
        self.perceived = features + self.rng.normal(0, self.traits.noise, len(features))
        chance = self.probabilities(self.perceived, classes)
        self.answered += 1
        lapsed = self.rng.random() < self.traits.lapse
        if lapsed:
            chance = np.full(len(classes), 1 / len(classes))
        # Plackett-Luce: the first choice, then the next among the rest, each by its probability.
        order = np.argsort(-(np.log(chance) + self.rng.gumbel(size=len(classes))), kind="stable")
        ranking = [classes[k] for k in order[: trial.show["rank"]]]
        return Answer({"ranking": ranking}, self._response_time(chance, trial.show["rank"]))

    def probabilities(self, perceived: Features, classes: Sequence[str]) -> Features:
        """Compute the probability of each class for a perceived image, equal before examples."""
        evidence = np.full(len(classes), 1e-3)
        if self.examples:
            weight = self._attend(len(perceived))
            distance = np.abs(np.array(self.examples) - perceived) @ weight
            age = self.lessons - 1 - np.array(self.learned_at)
            strength = np.exp(-self.traits.focus * distance) * (1 - self.traits.forgetting) ** age
            strength *= self.weights
            for k, name in enumerate(classes):
                evidence[k] += strength[[label == name for label in self.labels]].sum()
        powered = (evidence / evidence.max()) ** self.traits.decision + 1e-9
        return np.asarray(powered / powered.sum())

    def _attend(self, d: int) -> Features:
        """Weigh each feature (d,); the weights sum to the square root of the number of features."""
        if self.attention is None:
            self.attention = self.rng.dirichlet(np.full(d, 2.0))
        learned = self._diagnosticity(d)
        trust = self.traits.shift * (1 - np.exp(-self.lessons / 15))
        mixed = (1 - trust) * self.attention + trust * learned
        return np.asarray(mixed * np.sqrt(d))

    def _diagnosticity(self, d: int) -> Features:
        """Compute how well each feature separates the remembered classes: explained variance."""
        x, names = np.array(self.examples), np.array(self.labels)
        weight = np.array(self.weights)[:, None]
        if len(set(self.labels)) < 2 or len(x) < 4:
            return np.full(d, 1 / d)
        mean = (weight * x).sum(axis=0) / weight.sum()
        between = np.zeros(d)
        for name in sorted(set(self.labels)):
            own, of = x[names == name], weight[names == name]
            between += of.sum() * ((of * own).sum(axis=0) / of.sum() - mean) ** 2
        share = between / ((weight * (x - mean) ** 2).sum(axis=0) + 1e-9)
        return np.asarray((share + 1e-3) / (share + 1e-3).sum())

    def _response_time(self, chance: Features, rank: int) -> float:
        doubt = -(chance * np.log(chance)).sum() / np.log(len(chance))
        practice = (1 + self.answered / 4) ** -0.2
        median = (2400 + 1300 * rank) * (0.7 + 0.7 * doubt) * practice * self.traits.pace
        return 350 + lognormal(self.rng, median, 0.4)

    def learn(self, trial: SeenTrial, answer: Answer, feedback: Mapping[str, Any]) -> None:
        if "label" in feedback and self.perceived is not None:
            self.remember(self.perceived, feedback["label"])
            self._compare(trial, answer, feedback)
            self.lessons += 1

    def _compare(self, trial: SeenTrial, answer: Answer, feedback: Mapping[str, Any]) -> None:
        """Take in the images that explain a wrong answer; a mask shows no further image."""
        explanation = feedback.get("explanation")
        if explanation is None or explanation["kind"] == "mask":
            return
        chosen = answer.response["ranking"][0]
        sides = ((feedback["label"], "images"), (chosen, "other_images"))
        for label, side in sides:
            urls = explanation[side]
            for url in urls:
                features = trial.features[url]
                seen = features + self.rng.normal(0, self.traits.noise, len(features))
                self.remember(seen, label, 1 / len(urls))

    def remember(self, perceived: Features, label: str, weight: float = 1.0) -> None:
        """Keep an example of the lesson under way."""
        self.examples.append(perceived)
        self.labels.append(label)
        self.weights.append(weight)
        self.learned_at.append(self.lessons)

    def pass_days(self, days: float) -> None:
        if self._half_life is None:
            self._half_life = lognormal(self.rng, self.half_life_days, 0.5)
        drawn = self.rng.random(len(self.examples))
        kept = np.flatnonzero(drawn < 0.5 ** (days / self._half_life))
        self.examples = [self.examples[n] for n in kept]
        self.labels = [self.labels[n] for n in kept]
        self.weights = [self.weights[n] for n in kept]
        self.learned_at = [self.learned_at[n] for n in kept]

    def rest_ms(self) -> float:
        return lognormal(self.rng, 3000 * self.traits.pace, 0.5)


class Noisy(Learner):
    """The same learner, half asleep."""

    effort = 0.4


class Guesser(Observer):
    """Ranks the classes at random, at a person's pace."""

    def answer(self, trial: SeenTrial) -> Answer:
        order = self.rng.permutation(trial.show["classes"])
        ranking = [str(name) for name in order[: trial.show["rank"]]]
        return Answer({"ranking": ranking}, 350 + lognormal(self.rng, 1600, 0.5))


class Bot(Observer):
    """Clicks the classes in the order in which they stand, faster than anybody can look."""

    careful = False
    has_hands = False

    def answer(self, trial: SeenTrial) -> Answer:
        ranking = list(trial.show["classes"][: trial.show["rank"]])
        return Answer({"ranking": ranking}, float(self.rng.uniform(180, 320)))

    def rest_ms(self) -> float:
        return 120.0


class Quitter(Learner):
    """The learner, who closes the page somewhere on the way."""

    leaves = True


class Repeater(Learner):
    """The learner, who takes the study once more: under another account where once is enough."""

    comes_again = True


class Psychometric(PsychometricObserver):
    """Ranks the true class first with a known probability, or the policy's positive class."""

    def respond(
        self, trial: SeenTrial, thing: FrozenItem | FrozenStimulus, *, positive: bool
    ) -> dict[str, Any]:
        assert isinstance(thing, FrozenStimulus)
        classes = list(trial.show["classes"])
        named = self.levels.judged.positive or thing.label
        others = [str(name) for name in self.rng.permutation(classes) if name != named]
        ranking = [named, *others] if positive else [others[0], named, *others[1:]]
        return {"ranking": ranking[: trial.show["rank"]]}


OBSERVERS: dict[str, type[Observer]] = {
    "learner": Learner,
    "noisy": Noisy,
    "guesser": Guesser,
    "bot": Bot,
    "quitter": Quitter,
    "repeater": Repeater,
    "psychometric": Psychometric,
}
