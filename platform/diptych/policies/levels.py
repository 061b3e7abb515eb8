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
    log: bool = Field(
        False,
        description="Whether the policy, and the figure of the answers, works on the natural "
        "logarithm of the attribute.",
    )
    positive: str = Field(
        "",
        description="The response that counts as positive, such as `more`. Empty: a right answer.",
    )


class AdaptiveParameters(LevelParameters):
    """Parameters of the policies that follow the answers."""

    by_group: bool = Field(
        False,
        description="Whether each class or unit has its own track. The tracks are interleaved.",
    )
    tracks: int = Field(
        1,
        ge=1,
        le=16,
        description="Number of independent tracks, or of tracks per class or unit with `by_group`. "
        "Each comes once in as many trials, in random order.",
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
        levels = {each.attributes[name] for each in pool}
        if len(levels) < 2:
            return [f"{name!r} has {len(levels)} level; the policy needs two or more"]
        if self.parameters.log and min(levels) <= 0:
            return [f"{name!r} is {min(levels):g}, which has no logarithm; set log = false"]
        return []

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
    ) -> tuple[Sequence[Candidate], list[Past], int]:
        """Draw the track of this trial.

        The groups that have had the fewest trials are equally likely; `order_of` says which of a
        group's tracks comes next. Practice trials belong to no track.

        Returns
        -------
        pool : sequence of Candidate
            What the track can show.
        history : list of Past
            The trials of the track.
        number : int
            Number of the track in its group, from 0.
        """
        shown, counted = self._group(pool, history, rng)
        tracks = self.parameters.tracks
        if tracks == 1:
            return shown, counted, 0
        group = shown[0].group if self.parameters.by_group else ""
        order = order_of(group, len(counted) + 1, tracks)
        own = [past for past, track in zip(counted, order, strict=False) if track == order[-1]]
        return shown, own, order[-1]

    def _group(
        self, pool: Sequence[Candidate], history: Sequence[Past], rng: random.Random
    ) -> tuple[Sequence[Candidate], list[Past]]:
        """Return what the group of this trial can show, and its trials."""
        counted = [past for past in history if past.phase != "practice"]
        if not self.parameters.by_group:
            return pool, counted
        taken: Mapping[str, int] = Counter(past.candidate.group for past in counted)
        groups = sorted({each.group for each in pool})
        fewest = min(taken.get(group, 0) for group in groups)
        least = [group for group in groups if taken.get(group, 0) == fewest]
        group = least[rng.randrange(len(least))]
        return (
            [each for each in pool if each.group == group],
            [past for past in counted if past.candidate.group == group],
        )


def order_of(group: str, trials: int, tracks: int) -> list[int]:
    """Return the track of each of a group's trials, from 0.

    In each block of as many trials as tracks, every track comes once. The order within a block is
    random, so that participants cannot foresee it, but the same in all sessions: which track an
    earlier trial belonged to follows from its place alone.
    """
    order: list[int] = []
    while len(order) < trials:
        block = list(range(tracks))
        random.Random(f"{group}:{len(order) // tracks}").shuffle(block)
        order += block
    return order[:trials]
