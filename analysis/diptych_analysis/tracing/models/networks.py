"""The recurrent and static tracing networks psi: features of the past -> logits of the response."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from diptych_analysis.tracing.batches import Batch

State = tuple[Tensor, Tensor]
HIDDEN = 128
LAYERS = 3


def one_hot(index: Tensor, n: int) -> Tensor:
    """Make float one-hot vectors; -1 (nothing) gives zeros."""
    hot = functional.one_hot(index.clamp(min=0), n).float()
    return hot * (index >= 0).unsqueeze(-1)


def before(values: Tensor) -> Tensor:
    """Shift (B, T, F) by one trial: what was there the trial before, zeros first (2.12.2)."""
    return functional.pad(values, (0, 0, 1, 0))[:, :-1]


@dataclass(frozen=True)
class Shape:
    """What a network is built for: C classes, z of size D (of images or not), T trials, extras."""

    n_classes: int
    dim: int
    with_images: bool
    n_times: int
    options: frozenset[str]

    @property
    def n_extra(self) -> int:
        """Size of the extra inputs of thesis 2.7.6, and of the lag."""
        options = self.options
        return self.n_classes * ("acc" in options) + 2 * ("rt" in options) + ("lag" in options)


class TracingNet(nn.Module):
    """psi: takes the batch and the embeddings z (B, T, D), gives logits (B, T, C)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape

    def extra(self, batch: Batch) -> list[Tensor]:
        """Make the extra input (thesis 2.7.6): running accuracy, response time before, lag."""
        every = {"acc": batch.accuracy, "rt": batch.rt, "lag": batch.lag}
        return [inputs for name, inputs in every.items() if name in self.shape.options]

    def forward(self, batch: Batch, z: Tensor) -> Tensor:
        """Return the logits (B, T, C)."""
        raise NotImplementedError


class StaticNet(TracingNet):
    """One linear classifier for all learners and times (Eq. 2.1)."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        self.linear = nn.Linear(shape.dim + shape.n_extra, shape.n_classes)

    def forward(self, batch: Batch, z: Tensor) -> Tensor:
        """Return the logits (B, T, C)."""
        logits: Tensor = self.linear(torch.cat([z, *self.extra(batch)], -1))
        return logits


class StaticTimeNet(TracingNet):
    """A linear classifier of its own for each time, shared by all learners (Eq. 2.2).

    Trials later than any in training use the last classifier.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        n_in = shape.dim + shape.n_extra
        bound = n_in**-0.5  # as nn.Linear begins
        weight = torch.empty(shape.n_times, shape.n_classes, n_in).uniform_(-bound, bound)
        self.weight = nn.Parameter(weight)
        self.bias = nn.Parameter(torch.zeros(shape.n_times, shape.n_classes))

    def forward(self, batch: Batch, z: Tensor) -> Tensor:
        """Return the logits (B, T, C)."""
        inputs = torch.cat([z, *self.extra(batch)], -1)
        time = torch.arange(inputs.shape[1], device=z.device).clamp(max=self.shape.n_times - 1)
        return torch.einsum("btd,tcd->btc", inputs, self.weight[time]) + self.bias[time]


class RecurrentNet(TracingNet):
    """An LSTM of 3 x 128 and a two-layer head; the whole sequence in one call (2.5.2, 2.12.2).

    Input at trial t: the response and the label of the trial before, the embedding (at t if
    `sees_image`, else of the trial before; none where there are no images), the label at t if
    `sees_label`, and extras. The thesis gives the label before only through the state of the LSTM;
    said again beside the response it is the same information.
    """

    def __init__(self, shape: Shape, n_out: int, sees_label: bool, sees_image: bool) -> None:
        super().__init__(shape)
        self.sees_label, self.sees_image = sees_label, sees_image
        n_in = shape.n_classes * (2 + sees_label) + shape.dim * shape.with_images + shape.n_extra
        self.lstm = nn.LSTM(n_in, HIDDEN, LAYERS, batch_first=True)
        self.head = nn.Sequential(nn.Linear(HIDDEN, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, n_out))

    def features(self, batch: Batch, z: Tensor) -> Tensor:
        """Return (B, T, F): what the LSTM is given at each trial."""
        labels = one_hot(batch.label, self.shape.n_classes)
        parts = [before(one_hot(batch.response, self.shape.n_classes)), before(labels)]
        if self.sees_label:
            parts.append(labels)
        if self.shape.with_images:
            parts.append(z if self.sees_image else before(z))
        return torch.cat([*parts, *self.extra(batch)], -1)

    def unroll(self, inputs: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Return the head's output (B, T, n_out) and the state after the last trial."""
        hidden, after = self.lstm(inputs, state)
        return self.head(hidden), after

    def decide(self, output: Tensor, z: Tensor) -> Tensor:
        """Return the logits from the head's output and the embedding of what is shown."""
        raise NotImplementedError

    def forward(self, batch: Batch, z: Tensor) -> Tensor:
        """Return the logits (B, T, C)."""
        output, _ = self.unroll(self.features(batch, z))
        return self.decide(output, z)


class DirectNet(RecurrentNet):
    """The LSTM answers itself (Eq. 2.3; variants Eq. 2.7 to 2.9; without images Eq. 2.10)."""

    def __init__(self, shape: Shape, sees_label: bool, sees_image: bool) -> None:
        super().__init__(shape, shape.n_classes, sees_label, sees_image)

    def decide(self, output: Tensor, z: Tensor) -> Tensor:
        """Return the output itself."""
        return output


class ClassifierNet(RecurrentNet):
    """The LSTM predicts the learner's classifier, which then looks at z (Eq. 2.4, 2.5)."""

    def __init__(self, shape: Shape, sees_label: bool, sees_image: bool) -> None:
        super().__init__(shape, shape.n_classes * (shape.dim + 1), sees_label, sees_image)

    def planes(self, output: Tensor) -> tuple[Tensor, Tensor]:
        """Return w (B, T, C, D) and b (B, T, C) from the head's output."""
        both = output.reshape(*output.shape[:-1], self.shape.n_classes, self.shape.dim + 1)
        return both[..., :-1], both[..., -1]

    def decide(self, output: Tensor, z: Tensor) -> Tensor:
        """Compute w z + b."""
        weight, bias = self.planes(output)
        return torch.einsum("btcd,btd->btc", weight, z) + bias


def build(kind: str, shape: Shape) -> TracingNet:
    """Build the network of a kind: `static`, `direct_yz`, ..."""
    from diptych_analysis.tracing.models.cognitive import ExemplarNet, PrototypeNet
    from diptych_analysis.tracing.models.transformer import TransformerNet

    simple: dict[str, type[TracingNet]] = {
        "static": StaticNet,
        "static_time": StaticTimeNet,
        "prototype": PrototypeNet,
        "exemplar": ExemplarNet,
        "transformer": TransformerNet,
    }
    if kind in simple:
        return simple[kind](shape)
    if kind == "dkt":
        return DirectNet(replace(shape, with_images=False), True, False)
    family, variant = kind.rsplit("_", 1)
    made = {"direct": DirectNet, "cls_pred": ClassifierNet}[family]
    return made(shape, "y" in variant, "z" in variant)
