"""What policies share that trace the participant: features, the tracer, and falling back."""

from __future__ import annotations

import logging
import random
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, StringConstraints

from diptych.policies import Candidate, Explained, Past, PolicyParameters
from diptych.policies.described import DescribedImages, described
from diptych.policies.features import feature_faults
from diptych.policies.files import hash_in, is_file
from diptych.policies.teaching import (
    Chances,
    TeachingParameters,
    TeachingPolicy,
    drawn,
    equal,
    explained,
)

if TYPE_CHECKING:
    from diptych_analysis.steppers.stepper import State, Stepper
    from diptych_analysis.teaching.choices import Choice, Options
    from diptych_analysis.teaching.live import Deadline, Snapshots, Trial
    from diptych_analysis.teaching.model_tracer import ModelTracer
    from diptych_analysis.teaching.tracers import TracerBase
    from diptych_analysis.teaching.worlds import Ints

log = logging.getLogger("diptych")


FileName = Annotated[str, StringConstraints(pattern=r"^file:[^#]+(#[0-9a-f]{64})?$")]


class TracedParameters(TeachingParameters):
    """Parameters of every policy that traces the participant."""

    features: str | tuple[str, ...] = Field(
        "",
        description="Numeric columns of the manifest that describe an image: a list of names, "
        'or what their names begin with, such as "z_". Needed unless `tracer` is a file.',
    )
    tracer: Literal["mixed", "exemplar", "prototype", "linear"] | FileName = Field(
        "mixed",
        description="Family of learners that the tracer assumes; `mixed`: all three. Or a model "
        'of `diptych trace export` in the study folder, such as "file:models/model.npz".',
    )
    explore: float = Field(
        0.1, ge=0, le=1, description="Share of trials with a random fresh image."
    )
    deadline_ms: float = Field(
        200, gt=0, le=10_000, description="Time for one choice. Later: a balanced choice."
    )


