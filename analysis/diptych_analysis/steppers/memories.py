"""Prototype and exemplar models, trial by trial (thesis 2.7.3)."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np

from diptych_analysis.steppers.model_file import Array, ModelFile
from diptych_analysis.steppers.stepper import Answers, Extras, State, Stepper


@dataclass(frozen=True)
class Memory(State):
    """What B learners remember.

    Attributes
    ----------
    total : ndarray
        Exemplar: summed similarity of every image to the examples, (B, n_rows, C).
        Prototype: summed embeddings of the examples, (B, C, D).
    count : ndarray of shape (B, C)
        Examples of each class.
    extras : Extras
        The extra inputs.
    """

    total: Array
    count: Array
    extras: Extras

    def waited(self, lag_s: Array) -> Self:
        """Return the states at a trial that comes so many s after the answer before: (B,)."""
        return replace(self, extras=self.extras.waited(lag_s))

    def rows(self, index: Array) -> Self:
        """Select learners, each as often as wanted."""
        cells = {f.name: getattr(self, f.name) for f in fields(self)}
        return type(self)(
            total=cells["total"][index],
            count=cells["count"][index],
            extras=self.extras.rows(index),
        )


class MemoryStepper(Stepper[Memory]):
    """Similarity exp(-c d) (Eq. 2.15), a background, and a linear term of the extras."""

    def __init__(self, model: ModelFile) -> None:
        super().__init__(model)
        self.decay = float(np.exp(self.weight("log_decay")))
        self.background = float(np.exp(self.weight("log_background")))
        self.beside: Array | None = None
        extras = self.extra_inputs(self.no_extras()).shape[1]
        if extras:
            self.beside = self.weight("beside.weight", self.n_classes, extras)

    def with_extras(self, logits: Array, state: Memory) -> Array:
        """Add the linear term of the extras to logits (B, M, C)."""
        if self.beside is None:
            return logits
        return np.asarray(logits + (self.extra_inputs(state.extras) @ self.beside.T)[:, None])

    def told(self, trial: Answers) -> Array:
        """Return the one-hot class of trials that enter the memory: (B, C)."""
        return self.one_hot(trial.labels) * trial.feedback[:, None]


class PrototypeStepper(MemoryStepper):
    """Compares the image with the mean of each class's images so far (Eq. 2.11, 2.12)."""

    def start(self) -> Memory:
        """Return the state of one learner before the first trial."""
        shape = (1, self.n_classes, self.z.shape[1])
        none = np.zeros((1, self.n_classes), np.float32)
        return Memory(np.zeros(shape, np.float32), none, self.no_extras())

    def logits(self, state: Memory, rows: Array, labels: Array) -> Array:
        """Return the logits (B, M, C) of the response to each of M images."""
        means = state.total / np.maximum(state.count, 1)[..., None]
        gaps = np.square(means[:, None] - self.z[rows][None, :, None]).sum(-1)
        near = np.exp(-self.decay * np.sqrt(gaps + 1e-12)) * (state.count > 0)[:, None]
        return self.with_extras(np.log(near + self.background), state)

    def advance(self, state: Memory, trial: Answers) -> Memory:
        """Return the states after one more trial of each learner."""
        told = self.told(trial)
        total = state.total + told[..., None] * self.z[trial.rows][:, None]
        return Memory(total, state.count + told, self.extras_after(state.extras, trial))


class ExemplarStepper(MemoryStepper):
    """Compares the image with every image so far, summed by class (Eq. 2.13, 2.14)."""

    def __init__(self, model: ModelFile) -> None:
        super().__init__(model)
        self.gamma = float(np.exp(self.weight("log_gamma")))

    def start(self) -> Memory:
        """Return the state of one learner before the first trial."""
        total = np.zeros((1, len(self.z), self.n_classes), np.float32)
        none = np.zeros((1, self.n_classes), np.float32)
        return Memory(total, none, self.no_extras())

    def logits(self, state: Memory, rows: Array, labels: Array) -> Array:
        """Return the logits (B, M, C) of the response to each of M images."""
        logits = self.gamma * np.log(state.total[:, rows] + self.background)
        return self.with_extras(logits, state)

    def advance(self, state: Memory, trial: Answers) -> Memory:
        """Return the states after one more trial of each learner."""
        told = self.told(trial)
        gaps = np.sqrt(np.square(self.z[trial.rows][:, None] - self.z[None]).sum(-1))
        near = np.exp(-self.decay * gaps)
        total = state.total + near[..., None] * told[:, None]
        return Memory(total, state.count + told, self.extras_after(state.extras, trial))
