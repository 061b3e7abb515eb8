"""What all steppers share: states of many learners at once, and the extra inputs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields, replace
from typing import Generic, Self, TypeVar

import numpy as np

from diptych_analysis.steppers.model_file import Array, ModelFile, ModelFileFault

NOTHING = -1
MINUTES_PER_DAY = 1440


def lag_input(lag_s: Array) -> Array:
    """Return the log of a time since the last answer, as models read it; same shape, float32.

    log(1 + minutes) / log(1 + minutes per day): 0.01 after 5 s, 1 after a day. Unknown times count
    as 0, so that the trials of one session are nearly alike, whoever measures them.

    Parameters
    ----------
    lag_s : ndarray
        Times in s; NaN where unknown.
    """
    minutes = np.nan_to_num(np.asarray(lag_s, np.float64), nan=0.0) / 60
    return np.asarray(np.log1p(minutes) / np.log1p(MINUTES_PER_DAY), np.float32)


@dataclass(frozen=True)
class State:
    """What a model knows of B learners after their trials so far; each array has B rows."""

    @property
    def nbytes(self) -> int:
        """Size of the arrays, in bytes."""
        return sum(int(getattr(self, f.name).nbytes) for f in fields(self))

    def rows(self, index: Array) -> Self:
        """Select learners, each as often as wanted."""
        return type(self)(**{f.name: getattr(self, f.name)[index] for f in fields(self)})

    def waited(self, lag_s: Array) -> Self:
        """Return the states at a trial that comes so many s after the answer before: (B,).

        The next trial is one without this. The same state where the model does not know times.
        """
        return self


@dataclass(frozen=True)
class Extras(State):
    """The extra inputs of thesis 2.7.6, counted from the past.

    Attributes
    ----------
    seen, right : ndarray of shape (B, C)
        Answers and right answers on each class.
    rt : ndarray of shape (B, 2)
        The scaled log response time of the last trial, and whether it is known.
    lag : ndarray of shape (B, 1)
        The scaled log time since the last answer (`lag_input`).
    """

    seen: Array
    right: Array
    rt: Array
    lag: Array

    def waited(self, lag_s: Array) -> Self:
        """Return the extras at a trial that comes so many s after the answer before: (B,)."""
        return replace(self, lag=lag_input(np.asarray(lag_s))[:, None])


@dataclass(frozen=True)
class Answers:
    """One trial of each of B learners.

    Attributes
    ----------
    rows, labels, responses : ndarray of int of shape (B,)
        Row of the embeddings, true class, and response (-1: none).
    rt_ms : ndarray of shape (B,)
        Response time, in ms; NaN where it is not known.
    feedback : ndarray of bool of shape (B,)
        Whether the learner then saw the true class.
    """

    rows: Array
    labels: Array
    responses: Array
    rt_ms: Array
    feedback: Array


S = TypeVar("S", bound=State)


class Stepper(ABC, Generic[S]):
    """Steps an exported model. Nothing changes: each step returns new states.

    Parameters
    ----------
    model : ModelFile
        The exported model.
    """

    def __init__(self, model: ModelFile) -> None:
        self.model, self.n_classes = model, len(model.classes)
        self.z = model.embeddings.astype(np.float32)

    @abstractmethod
    def start(self) -> S:
        """Return the state of one learner before the first trial."""

    @abstractmethod
    def logits(self, state: S, rows: Array, labels: Array) -> Array:
        """Return the logits (B, M, C) of the response if the next trial shows each of M images.

        Parameters
        ----------
        state : State
            Of B learners.
        rows, labels : ndarray of int of shape (M,)
            Rows of the embeddings, and true classes.
        """

    @abstractmethod
    def advance(self, state: S, trial: Answers) -> S:
        """Return the states after one more trial of each learner."""

    def probabilities(self, state: S, rows: Array, labels: Array) -> Array:
        """Return the probability of each response: (B, M, C); parameters as in `logits`."""
        logits = self.logits(state, rows, labels).astype(np.float64)
        powered = np.exp(logits - logits.max(-1, keepdims=True))
        return np.asarray(powered / powered.sum(-1, keepdims=True))

    def weight(self, name: str, *shape: int | None) -> Array:
        """Return an array of the model, checked; None is any size.

        Raises
        ------
        ModelFileFault
            When it is missing, or of another shape.
        """
        array = self.model.weights.get(name)
        found = None if array is None else array.shape
        fits = found is not None and len(found) == len(shape)
        if not fits or any(
            b is not None and a != b for a, b in zip(found or (), shape, strict=True)
        ):
            raise ModelFileFault(f"{self.model.spec}: {name} has shape {found}, not {shape}")
        return np.asarray(array)

    def no_extras(self) -> Extras:
        """Return the extras before the first trial."""
        zeros = np.zeros((1, self.n_classes), np.float32)
        return Extras(zeros, zeros, np.zeros((1, 2), np.float32), np.zeros((1, 1), np.float32))

    def extra_inputs(self, extras: Extras) -> Array:
        """Return what the model is given of the extras: (B, n_extra)."""
        parts = []
        if "acc" in self.model.options:
            share = extras.right / np.maximum(extras.seen, 1)
            parts.append(np.where(extras.seen > 0, share, np.float32(1 / self.n_classes)))
        if "rt" in self.model.options:
            parts.append(extras.rt)
        if "lag" in self.model.options:
            parts.append(extras.lag)
        none = np.zeros((len(extras.rt), 0), np.float32)
        return np.concatenate([none, *parts], 1).astype(np.float32)

    def extras_after(self, extras: Extras, trial: Answers) -> Extras:
        """Return the extras after one more trial."""
        answered = (trial.responses >= 0)[:, None]
        shown = self.one_hot(trial.labels) * answered
        right = shown * (trial.labels == trial.responses)[:, None]
        known = np.nan_to_num(trial.rt_ms, nan=0.0) > 0
        mean, deviation = self.model.scale
        times = np.where(known, trial.rt_ms, 1.0)
        scaled = np.clip((np.log(times) - mean) / deviation, -4, 4)
        rt = np.stack([np.where(known, scaled, 0), known], 1).astype(np.float32)
        return Extras(extras.seen + shown, extras.right + right, rt, np.zeros_like(extras.lag))

    def one_hot(self, index: Array) -> Array:
        """Return one-hot vectors (B, C); -1 gives zeros."""
        hot = np.zeros((len(index), self.n_classes), np.float32)
        there = index >= 0
        hot[np.flatnonzero(there), index[there]] = 1
        return hot
