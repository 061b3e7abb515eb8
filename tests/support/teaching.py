"""Images and sessions for policies that teach."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from diptych.policies import REGISTRY, Candidate, Past, Policy
from diptych.policies.traced import TracedPolicy

CLASSES = ("A", "B", "C")


def pool_of(count: int, seed: int = 0) -> list[Candidate]:
    """Images of three clusters in four dimensions."""
    rng = np.random.default_rng(seed)
    means = rng.normal(0, 1, (3, 4))
    points = means[np.arange(count) % 3] + rng.normal(0, 0.4, (count, 4))
    return [
        Candidate(f"{n}.png", CLASSES[n % 3], {f"z_{k}": float(x) for k, x in enumerate(point)})
        for n, point in enumerate(points)
    ]


POOL = pool_of(30)


def made(name: str, **given: Any) -> Policy:
    kind = REGISTRY.get(name)
    # Only the test of the deadline may meet it, however busy the machine is.
    traced = {"features": "z_", "deadline_ms": 10_000} if issubclass(kind, TracedPolicy) else {}
    return kind(kind.Parameters.model_validate(traced | given))


def past(candidate: Candidate, response: str, phase: str = "training") -> Past:
    return Past(candidate, phase, response, response == candidate.group)


def session(policy: Policy, trials: int, seed: int, skill: float = 0.7) -> list[Past]:
    """A session of a participant whose answers are right with the probability `skill`."""
    rng, history = random.Random(seed), list[Past]()
    for trial in range(trials):
        shown = policy.choose(POOL, history, random.Random(f"{seed}:{trial}"))
        right = rng.random() < skill
        others = [name for name in CLASSES if name != shown.group]
        history.append(past(shown, shown.group if right else rng.choice(others)))
    return history
