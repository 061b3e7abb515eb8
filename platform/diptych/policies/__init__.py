"""Policies: what chooses the next candidate (a stimulus or an item) of a session.

A policy is a pure function of pool, history and random generator. One file a policy; found
through the entry points `diptych.policies`, so that a lab adds its own without a fork.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from diptych.ground.plugins import Registry


@dataclass(frozen=True)
class Candidate:
    """Something a trial can show. Two candidates of one id and group are equal.

    Attributes
    ----------
    id : str
        Its name: the file of a stimulus, or an `item_id`.
    group : str
        Its class: a label, or a unit.
    attributes : Mapping of str to float
        The numeric columns of its row in the manifest, by name. Empty cells are left out.
    stimulus_id : str
        SHA-256 of the image file; empty where a candidate is no single image.
    """

    id: str
    group: str
    attributes: Mapping[str, float] = field(default_factory=dict, compare=False)
    stimulus_id: str = field(default="", compare=False)

    def __hash__(self) -> int:
        """Hash the name alone: names rarely repeat, and Python keeps the hash of a text."""
        return hash(self.id)


def without(pool: Sequence[Candidate], others: Set[Candidate]) -> list[Candidate]:
    """Return the candidates of a pool that are not among others, in order."""
    # Python compares names faster than candidates, and hosts do this for each answer.
    names = {each.id for each in others}
    return [each for each in pool if each.id not in names or each not in others]


@dataclass(frozen=True)
class Past:
    """One earlier trial of the session.

    Attributes
    ----------
    candidate : Candidate
        What it showed.
    phase : str
        practice, training, test or catch.
    response : str or None
        The answer, however the page was arranged (`Task.answered`); None before it is known.
    correct : bool or None
        Whether the answer is right; None before it is known, and where nothing is right or wrong.
    rt_ms : float or None
        Response time, in ms; None before it is known.
    confidence : float or None
        Confidence in the answer, on the scale of the task; None where the task does not ask.
    missed : bool
        Whether the deadline passed without an answer. `correct` is then False, or None where
        nothing is right or wrong.
    """

    candidate: Candidate
    phase: str
    response: str | None = None
    correct: bool | None = None
    rt_ms: float | None = None
    confidence: float | None = None
    missed: bool = False


@dataclass(frozen=True)
class EarlierPart:
    """What a participant did in an earlier part of the study.

    Attributes
    ----------
    trials : tuple of Past
        The answered trials, in order.
    wait_s : float
        Time in s from the end of this part to the beginning of the next one, or of the session.
    """

    trials: tuple[Past, ...]
    wait_s: float


@dataclass(frozen=True)
class Option:
    """One candidate of a choice.

    Attributes
    ----------
    candidate : Candidate
        What the trial could have shown.
    propensity : float
        Probability with which the policy chose it, given the session so far.
    score : float or None
        What the policy ranked it by; None where it did not score it.
    """

    candidate: Candidate
    propensity: float
    score: float | None = None


@dataclass(frozen=True)
class Explained:
    """A choice and its reasons.

    Attributes
    ----------
    candidate : Candidate
        What is shown.
    options : tuple of Option
        The scored candidates and the chosen one, the chosen one first; empty where the policy
        does not know its propensities.
    count : int
        Number of candidates that could have been chosen: those with a propensity above 0.
    explored : bool
        Whether the choice was random, as happens with the probability `explore`.
    fallback : str or None
        Why the scores were not used, so that the balanced policy replaced the policy; None where
        they were.
    """

    candidate: Candidate
    options: tuple[Option, ...] = ()
    count: int = 1
    explored: bool = False
    fallback: str | None = None

    @property
    def scores(self) -> dict[str, float]:
        """The score of each scored candidate, by id."""
        return {o.candidate.id: o.score for o in self.options if o.score is not None}

    def stored(self, policy: str) -> dict[str, Any]:
        """Return the choice as the host stores it with the trial.

        Returns
        -------
        dict
            `policy`, `count`, `explored`, `fallback`, and `candidates`: a list of
            [id, propensity, score] with the chosen one first.
        """
        return {
            "policy": policy,
            "count": self.count,
            "explored": self.explored,
            "fallback": self.fallback,
            "candidates": [[o.candidate.id, o.propensity, o.score] for o in self.options]
            or [[self.candidate.id, None, None]],
        }


class PolicyParameters(BaseModel):
    """Parameters of a policy in `[policy]` of study.toml, beside its name."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Policy(ABC):
    """Chooses the next candidate.

    `adaptive` policies look at the answers: their trials are chosen when they are reached.
    All others are asked once, when the session's plan is drawn, with all answers unknown.
    Policies that `repeat` may choose a candidate that the session has already shown.
    `file_keys` are parameters that can name a file of the study's folder (`policies.files`).
    Policies that `teach` choose only trials with feedback. The task plans the others, balanced,
    when the session starts, and keeps their candidates out of the pool.
    """

    name: ClassVar[str]
    adaptive: ClassVar[bool] = False
    repeats: ClassVar[bool] = False
    teaches: ClassVar[bool] = False
    file_keys: ClassVar[tuple[str, ...]] = ()
    Parameters: ClassVar[type[PolicyParameters]] = PolicyParameters

    def __init__(self, parameters: PolicyParameters) -> None:
        self.parameters = parameters
        #: Bytes of the files that the parameters name, by content hash.
        self.files: Mapping[str, bytes] = {}
        #: The earlier parts of the participant, for policies that teach.
        self.earlier: Sequence[EarlierPart] = ()

    @abstractmethod
    def choose(
        self, pool: Sequence[Candidate], history: Sequence[Past], rng: random.Random
    ) -> Candidate:
        """Choose the next candidate.

        Parameters
        ----------
        pool : sequence of Candidate
            What the trial can show, never empty. Without what the session has shown, unless the
            policy `repeats`.
        history : sequence of Past
            The earlier trials, in order.
        rng : random.Random
            The generator of this choice.

        Returns
        -------
        Candidate
            One of `pool`.
        """

    def explain(
        self, pool: Sequence[Candidate], history: Sequence[Past], rng: random.Random
    ) -> Explained:
        """Choose as `choose` does, and say why. The host stores it if the policy `teaches`."""
        return Explained(self.choose(pool, history, rng))

    def is_finished(self, pool: Sequence[Candidate], history: Sequence[Past]) -> bool:
        """Say whether the session needs no more trials that this policy chooses.

        The trials that it has not chosen yet are then left out. Only policies that teach are asked,
        after an answer.
        """
        return False

    def measuring(self) -> Policy:
        """Return the policy that chooses the trials without feedback, where this one teaches."""
        return REGISTRY.get("balanced")(PolicyParameters())

    def whole(self, history: Sequence[Past]) -> Sequence[Past]:
        """Return the trials of all parts so far: a later part goes on where the last one ended.

        Parameters
        ----------
        history
            The trials of the session.
        """
        return [*(past for part in self.earlier for past in part.trials), *history]

    @property
    def waits(self) -> dict[int, float]:
        """Time in s before a trial in which there was none, by its place in `whole`."""
        found: dict[int, float] = {}
        place = 0
        for part in self.earlier:
            place += len(part.trials)
            found[place] = found.get(place, 0.0) + part.wait_s
        return found

    def faults(self, pool: Sequence[Candidate], trials: int) -> list[str]:
        """List what makes this policy impossible on a pool for a number of trials."""
        if not self.repeats and trials > len(pool):
            return [f"{trials} trials need {trials} candidates, but there are only {len(pool)}"]
        return []


REGISTRY: Registry[Policy] = Registry("diptych.policies")
