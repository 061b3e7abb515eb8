"""The recurrent and static tracing networks psi: features of the past -> logits of the response."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from diptych_analysis.tracing.batches import Batch

State = tuple[Tensor, Tensor]
HIDDEN = 128
LAYERS = 3


def one_hot(index: Tensor, n: int) -> Tensor:
    """Float one-hot vectors; -1 (nothing) gives zeros."""
    hot = functional.one_hot(index.clamp(min=0), n).float()
    return hot * (index >= 0).unsqueeze(-1)


def before(values: Tensor) -> Tensor:
    """(B, T, F) one trial later: what was there the trial before, zeros at the first (2.12.2)."""
    return functional.pad(values, (0, 0, 1, 0))[:, :-1]


class TracingNet(nn.Module):
    """psi: takes the batch and the embeddings z (B, T, D), gives logits (B, T, C)."""

    def __init__(self, n_classes: int, dim: int, options: frozenset[str]) -> None:
        super().__init__()
        self.n_classes, self.dim, self.options = n_classes, dim, options
        self.n_extra = n_classes * ("acc" in options) + 2 * ("rt" in options)

    def extra(self, batch: Batch) -> list[Tensor]:
        """Meta-information as input (thesis 2.7.6)."""
        found = [batch.accuracy] if "acc" in self.options else []
        return found + ([batch.rt] if "rt" in self.options else [])

    def forward(self, batch: Batch, z: Tensor) -> Tensor:
        """Logits (B, T, C)."""
        raise NotImplementedError


class StaticNet(TracingNet):
    """One linear classifier for all learners and times (Eq. 2.1)."""

    def __init__(self, n_classes: int, dim: int, options: frozenset[str]) -> None:
        super().__init__(n_classes, dim, options)
        self.linear = nn.Linear(dim + self.n_extra, n_classes)

    def forward(self, batch: Batch, z: Tensor) -> Tensor:
        """Logits (B, T, C)."""
        logits: Tensor = self.linear(torch.cat([z, *self.extra(batch)], -1))
        return logits


class RecurrentNet(TracingNet):
    """An LSTM of 3 x 128 and a two-layer head; the whole sequence in one call (2.5.2, 2.12.2).

    Input at trial t: the response before, the label (at t if `sees_label`, else the one before),
    the embedding (at t if `sees_image`, else the one before; none for `dkt`), extras.
    """

    def __init__(
        self,
        n_classes: int,
        dim: int,
        options: frozenset[str],
        *,
        n_out: int,
        with_images: bool,
        sees_label: bool,
        sees_image: bool,
    ) -> None:
        super().__init__(n_classes, dim, options)
        self.with_images, self.sees_label, self.sees_image = with_images, sees_label, sees_image
        n_in = 2 * n_classes + n_classes * sees_label + dim * with_images + self.n_extra
        self.lstm = nn.LSTM(n_in, HIDDEN, LAYERS, batch_first=True)
        self.head = nn.Sequential(nn.Linear(HIDDEN, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, n_out))

    def features(self, batch: Batch, z: Tensor) -> Tensor:
        """(B, T, F): what the LSTM is given at each trial."""
        labels = one_hot(batch.label, self.n_classes)
        parts = [before(one_hot(batch.response, self.n_classes)), before(labels)]
        if self.sees_label:
            parts.append(labels)
        if self.with_images:
            parts.append(z if self.sees_image else before(z))
        return torch.cat([*parts, *self.extra(batch)], -1)

    def unroll(self, inputs: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Head's output (B, T, n_out) and the state after the last trial."""
        hidden, after = self.lstm(inputs, state)
        return self.head(hidden), after

    def decide(self, output: Tensor, z: Tensor) -> Tensor:
        """Logits from the head's output."""
        return output

    def forward(self, batch: Batch, z: Tensor) -> Tensor:
        """Logits (B, T, C)."""
        output, _ = self.unroll(self.features(batch, z))
        return self.decide(output, z)


class DirectNet(RecurrentNet):
    """The LSTM answers itself (Eq. 2.3)."""

    def __init__(self, n_classes: int, dim: int, options: frozenset[str], **sees: bool) -> None:
        super().__init__(n_classes, dim, options, n_out=n_classes, **sees)


def build(kind: str, n_classes: int, dim: int, options: frozenset[str]) -> TracingNet:
    """The network of a kind of model."""
    if kind == "static":
        return StaticNet(n_classes, dim, options)
    if kind == "dkt":
        return DirectNet(
            n_classes, dim, options, with_images=False, sees_label=True, sees_image=False
        )
    raise ValueError(kind)
