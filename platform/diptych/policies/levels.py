"""What policies of psychophysics share: levels of an attribute, tracks, and answers that count."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from diptych.policies import Candidate, Past, Policy, PolicyParameters


class LevelParameters(PolicyParameters):
    """Parameters of every policy that chooses a level of an attribute."""

    attribute: str = Field(
        min_length=1, description="Numeric column of the manifest that the policy chooses by."
    )


class AdaptiveParameters(LevelParameters):
    """Parameters of the policies that follow the answers."""

    log: bool = Field(
        False, description="Whether the policy works on the natural logarithm of the attribute."
    )
    positive: str = Field(
        "",
        description="The response that counts as positive, such as `more`. Empty: a right answer.",
    )
    by_group: bool = Field(
        False,
        description="Whether each class or unit has its own track. The tracks are interleaved.",
    )


class LevelPolicy(Policy):
    """A policy that chooses a level of one attribute, and then a candidate at that level.

    Of several candidates at a level it shows the one that the session has shown least often.
    """

    repeats = True
    Parameters: ClassVar[type[PolicyParameters]] = LevelParameters
    parameters: LevelParameters

    def faults(self, pool: Sequence[Candidate], trials: int) -> list[str]:
        name = self.parameters.attribute
        missing = [each.id for each in pool if name not in each.attributes]
        if missing:
            have = sorted(set.intersection(*(set(each.attributes) for each in pool)))
            known = ", ".join(have) or "none"
            return [f"{missing[0]!r} has no number {name!r}; numeric columns are: {known}"]
        levels = len({each.attributes[name] for each in pool})
        return [] if levels > 1 else [f"{name!r} has {levels} level; the policy needs two or more"]

    def level(self, candidate: Candidate) -> float:
        """Return the level of a candidate, on the axis of the policy."""
        return candidate.attributes[self.parameters.attribute]

    def at_level(
        self,
        pool: Sequence[Candidate],
        level: float,
        history: Sequence[Past],
        rng: random.Random,
    ) -> Candidate:
        """Return a candidate of the level nearest to one; of two as near, the lower level."""
        nearest = min({self.level(each) for each in pool}, key=lambda at: (abs(at - level), at))
        return self.least_shown(
            [each for each in pool if self.level(each) == nearest], history, rng
        )

    @staticmethod
    def least_shown(
        pool: Sequence[Candidate], history: Sequence[Past], rng: random.Random
    ) -> Candidate:
        """Return one of the candidates that the session has shown least often."""
        shown = Counter(past.candidate.id for past in history)
        fewest = min(shown[each.id] for each in pool)
        least = [each for each in pool if shown[each.id] == fewest]
        return least[rng.randrange(len(least))]


class AdaptivePolicy(LevelPolicy):
    """A level policy that follows the answers, in one track or one per group."""

    adaptive = True
    Parameters: ClassVar[type[PolicyParameters]] = AdaptiveParameters
    parameters: AdaptiveParameters

    def level(self, candidate: Candidate) -> float:
        value = super().level(candidate)
        return math.log(value) if self.parameters.log else value

    def faults(self, pool: Sequence[Candidate], trials: int) -> list[str]:
        faults = super().faults(pool, trials)
        name = self.parameters.attribute
        if not faults and self.parameters.log:
            lowest = min(each.attributes[name] for each in pool)
            if lowest <= 0:
                faults.append(f"{name!r} is {lowest:g}, which has no logarithm; set log = false")
        return faults

    def positive(self, past: Past) -> bool | None:
        """Return whether an answer is positive; None where that is not known.

        A missed trial is as good as a wrong answer, but no answer of another kind.
        """
        if self.parameters.positive and past.missed:
            return None
        if self.parameters.positive and past.response is not None:
            return past.response == self.parameters.positive
        return past.correct

    def track(
        self, pool: Sequence[Candidate], history: Sequence[Past], rng: random.Random
    ) -> tuple[Sequence[Candidate], list[Past]]:
        """Draw the track of this trial.

        The tracks that have had the fewest trials are equally likely. Practice trials belong to
        no track.

        Returns
        -------
        pool : sequence of Candidate
            What the track can show.
        history : list of Past
            The trials of the track.
        """
        counted = [past for past in history if past.phase != "practice"]
        if not self.parameters.by_group:
            return pool, counted
        tracks: Mapping[str, int] = Counter(past.candidate.group for past in counted)
        groups = sorted({each.group for each in pool})
        fewest = min(tracks.get(group, 0) for group in groups)
        least = [group for group in groups if tracks.get(group, 0) == fewest]
        group = least[rng.randrange(len(least))]
        return (
            [each for each in pool if each.group == group],
            [past for past in counted if past.candidate.group == group],
        )
