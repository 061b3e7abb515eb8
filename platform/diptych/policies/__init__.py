"""Policies: what chooses the next candidate (a stimulus or an item) of a session.

A policy is a pure function of pool, history and random generator. One file a policy; found
through the entry points `diptych.policies`, so that a lab adds its own without a fork.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from diptych.ground.plugins import Registry


@dataclass(frozen=True)
class Candidate:
    """Something a trial can show: `id` names it, `group` is its class (a label, a unit)."""

    id: str
    group: str


@dataclass(frozen=True)
class Past:
    """One earlier trial of the session; `correct` is None where it is not (yet) known."""

    candidate: Candidate
    phase: str
    correct: bool | None = None


class PolicyParameters(BaseModel):
    """Parameters of a policy in `[policy]` of study.toml, beside its name."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Policy(ABC):
    """Chooses the next candidate.

    `adaptive` policies look at the answers: their trials are chosen when they are reached.
    All others are asked once, when the session's plan is drawn, with `correct` unknown.
    """

    name: ClassVar[str]
    adaptive: ClassVar[bool] = False
    Parameters: ClassVar[type[PolicyParameters]] = PolicyParameters

    def __init__(self, parameters: PolicyParameters) -> None:
        self.parameters = parameters

    @abstractmethod
    def choose(
        self, pool: Sequence[Candidate], history: Sequence[Past], rng: random.Random
    ) -> Candidate:
        """The next candidate. `pool` is what the session has not shown yet, never empty."""

    def faults(self, pool: Sequence[Candidate], trials: int) -> list[str]:
        """What stands against using this policy on a pool for so many trials."""
        if trials > len(pool):
            return [f"{trials} trials need {trials} candidates, but there are only {len(pool)}"]
        return []


REGISTRY: Registry[Policy] = Registry("diptych.policies")
