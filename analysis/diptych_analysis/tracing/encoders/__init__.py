"""Encoders f: image -> z. One interface; each distinct image of a batch is embedded once."""

from __future__ import annotations

from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from diptych_analysis.tracing.batches import Batch
from diptych_analysis.tracing.sequences import Ints, Sequences
from diptych_analysis.tracing.training import Settings

KINDS = ("none", "embedding", "cnn", "resnet18", "timm:NAME")


class EncoderFault(ValueError):
    """An encoder that can't be made, or a stimulus that it can't embed."""


class Encoder(nn.Module):
    """z (B, T, dim) of the images of a batch."""

    name: str
    dim: int

    def forward(self, batch: Batch) -> Tensor:
        """z (B, T, dim)."""
        raise NotImplementedError

    def stimuli_of(self, sequences: Sequences) -> Ints | None:
        """(S,): the encoder's own numbers of the sequences' stimuli, where it keeps any."""
        return None

    def groups(self, settings: Settings) -> list[dict[str, Any]]:
        """Parameters for the optimizer."""
        return []

    def describe(self) -> dict[str, Any]:
        """What `from_description` needs to make it again, as JSON; the weights go elsewhere."""
        raise NotImplementedError

    @classmethod
    def rebuilt(cls, about: dict[str, Any]) -> Self:
        """The encoder of a description."""
        raise NotImplementedError

    @staticmethod
    def from_description(about: dict[str, Any]) -> Encoder:
        """The encoder that `describe` described, without its weights."""
        return _class_of(about["name"]).rebuilt(about)


class NoEncoder(Encoder):
    """No image at all: the true class stands in for it, z = one-hot(y)."""

    def __init__(self, n_classes: int) -> None:
        super().__init__()
        self.name, self.dim = "none", n_classes

    def forward(self, batch: Batch) -> Tensor:
        """z (B, T, C)."""
        return functional.one_hot(batch.label, self.dim).to(torch.float32)

    def describe(self) -> dict[str, Any]:
        """The number of classes."""
        return {"name": "none", "dim": self.dim}

    @classmethod
    def rebuilt(cls, about: dict[str, Any]) -> Self:
        """The encoder of a description."""
        return cls(about["dim"])


def _class_of(name: str) -> type[Encoder]:
    if name == "none":
        return NoEncoder
    raise EncoderFault(f"no encoder named {name!r}; there are {', '.join(KINDS)}")


def make_encoder(name: str, train: Sequences, **settings: Any) -> Encoder:
    """A new encoder for the stimuli of `train`; `EncoderFault` names what is wrong."""
    if name == "none":
        return NoEncoder(train.n_classes)
    raise EncoderFault(f"no encoder named {name!r}; there are {', '.join(KINDS)}")
