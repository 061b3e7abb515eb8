"""What policies that teach share: unseen candidates first, and a balanced fallback."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field

from diptych.policies import Candidate, Past, Policy, PolicyParameters
from diptych.policies.balanced import Balanced

Phases = tuple[str, ...]


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

    @staticmethod
    def fresh(pool: Sequence[Candidate], history: Sequence[Past]) -> list[Candidate]:
        """Return the candidates that the session has shown least often, usually never."""
        shown = Counter(past.candidate for past in history)
        fewest = min(shown[each] for each in pool)
        return [each for each in pool if shown[each] == fewest]

    @classmethod
    def balanced(
        cls, pool: Sequence[Candidate], history: Sequence[Past], rng: random.Random
    ) -> Candidate:
        """Choose a fresh candidate of a class that the session has shown least often."""
        return Balanced(PolicyParameters()).choose(cls.fresh(pool, history), history, rng)
