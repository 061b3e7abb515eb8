"""Simulated participants with a known psychometric function: they check analyses, not models.

Unlike other observers they know the study folder: the level of each item, and which answer is
positive. Whether they give it is drawn from their function alone.
"""

from __future__ import annotations

import hashlib
import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from diptych.sessions.judged_levels import judged_levels
from diptych.simulation import Answer, Features, Observer, SeenTrial, lognormal
from diptych.simulation.visitor import SimulationFault
from diptych.study.content import FrozenItem, FrozenStimulus, StudyContent
from diptych.study.loaded import LoadedStudy
from diptych.tasks import REGISTRY as TASKS
from diptych.tasks import numbers_of


@dataclass(frozen=True)
class PeopleFunctions:
    """The psychometric functions that simulated people have.

    Attributes
    ----------
    threshold : float or None
        Typical threshold, in the unit of the attribute; None for the middle of the levels.
    weber : float
        Typical Weber fraction: the width on the logarithm of the level; on a linear axis width /
        threshold.
    lapse : float
        Lapse rate of everybody.
    spread : float
        Standard deviation of people's ln(Weber fraction); that of ln(threshold) is a third of it.
    """

    threshold: float | None = None
    weber: float = 0.23
    lapse: float = 0.02
    spread: float = 0.2


class LevelsOfStudy:
    """What each trial of a study shows: its item, and the item's level.

    Parameters
    ----------
    content : StudyContent
        The study. A policy of it chooses trials by a number, or its task compares one.

    Raises
    ------
    SimulationFault
        If there is no such number.
    """

    def __init__(self, content: StudyContent) -> None:
        task = TASKS.get(content.spec.task.name)(content, content.spec.conditions[0])
        found = next(iter(judged_levels([content]).items()), None) or task.judged()
        if not found:
            raise SimulationFault(
                "the observer 'psychometric' needs a policy with an attribute, such as "
                "constant_stimuli or quest_plus, or in comparison an attribute in [task]"
            )
        self.content = content
        self.attribute, self.judged = found
        shown = [each.stimulus_id for each in content.stimuli]
        self._things: list[tuple[frozenset[str], FrozenItem | FrozenStimulus]] = [
            (frozenset(shown[place] for places in item.stimuli.values() for place in places), item)
            for item in content.items.values()
        ] or [(frozenset([each.stimulus_id]), each) for each in content.stimuli]
        levels = [at for _, thing in self._things if (at := self.level(thing)) is not None]
        low, high = min(levels), max(levels)
        self.log = self.judged.log and low > 0
        self.middle = math.sqrt(low * high) if self.log else (low + high) / 2

    def level(self, thing: FrozenItem | FrozenStimulus) -> float | None:
        """Return the level of an item; None without one, as catch trials may be."""
        return numbers_of(thing.attributes).get(self.attribute)

    def thing(self, images: frozenset[str]) -> FrozenItem | FrozenStimulus:
        """Return the item with these images (`stimulus_id`)."""
        for own, thing in self._things:
            if images <= own:
                return thing
        raise SimulationFault("the host shows images that are no item of the study folder")


class IdentityVision:
    """Turns served bytes into the number of the image among the study's, from 0; shape (1,)."""

    def __init__(self, study: LoadedStudy) -> None:
        ids = dict.fromkeys(each.stimulus_id for each in study.content.stimuli)
        self.names = list(ids)
        self._numbers = {
            hashlib.sha256(study.images[name].encode()).hexdigest(): number
            for number, name in enumerate(self.names)
        }

    def numbers(self, data: bytes) -> Mapping[str, float]:
        """Return nothing: the observer knows the levels by the names of the images."""
        return {}

    async def look(self, images: Sequence[bytes]) -> list[Features]:
        """Return the features (1,) of each image."""
        found = []
        for data in images:
            number = self._numbers.get(hashlib.sha256(data).hexdigest())
            if number is None:
                raise SimulationFault(
                    "the host serves an image that the study folder does not have; open the study "
                    "again, or use the folder of that version"
                )
            found.append(np.array([float(number)]))
        return found


class PsychometricObserver(Observer):
    """Gives the positive answer with the probability of a known function.

    Without a guessing rate P = l / 2 + (1 - l) Phi(z), else P = g + (1 - g - l) Phi(z), with
    z = (ln level - ln threshold) / w; on a linear axis (level - threshold) / (w threshold).
    Practice and catch trials are answered right.

    Parameters
    ----------
    rng : np.random.Generator
        Its generator.
    levels : LevelsOfStudy
        The study.
    names : sequence of str
        `stimulus_id` by the number that `IdentityVision` sees.
    people : PeopleFunctions
        The functions of all participants, of which it draws one.
    """

    def __init__(
        self,
        rng: np.random.Generator,
        levels: LevelsOfStudy,
        names: Sequence[str],
        people: PeopleFunctions,
    ) -> None:
        super().__init__(rng)
        self.levels, self.names = levels, names
        self.threshold = lognormal(rng, people.threshold or levels.middle, people.spread / 3)
        self.weber = lognormal(rng, people.weber, people.spread)
        self.lapse = people.lapse
        self.pace = lognormal(rng, 1.0, 0.3)

    def probability(self, level: float) -> float:
        """Return the probability of a positive answer at a level."""
        if self.levels.log:
            z = (math.log(level) - math.log(self.threshold)) / self.weber
        else:
            z = (level - self.threshold) / (self.weber * self.threshold)
        normal = math.erfc(-z / math.sqrt(2)) / 2
        guess = self.levels.judged.guess
        if guess is None:
            return self.lapse / 2 + (1 - self.lapse) * normal
        return guess + (1 - guess - self.lapse) * normal

    def answer(self, trial: SeenTrial) -> Answer:
        """Answer a trial by the function and its lapses."""
        images = frozenset(self.names[int(seen[0])] for seen in trial.features.values())
        thing = self.levels.thing(images)
        level = self.levels.level(thing)
        positive = True
        if trial.phase not in ("practice", "catch") and level is not None:
            positive = bool(self.rng.random() < self.probability(level))
        said = self.respond(trial, thing, positive=positive)
        least = float(trial.show.get("enable_after_ms", 0))
        return Answer(said, least + lognormal(self.rng, 900 * self.pace, 0.4))

    @abstractmethod
    def respond(
        self, trial: SeenTrial, thing: FrozenItem | FrozenStimulus, *, positive: bool
    ) -> dict[str, Any]:
        """Return the body of a positive or negative answer to a trial about an item."""

    def stimulus_of(self, trial: SeenTrial, url: str) -> str:
        """Return the `stimulus_id` of an image that the trial shows."""
        return self.names[int(trial.features[url][0])]
