"""What a network's classifier makes of activations: logits, and the class in question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Head:
    """The last part of a network, from one layer's activations to logits.

    Attributes
    ----------
    module : nn.Module
        Maps activations (n, d) to logits (n, C).
    """

    module: nn.Module

    @property
    def linear(self) -> tuple[Floats, Floats] | None:
        """Weights V (d, C) and bias (C,) of a linear head, or None."""
        if not isinstance(self.module, nn.Linear):
            return None
        weights = self.module.weight.detach().cpu().double().numpy().T
        bias = self.module.bias
        offset = (
            np.zeros(weights.shape[1]) if bias is None else bias.detach().cpu().double().numpy()
        )
        return weights, offset

    def logits(self, activations: Floats) -> Floats:
        """Compute logits (n, C) in double precision."""
        if self.linear is not None:
            weights, bias = self.linear
            return activations @ weights + bias
        with torch.no_grad():
            return np.asarray(self.run(torch.from_numpy(activations)).double().cpu().numpy())

    def run(self, activations: Tensor) -> Tensor:
        """Run the module in its own precision and device, keeping gradients."""
        like = next(self.module.parameters(), torch.empty(0))
        found: Tensor = self.module(activations.to(like.device, like.dtype))
        return found


def target_of(logits: Floats, classes: Sequence[int], target: str) -> Floats:
    """Compute what importance explains, per patch: shape (n,).

    `logit`: the mean logit of the classes. `loss`: the logarithm of their summed probability, which
    is minus the cross-entropy.
    """
    chosen = list(classes)
    if target == "logit":
        return np.asarray(logits[:, chosen].mean(axis=1))
    return _log_sum(logits[:, chosen]) - _log_sum(logits)


def _log_sum(logits: Floats) -> Floats:
    return np.asarray(np.logaddexp.reduce(logits, axis=1))


def log_softmax(logits: Floats) -> Floats:
    """Logarithms of the probabilities, shape (n, C)."""
    return logits - _log_sum(logits)[:, None]
