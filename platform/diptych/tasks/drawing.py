"""Drawing what the trials of a plan show, by the choice of a policy."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from diptych.policies import Candidate, Past, Policy, without


def numbers_of(attributes: Mapping[str, Any]) -> dict[str, float]:
    """Return the attributes that are numbers, for a `Candidate`; empty cells are left out."""
    return {
        name: float(value) for name, value in attributes.items() if isinstance(value, int | float)
    }


def not_shown(
    pool: Sequence[Candidate], policy: Policy, history: Sequence[Past]
) -> Sequence[Candidate]:
    """Return what a policy may choose from: all of the pool where it repeats."""
    if policy.repeats:
        return pool
    return without(pool, {past.candidate for past in history})


def draw(
    pool: Sequence[Candidate],
    count: int,
    phase: str,
    policy: Policy,
    history: list[Past],
    rng: random.Random,
) -> list[Candidate]:
    """Draw `count` candidates in the order of the policy's choice; history grows by them."""
    left = list(pool)
    drawn = []
    for _ in range(count):
        candidate = policy.choose(left, history, rng)
        if not policy.repeats:
            left.remove(candidate)
        drawn.append(candidate)
        history.append(Past(candidate, phase))
    return drawn


def spread(
    tests: Sequence[Candidate | None], catches: Sequence[Candidate], rng: random.Random
) -> list[tuple[str, Candidate | None]]:
    """Put catch trials between test trials, one in each of as many equal stretches.

    Parameters
    ----------
    tests, catches : sequence of Candidate
        What the trials show; the tests keep their order. None for a test that is chosen later.
    rng : random.Random
        The generator of the session's plan.

    Returns
    -------
    list of (str, Candidate or None)
        Phase and candidate of each trial.
    """
    order: list[tuple[str, Candidate | None]] = [("test", candidate) for candidate in tests]
    stretch = len(tests) / (len(catches) or 1)
    for number, catch in reversed(list(enumerate(catches))):
        first, last = int(number * stretch), max(int((number + 1) * stretch) - 1, 0)
        order.insert(rng.randint(first, max(first, last)) + 1, ("catch", catch))
    return order
