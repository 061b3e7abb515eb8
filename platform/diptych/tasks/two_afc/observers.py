"""Simulated participants of the 2-AFC task.

The learner compares the two sets of explanations feature by feature, leans on those that set them
apart, and asks along these how far either query is towards the positive side. The difference of
the two queries, as a share of the distance between the sets, is its margin; the probability of
its choice is a logistic function of the margin.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from diptych_analysis.mis.score import Scale


@dataclass(frozen=True)
class Traits:
    """What sets one participant apart from another.

    Attributes
    ----------
    noise : float
        Standard deviation of what is perceived of a feature, in its standard deviations.
    slope : float
        Of the logistic function, once practised; at margin 0.5 half of it is log-odds.
    lean : float
        How exclusively the features that set the sets apart are used.
    lapse : float
        Share of trials that are answered without looking.
    boldness : float
        Shifts how soon confidence 2 and 3 are given.
    pace : float
        Factor of all response times.
    """

    noise: float
    slope: float
    lean: float
    lapse: float
    boldness: float
    pace: float


class Learner(Observer):
    """A logistic observer of the margin, who gets a little better with practice."""

    effort = 1.0  # scales how much is perceived; less of it makes a noisy observer

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__(rng)
        self.traits = Traits(
            noise=lognormal(rng, 0.25, 0.3) / self.effort,
            slope=lognormal(rng, 5.6, 0.3) * self.effort,
            lean=lognormal(rng, 2.0, 0.2),
            lapse=float(rng.beta(1.2, 50)) / self.effort,
            boldness=float(rng.normal(0, 0.08)),
            pace=lognormal(rng, 1.0, 0.3),
        )
        self.answered = 0

    def answer(self, trial: SeenTrial) -> Answer:
        chance = self.probability(self.margin(trial))
        self.answered += 1
        if self.rng.random() < self.traits.lapse:
            chance = 0.5
        top = bool(self.rng.random() < chance)
        certainty = abs(2 * chance - 1)
        felt = certainty + self.traits.boldness + self.rng.normal(0, 0.1)
        response = {
            "choice": "top" if top else "bottom",
            "confidence": 1 + int(felt > 0.45) + int(felt > 0.85),
        }
        practice = (1 + self.answered / 6) ** -0.15
        median = 5500 * (0.6 + 0.9 * (1 - certainty)) * practice * self.traits.pace
        least = float(trial.show["enable_after_ms"])
        return Answer(response, least + lognormal(self.rng, median, 0.45))

    def probability(self, margin: float) -> float:
        """Return the probability of choosing the upper query: logistic, steeper with practice."""
        slope = self.traits.slope * self.practised()
        return float(1 / (1 + np.exp(-np.clip(slope * margin, -50, 50))))

    def practised(self) -> float:
        """Return the share of skill that practice has brought so far, from 0.6."""
        return float(1 - 0.4 * np.exp(-self.answered / 20))

    def margin(self, trial: SeenTrial) -> float:
        """Return how much further the upper query is towards the positive side than the lower one.

        In shares of the distance between the means of the two sets: 1 when the queries are as far
        apart as the sets, 0 when they are alike.
        """
        show = trial.show
        positive, negative = (self._look(trial, show[side]) for side in ("positive", "negative"))
        top, bottom = self._look(trial, [show["top"], show["bottom"]])
        apart = positive.mean(axis=0) - negative.mean(axis=0)
        within = (positive.var(axis=0) + negative.var(axis=0)) / 2
        contrast = apart**2 / (within + 0.05)
        trust = contrast ** (self.traits.lean / 2)
        # Along a feature that hardly differs between the sets, a share of it would mean nothing.
        share = (top - bottom) * apart / (apart**2 + 0.25)
        return float((trust * np.clip(share, -1.5, 1.5)).sum() / (trust.sum() + 1e-9))

    def _look(self, trial: SeenTrial, urls: list[str]) -> Features:
        """Return the features of images as they are perceived: (n, d)."""
        seen = np.stack([trial.features[url] for url in urls])
        return np.asarray(seen + self.rng.normal(0, self.traits.noise, seen.shape))

    def learn(self, trial: SeenTrial, answer: Answer, feedback: Mapping[str, Any]) -> None:
        """Learn nothing here: feedback on one unit says nothing of the next."""

    def rest_ms(self) -> float:
        return lognormal(self.rng, 900 * self.traits.pace, 0.4)


class Noisy(Learner):
    """The same observer, half asleep."""

    effort = 0.35


class Guesser(Observer):
    """Chooses at random, at a person's pace."""

    def answer(self, trial: SeenTrial) -> Answer:
        response = {
            "choice": str(self.rng.choice(["top", "bottom"])),
            "confidence": int(self.rng.integers(1, 4)),
        }
        least = float(trial.show["enable_after_ms"])
        return Answer(response, least + lognormal(self.rng, 1200, 0.5))


