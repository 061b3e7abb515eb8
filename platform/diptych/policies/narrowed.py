"""A policy that chooses among what the earlier parts of a study showed, or did not show."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from diptych.policies import Candidate, Explained, Past, Policy

Items = Literal["any", "same", "new", "both"]


@dataclass(frozen=True)
class Shown:
    """What the earlier parts showed to one participant, by `Candidate.id`.

    Attributes
    ----------
    learned : frozenset of str
        In training, or in tests where there was no training: what counts as the same.
    all : frozenset of str
        In any trial, or to explain an answer: everything else is new.
    """

    learned: frozenset[str] = frozenset()
    all: frozenset[str] = frozenset()


def narrowed(policy: Policy, items: Items, shown: Shown) -> Policy:
    """Return a policy that chooses as another does, among the items of a part.

    Where none of them is left, it chooses among all: a participant is never stuck.

    Parameters
    ----------
    policy : Policy
        The policy that chooses.
    items : {"any", "same", "new", "both"}
        Which items the part shows (`items` of `[[part]]`).
    shown : Shown
        What the participant has seen before.
    """
    if items == "any":
        return policy

    class Narrowed(Policy):
        name = policy.name
        adaptive = policy.adaptive
        repeats = policy.repeats
        teaches = policy.teaches

        def choose(
            self, pool: Sequence[Candidate], history: Sequence[Past], rng: random.Random
        ) -> Candidate:
            return policy.choose(among(pool, history, rng), history, rng)

        def explain(
            self, pool: Sequence[Candidate], history: Sequence[Past], rng: random.Random
        ) -> Explained:
            return policy.explain(among(pool, history, rng), history, rng)

        def is_finished(self, pool: Sequence[Candidate], history: Sequence[Past]) -> bool:
            return policy.is_finished(allowed(pool) or pool, history)

        def measuring(self) -> Policy:
            return narrowed(policy.measuring(), items, shown)

    def among(
        pool: Sequence[Candidate], history: Sequence[Past], rng: random.Random
    ) -> Sequence[Candidate]:
        """Return what the part may show; all of the pool where that is nothing."""
        if items == "both":
            same = [each for each in pool if each.id in shown.learned]
            new = [each for each in pool if each.id not in shown.all]
            return fewer(same, new, history, rng) or pool
        return allowed(pool) or pool

    def allowed(pool: Sequence[Candidate]) -> Sequence[Candidate]:
        """Return the images of either kind that the part shows, maybe none."""
        return [
            each
            for each in pool
            if (items != "new" and each.id in shown.learned)
            or (items != "same" and each.id not in shown.all)
        ]

    def fewer(
        same: Sequence[Candidate],
        new: Sequence[Candidate],
        history: Sequence[Past],
        rng: random.Random,
    ) -> Sequence[Candidate]:
        """Return the kind that this session has shown less often; draw lots on ties."""
        were = sum(past.candidate.id in shown.learned for past in history)
        others = sum(past.candidate.id not in shown.all for past in history)
        take_same = were < others if were != others else rng.random() < 0.5
        return (same or new) if take_same else (new or same)

    found = Narrowed(policy.parameters)
    found.earlier = policy.earlier
    return found
