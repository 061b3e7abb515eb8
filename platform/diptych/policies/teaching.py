"""What policies that teach share: chances of each candidate, unseen candidates first."""

from __future__ import annotations

import random
from abc import abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from diptych.policies import (
    Candidate,
    Explained,
    Option,
    Past,
    Policy,
    PolicyParameters,
    without,
)

Phases = tuple[str, ...]
Chances = dict[Candidate, float]
"""Probability of each candidate; those that are left out have none."""


class TeachingParameters(PolicyParameters):
    """Parameters of every policy that teaches."""

    feedback: Phases = Field(
        ("practice", "training"),
        description="Phases whose feedback shows the true class: the participant learns from them.",
    )


class TeachingPolicy(Policy):
    """A policy that chooses what a participant learns from, each image once before twice."""

    adaptive = True
    repeats = True
    teaches = True
    Parameters: ClassVar[type[PolicyParameters]] = TeachingParameters
    parameters: TeachingParameters

    @abstractmethod
    def chances(self, pool: Sequence[Candidate], history: Sequence[Past]) -> Chances:
        """Return the probability of each candidate that the policy may choose.

        Parameters
        ----------
        pool
            As in `choose`.
        history
            The trials of the participant, those of earlier parts included (`whole`).
        """

    def choose(
        self, pool: Sequence[Candidate], history: Sequence[Past], rng: random.Random
    ) -> Candidate:
        return self.explain(pool, history, rng).candidate

    def explain(
        self, pool: Sequence[Candidate], history: Sequence[Past], rng: random.Random
    ) -> Explained:
        chances = self.chances(pool, self.whole(history))
        candidate = drawn(chances, rng)
        return explained(candidate, chances)

    @staticmethod
    def fresh(pool: Sequence[Candidate], history: Sequence[Past]) -> list[Candidate]:
        """Return the candidates that were shown least often, usually never."""
        unseen = without(pool, {past.candidate for past in history})
        if unseen:
            return unseen
        shown = Counter(past.candidate for past in history)
        fewest = min(shown[each] for each in pool)
        return [each for each in pool if shown[each] == fewest]

    @classmethod
    def balanced(cls, pool: Sequence[Candidate], history: Sequence[Past]) -> Chances:
        """Return the chances of the fresh candidates of the classes that were shown least often.

        Each of these classes is equally likely, and then each of its fresh candidates.
        """
        fresh = cls.fresh(pool, history)
        shown = Counter(past.candidate.group for past in history)
        fewest = min(shown[each.group] for each in fresh)
        least = [each for each in fresh if shown[each.group] == fewest]
        members = Counter(each.group for each in least)
        return {each: 1 / (len(members) * members[each.group]) for each in least}


def equal(candidates: Sequence[Candidate]) -> Chances:
    """Return equal chances for all."""
    return dict.fromkeys(candidates, 1 / len(candidates))


def drawn(chances: Mapping[Candidate, float], rng: random.Random) -> Candidate:
    """Draw a candidate with these chances."""
    return rng.choices(list(chances), list(chances.values()))[0]


def explained(
    candidate: Candidate,
    chances: Mapping[Candidate, float],
    scores: Mapping[Candidate, float] | None = None,
    *,
    count: int | None = None,
    explored: bool = False,
    fallback: str | None = None,
) -> Explained:
    """Put a choice together with the candidates that were scored.

    Parameters
    ----------
    candidate : Candidate
        The one chosen.
    chances : mapping of Candidate to float
        Probability of each candidate, at least of the chosen one and of those that were scored.
    scores : mapping of Candidate to float, optional
        Score of each scored candidate.
    count : int, optional
        As in `Explained`; by default the number of `chances` above 0.
    explored, fallback
        As in `Explained`.
    """
    scores = scores or {}
    others = [each for each in scores if each != candidate]
    options = tuple(
        Option(each, chances.get(each, 0.0), scores.get(each)) for each in (candidate, *others)
    )
    if count is None:
        count = sum(chance > 0 for chance in chances.values())
    return Explained(candidate, options, count, explored, fallback)
