"""What policies share that trace the participant: features, the tracer, and falling back."""

from __future__ import annotations

import logging
import random
from abc import abstractmethod
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field

from diptych.policies import Candidate, Past, PolicyParameters
from diptych.policies.features import columns_of, feature_faults, matrix_of
from diptych.policies.teaching import TeachingParameters, TeachingPolicy

if TYPE_CHECKING:
    from diptych_analysis.teaching.choices import Choice, Options
    from diptych_analysis.teaching.tracers import Tracer

log = logging.getLogger("diptych")


class TracedParameters(TeachingParameters):
    """Parameters of every policy that traces the participant."""

    features: str | tuple[str, ...] = Field(
        description="Numeric columns of the manifest that describe an image: a list of names, "
        'or what their names begin with, such as "z_".'
    )
    tracer: Literal["mixed", "exemplar", "prototype", "linear"] = Field(
        "mixed", description="Family of learners that the tracer assumes. `mixed`: all three."
    )
    explore: float = Field(
        0.1, ge=0, le=1, description="Share of trials with a random fresh image."
    )
    deadline_ms: float = Field(
        200, gt=0, le=10_000, description="Time for one choice. Later: a balanced choice."
    )


@dataclass(frozen=True)
class Explained:
    """A choice and its reasons.

    Attributes
    ----------
    candidate : Candidate
        What is shown.
    scores : dict of str to float
        Score of each scored candidate, by id; empty where none was scored.
    explored : bool
        Whether the choice was random, as happens with the probability `explore`.
    fallback : str or None
        Why the balanced policy chose; None where it did not.
    """

    candidate: Candidate
    scores: dict[str, float] = field(default_factory=dict)
    explored: bool = False
    fallback: str | None = None


class TracedPolicy(TeachingPolicy):
    """A policy that rebuilds a tracer from the answers and asks it."""

    Parameters: ClassVar[type[PolicyParameters]] = TracedParameters
    parameters: TracedParameters

    @abstractmethod
    def ask(self, options: Options, tracer: Tracer, rng: np.random.Generator) -> Choice:
        """Choose with the tracer."""

    def choose(
        self, pool: Sequence[Candidate], history: Sequence[Past], rng: random.Random
    ) -> Candidate:
        return self.explain(pool, history, rng).candidate

    def explain(
        self, pool: Sequence[Candidate], history: Sequence[Past], rng: random.Random
    ) -> Explained:
        """Choose, and say why.

        Parameters
        ----------
        pool, history, rng
            As in `choose`. The same three give the same result while the deadline is met.

        Returns
        -------
        Explained
        """
        if rng.random() < self.parameters.explore:
            fresh = self.fresh(pool, history)
            return Explained(fresh[rng.randrange(len(fresh))], explored=True)
        seed = rng.getrandbits(64)
        try:
            return self._traced(pool, history, seed)
        except (ArithmeticError, ValueError, TimeoutError, np.linalg.LinAlgError) as fault:
            log.warning("policy %s: balanced choice instead: %s", self.name, fault)
            return Explained(self.balanced(pool, history, rng), fallback=str(fault))

    def _traced(self, pool: Sequence[Candidate], history: Sequence[Past], seed: int) -> Explained:
        from diptych_analysis.teaching.choices import Options
        from diptych_analysis.teaching.live import Deadline, Trial, rebuild

        deadline = Deadline.after(self.parameters.deadline_ms)
        images = [*dict.fromkeys([*pool, *(past.candidate for past in history)])]
        images.sort(key=lambda each: (each.group, each.id))
        number = {each: n for n, each in enumerate(images)}
        classes = sorted({each.group for each in images})
        place = {name: n for n, name in enumerate(classes)}
        labels = np.array([place[each.group] for each in images])
        trials = [
            Trial(
                number[past.candidate],
                place[past.candidate.group],
                self._response(past, place),
                past.phase in self.parameters.feedback,
            )
            for past in history
        ]
        features = matrix_of(images, columns_of(self.parameters.features, pool))
        tracer = rebuild(features, len(classes), trials, self.parameters.tracer, deadline)
        shown = Counter(past.candidate.group for past in history)
        options = Options(
            np.array([number[each] for each in self.fresh(pool, history)]),
            labels,
            np.array([shown[name] for name in classes]),
            np.array([number[each] for each in pool]),
        )
        choice = self.ask(options, tracer, np.random.default_rng(seed))
        deadline.check()
        if choice.fallback and tracer.answers >= 5:
            log.info("policy %s: balanced choice instead: %s", self.name, choice.fallback)
        scores = {images[n].id: score for n, score in choice.scores.items()}
        return Explained(images[choice.image], scores, fallback=choice.fallback)

    @staticmethod
    def _response(past: Past, place: dict[str, int]) -> int | None:
        """Return the class that was chosen; a preview only knows that the answer was right."""
        if past.response is None and past.correct:
            return place[past.candidate.group]
        return place.get(past.response or "")

    def faults(self, pool: Sequence[Candidate], trials: int) -> list[str]:
        fault = feature_faults(self.parameters.features, pool)
        return [fault] if fault else super().faults(pool, trials)
