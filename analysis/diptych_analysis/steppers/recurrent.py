"""Recurrent tracing models, trial by trial: an LSTM and a head, in numpy (thesis 2.5.2)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from diptych_analysis.steppers.model_file import Array, ModelFile, ModelFileFault
from diptych_analysis.steppers.stepper import Answers, Extras, State, Stepper

#: Rows that go through the LSTM at once.
CHUNK = 1024


@dataclass(frozen=True)
class Hidden(State):
    """State of the LSTM of B learners, and what the next trial is told of the last one.

    Attributes
    ----------
    hidden, cell : ndarray of shape (B, n_layers, n_hidden)
        State of the LSTM after the last trial.
    before : ndarray of shape (B, 2 C)
        One-hot response and class of the last trial; zeros before the first.
    image : ndarray of shape (B, D)
        Embedding of the last image; zeros before the first.
    extras : Extras
        The extra inputs.
    """

    hidden: Array
    cell: Array
    before: Array
    image: Array
    extras: Extras

    def waited(self, lag_s: Array) -> Self:
        """Return the states at a trial that comes so many s after the answer before: (B,)."""
        return replace(self, extras=self.extras.waited(lag_s))

    def rows(self, index: Array) -> Self:
        """Select learners, each as often as wanted."""
        return type(self)(
            self.hidden[index],
            self.cell[index],
            self.before[index],
            self.image[index],
            self.extras.rows(index),
        )


class RecurrentStepper(Stepper[Hidden]):
    """An LSTM that answers itself (`direct`, `dkt`), or predicts a classifier of z (`cls_pred`)."""

    def __init__(self, model: ModelFile) -> None:
        super().__init__(model)
        family, _, variant = model.kind.rpartition("_")
        self.predicts_classifier = family == "cls_pred"
        self.sees_label = model.kind == "dkt" or "y" in variant
        self.with_images = bool(model.stimuli) and model.kind != "dkt"
        self.sees_image = self.with_images and "z" in variant
        c, d = self.n_classes, self.z.shape[1]
        self.n_in = c * (2 + self.sees_label) + d * self.with_images
        self.n_in += self.extra_inputs(self.no_extras()).shape[1]
        self.layers = self._layers()
        width = self.layers[0][1].shape[0]
        self.first = self._linear("head.0", None, width)
        outputs = c * (d + 1) if self.predicts_classifier else c
        self.second = self._linear("head.2", outputs, len(self.first[1]))

    def _layers(self) -> list[tuple[Array, Array, Array]]:
        """Return, of each layer, the weights of input and hidden state (transposed), the bias."""
        layers: list[tuple[Array, Array, Array]] = []
        while f"lstm.weight_ih_l{len(layers)}" in self.model.weights:
            k, n_in = len(layers), layers[-1][1].shape[0] if layers else self.n_in
            inner = self.weight(f"lstm.weight_ih_l{k}", None, n_in)
            width = len(inner) // 4
            hidden = self.weight(f"lstm.weight_hh_l{k}", 4 * width, width)
            bias = sum(self.weight(f"lstm.bias_{of}_l{k}", 4 * width) for of in ("ih", "hh"))
            layers.append((inner.T, hidden.T, np.asarray(bias)))
        if not layers:
            raise ModelFileFault(f"{self.model.spec}: no weights of an LSTM")
        return layers

    def _linear(self, name: str, n_out: int | None, n_in: int) -> tuple[Array, Array]:
        weight = self.weight(f"{name}.weight", n_out, n_in)
        return weight.T, self.weight(f"{name}.bias", len(weight))

    def start(self) -> Hidden:
        """Return the state of one learner before the first trial."""
        width = self.layers[0][1].shape[0]
        zeros = np.zeros((1, len(self.layers), width), np.float32)
        before = np.zeros((1, 2 * self.n_classes), np.float32)
        image = np.zeros((1, self.z.shape[1]), np.float32)
        return Hidden(zeros, zeros, before, image, self.no_extras())

    def _inputs(self, state: Hidden, rows: Array, labels: Array) -> Array:
        """Return what the LSTM is given at a trial of each of B learners: (B, n_in)."""
        parts = [state.before]
        if self.sees_label:
            parts.append(self.one_hot(labels))
        if self.with_images:
            parts.append(self.z[rows] if self.sees_image else state.image)
        return np.concatenate([*parts, self.extra_inputs(state.extras)], 1)

    def _lstm(self, state: Hidden, inputs: Array) -> tuple[Array, Array]:
        """Return hidden and cell state after one step, both (B, n_layers, n_hidden)."""
        hidden, cell = np.empty_like(state.hidden), np.empty_like(state.cell)
        x = inputs
        for k, (inner, outer, bias) in enumerate(self.layers):
            gates = x @ inner + state.hidden[:, k] @ outer + bias
            i, f, g, o = np.split(gates, 4, 1)
            cell[:, k] = _sigmoid(f) * state.cell[:, k] + _sigmoid(i) * np.tanh(g)
            hidden[:, k] = x = _sigmoid(o) * np.tanh(cell[:, k])
        return hidden, cell

    def _head(self, hidden: Array) -> Array:
        """Return the head's output (B, n_out) from the last layer's hidden state."""
        inner = np.maximum(hidden @ self.first[0] + self.first[1], 0)
        return np.asarray(inner @ self.second[0] + self.second[1])

    def logits(self, state: Hidden, rows: Array, labels: Array) -> Array:
        """Return the logits (B, M, C) of the response to each of M images."""
        b, m = len(state.before), len(rows)
        # Images that the LSTM is told the same of share one step.
        told = rows if self.sees_image else labels if self.sees_label else np.zeros(m, int)
        _, first, place = np.unique(told, return_index=True, return_inverse=True)
        k = len(first)
        learner, shown = np.repeat(np.arange(b), k), np.tile(first, b)
        outputs = []
        for start in range(0, b * k, CHUNK):
            part = slice(start, start + CHUNK)
            own = state.rows(learner[part])
            inputs = self._inputs(own, rows[shown[part]], labels[shown[part]])
            outputs.append(self._head(self._lstm(own, inputs)[0][:, -1]))
        output = np.concatenate(outputs).reshape(b, k, -1)[:, place]
        if not self.predicts_classifier:
            return output
        planes = output.reshape(b, m, self.n_classes, -1)
        return np.asarray(
            np.einsum("bmcd,md->bmc", planes[..., :-1], self.z[rows]) + planes[..., -1]
        )

    def advance(self, state: Hidden, trial: Answers) -> Hidden:
        """Return the states after one more trial of each learner."""
        hidden, cell = self._lstm(state, self._inputs(state, trial.rows, trial.labels))
        before = np.concatenate([self.one_hot(trial.responses), self.one_hot(trial.labels)], 1)
        extras = self.extras_after(state.extras, trial)
        return Hidden(hidden, cell, before, self.z[trial.rows], extras)


def _sigmoid(x: Array) -> Array:
    """Return 1 / (1 + exp(-x)), without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)))