class TracedPolicy(TeachingPolicy):
    """A policy that rebuilds a tracer from the answers and asks it."""

    Parameters: ClassVar[type[PolicyParameters]] = TracedParameters
    parameters: TracedParameters
    file_keys = ("tracer",)

    @abstractmethod
    def ask(self, options: Options, tracer: TracerBase, rng: np.random.Generator) -> Choice:
        """Choose with the tracer."""

    def chances(self, pool: Sequence[Candidate], history: Sequence[Past]) -> Chances:
        """Return the chances without scores: those of the balanced fallback, with exploration."""
        fresh = self.fresh(pool, history)
        return self._explored(self.balanced(pool, history), fresh, len(fresh))

    def explain(
        self, pool: Sequence[Candidate], history: Sequence[Past], rng: random.Random
    ) -> Explained:
        """Choose, and say why.

        The candidates are scored whether or not the choice is random in the end. So a propensity
        is the probability of a candidate given the scores, and inverse propensity weights are
        exact.

        Parameters
        ----------
        pool, history, rng
            As in `choose`. The same three give the same result while the deadline is met.
        """
        is_explored = rng.random() < self.parameters.explore
        seed = rng.getrandbits(64)
        history = self.whole(history)
        fresh = self.fresh(pool, history)
        scores, fallback = self._scored(pool, history, seed)
        best = {max(scores, key=lambda each: scores[each]): 1.0} if scores else None
        exploited = best or self.balanced(pool, history)
        candidate = drawn(equal(fresh) if is_explored else exploited, rng)
        # Only of those that are stored: there can be thousands of others.
        chances = self._explored(exploited, (candidate, *scores), len(fresh))
        return explained(
            candidate,
            chances,
            scores,
            count=len(fresh) if self.parameters.explore > 0 else len(exploited),
            explored=is_explored,
            fallback=fallback,
        )

    def _explored(self, exploited: Chances, wanted: Sequence[Candidate], fresh: int) -> Chances:
        """Mix chances of fresh candidates with those of a random one of them."""
        share = self.parameters.explore
        return {each: share / fresh + (1 - share) * exploited.get(each, 0.0) for each in wanted}

    def _scored(
        self, pool: Sequence[Candidate], history: Sequence[Past], seed: int
    ) -> tuple[dict[Candidate, float], str | None]:
        """Return the scores of candidates, or none and why the tracer was not used."""
        try:
            return self._traced(pool, history, seed)
        except (ArithmeticError, ValueError, TimeoutError, np.linalg.LinAlgError) as fault:
            log.warning("policy %s: balanced choice instead: %s", self.name, fault)
            return {}, str(fault)

    def _traced(
        self, pool: Sequence[Candidate], history: Sequence[Past], seed: int
    ) -> tuple[dict[Candidate, float], str | None]:
        from diptych_analysis.teaching.choices import Options
        from diptych_analysis.teaching.live import Deadline

        deadline = Deadline.after(self.parameters.deadline_ms)
        images, waits = self.images(pool, history), self.waits
        trials = images.trials(history, self.parameters.feedback, waits)
        tracer = self._tracer(images, trials, deadline)
        if (wait_s := waits.get(len(trials), 0.0)) > 0:
            tracer.wait(wait_s)
        judged = images.numbers[: len(pool)]
        times = np.bincount(_ints(trial.image for trial in trials), minlength=len(images.images))
        options = Options(
            judged[times[judged] == times[judged].min()],
            images.labels,
            np.bincount(_ints(trial.label for trial in trials), minlength=len(images.place)),
            judged,
        )
        choice = self.ask(options, tracer, np.random.default_rng(seed))
        deadline.check()
        if choice.fallback and tracer.answers >= 5:
            log.info("policy %s: balanced choice instead: %s", self.name, choice.fallback)
        scores = {images.images[n]: score for n, score in choice.scores.items()}
        return scores, choice.fallback

    def images(self, pool: Sequence[Candidate], history: Sequence[Past]) -> DescribedImages:
        """Return the images that the tracer compares."""
        is_model = is_file(self.parameters.tracer)
        return described(pool, history, "" if is_model else self.parameters.features)

    def _tracer(
        self, images: DescribedImages, trials: Sequence[Trial], deadline: Deadline
    ) -> TracerBase:
        """Return the tracer after the trials of the session."""
        from diptych_analysis.teaching.live import rebuild, replay

        family = self.parameters.tracer
        if not is_file(family):
            given = images.features, len(images.place), trials, family, deadline
            return rebuild(*given, snapshots(), images.digest)
        classes = list(images.place)
        tracer = self._model_tracer(images.images, images.labels, classes)
        made_from = repr((family, tracer.rows.tolist(), tracer.labels.tolist(), classes))
        replay(tracer, trials, deadline, made_from.encode(), snapshots())
        return tracer

    def _model_tracer(
        self, images: Sequence[Candidate], labels: Ints, classes: Sequence[str]
    ) -> ModelTracer:
        """Return the tracer of the file that `tracer` names, before the first trial."""
        from diptych_analysis.teaching.model_tracer import ModelTracer

        data = self.files.get(hash_in(self.parameters.tracer))
        if data is None:
            raise ValueError(f"{self.parameters.tracer} was not read")
        stimuli = [each.stimulus_id for each in images]
        return ModelTracer(_stepper(data), stimuli, labels, classes)

    def faults(self, pool: Sequence[Candidate], trials: int) -> list[str]:
        if is_file(self.parameters.tracer):
            return self._model_faults(pool) or super().faults(pool, trials)
        fault = feature_faults(self.parameters.features, pool)
        return [fault] if fault else super().faults(pool, trials)

    def _model_faults(self, pool: Sequence[Candidate]) -> list[str]:
        """Say why the model of a file can not trace the participants of a pool."""
        if not pool or hash_in(self.parameters.tracer) not in self.files:
            return []  # which is a fault of the manifest, or of the file
        classes = sorted({each.group for each in pool})
        labels = np.array([classes.index(each.group) for each in pool])
        try:
            self._model_tracer(pool, labels, classes)
        except ValueError as fault:
            return [f"tracer: {fault}"]
        return []


def _ints(values: Iterable[int]) -> Ints:
    """Return whole numbers as an array; NumPy takes none of them for floats."""
    return np.fromiter(values, dtype=np.int64)


@lru_cache(maxsize=8)
def _stepper(data: bytes) -> Stepper[State]:
    """Return the stepper of a model's file, read once."""
    from diptych_analysis.steppers.kinds import make_stepper
    from diptych_analysis.steppers.model_file import read_model_file

    return make_stepper(read_model_file(data))


@cache
def snapshots() -> Snapshots:
    """Return the tracers that this host keeps between the trials of sessions under way."""
    from diptych_analysis.teaching.live import Snapshots

    return Snapshots()