class Bot(Observer):
    """Presses the same button as soon as it works."""

    careful = False
    has_hands = False

    def answer(self, trial: SeenTrial) -> Answer:
        wait = float(trial.show["enable_after_ms"]) + float(self.rng.uniform(20, 120))
        return Answer({"choice": "top", "confidence": 3}, wait)

    def rest_ms(self) -> float:
        return 120.0


class Quitter(Learner):
    """The learner, who closes the page somewhere on the way."""

    leaves = True


class Repeater(Learner):
    """The learner, who takes the study once more: under another account where once is enough."""

    comes_again = True


def network_margin(trial: SeenTrial) -> float:
    """Return how much better the upper query fits the positive side than the lower one does.

    Delta of the upper minus Delta of the lower query (MIS paper, eq. 1-3): the mean similarity of a
    query to a set is its product with the set's mean.
    """
    show, seen = trial.show, trial.features
    positive, negative = (
        np.mean([seen[url] for url in show[side]], axis=0) for side in ("positive", "negative")
    )
    return float((seen[show["top"]] - seen[show["bottom"]]) @ (positive - negative))


class Machine(NetworkObserver):
    """A machine that takes the study: no simulation of anybody, but a network's own answers.

    It chooses the likelier query, and its confidence is the probability that it gives to that one
    (MIS paper, eq. 4). It takes no time, and has no lapses.
    """

    kind = "machine"

    def answer(self, trial: SeenTrial) -> Answer:
        top = float(self.scale.probability(network_margin(trial)))
        choice = "top" if top >= 0.5 else "bottom"
        return Answer({"choice": choice, "confidence": max(top, 1 - top)}, 0.0)

    def rest_ms(self) -> float:
        return 0.0


class Viewer(NetworkObserver, Learner):
    """A simulated person whose choice follows a network's similarity.

    Log-odds of a choice are those that the network's margin has by the scale, times the person's
    own slope, which grows with practice, and blurred by noise. People get more out of a picture
    than the published scale makes of the small margins of a classifier's features: hence a slope
    of about 4. Lapses, confidence and response times are those of the learner. A query that stands
    among the examples is recognised.
    """

    #: Similarity from which on two pictures are the same one, be it another crop of it: such are at
    #: 0.96 to 0.99 in `lite0_units` (efficientnet-lite2), other pictures at 0.95 at most.
    RECOGNISED = 0.955
    SURE = 2.0  # log-odds that recognition adds

    def __init__(self, rng: np.random.Generator, scale: Scale) -> None:
        super().__init__(rng, scale)
        self.slope = lognormal(rng, 4.0, 0.3)
        self.blur = lognormal(rng, 0.15, 0.3)  # in log-odds of the network

    def probability(self, margin: float) -> float:
        """Compute the probability of choosing the upper query from the network's log-odds."""
        slope = self.slope * self.practised()
        return float(1 / (1 + np.exp(-np.clip(slope * margin, -50, 50))))

    def margin(self, trial: SeenTrial) -> float:
        """Return the network's log-odds for the upper query, as this person perceives them."""
        fair = float(np.clip(self.scale.probability(network_margin(trial)), 1e-9, 1 - 1e-9))
        odds = np.log(fair / (1 - fair)) + self.rng.normal(0, self.blur)
        return float(odds + self.SURE * self._recognised(trial))

    def _recognised(self, trial: SeenTrial) -> int:
        """Count queries recognised in their places, less those recognised in the others'."""
        show, seen = trial.show, trial.features
        found = 0
        for query, sign in ((show["top"], 1), (show["bottom"], -1)):
            for side, fits in (("positive", 1), ("negative", -1)):
                near = max(float(seen[query] @ seen[url]) for url in show[side])
                found += sign * fits * (near >= self.RECOGNISED)
        return found


class Psychometric(PsychometricObserver):
    """Chooses the query that belongs with a known probability."""

    def respond(
        self, trial: SeenTrial, thing: FrozenItem | FrozenStimulus, *, positive: bool
    ) -> dict[str, Any]:
        assert isinstance(thing, FrozenItem)
        right = self.levels.content.stimuli[thing.stimuli["query_positive"][0]].stimulus_id
        on_top = self.stimulus_of(trial, trial.show["top"]) == right
        return {"choice": "top" if on_top == positive else "bottom", "confidence": 2}


OBSERVERS: dict[str, type[Observer]] = {
    "learner": Learner,
    "noisy": Noisy,
    "guesser": Guesser,
    "bot": Bot,
    "quitter": Quitter,
    "repeater": Repeater,
    "machine": Machine,
    "viewer": Viewer,
    "psychometric": Psychometric,
}
