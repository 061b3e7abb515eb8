"""Encoders f: image -> z. One interface; each distinct image of a batch is embedded once."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from torch import Tensor, nn
from torch.nn import functional

from diptych_analysis.tracing.batches import Batch
from diptych_analysis.tracing.sequences import Ints, SequenceFault, Sequences
from diptych_analysis.tracing.training import Settings

KINDS = ("none", "embedding", "cnn", "resnet18", "timm:NAME")
DIM = 16


class EncoderFault(SequenceFault):
    """An encoder that can't be made, or a stimulus that it can't embed."""


class Encoder(nn.Module):
    """z (B, T, dim) of the images of a batch."""

    name: str
    dim: int
    sees_images = True

    def forward(self, batch: Batch) -> Tensor:
        """Return z (B, T, dim)."""
        raise NotImplementedError

    def stimuli_of(self, sequences: Sequences) -> Ints | None:
        """Return (S,): the encoder's own numbers of the sequences' stimuli, where it keeps any.

        Raises
        ------
        EncoderFault
            A stimulus that it does not know, or an image that can't be read.
        """
        return None

    def groups(self, settings: Settings) -> list[dict[str, Any]]:
        """Return the parameters for the optimizer, with their learning rates."""
        return []

    def describe(self) -> dict[str, Any]:
        """Describe what `rebuilt` needs to make it again, as JSON; the weights go elsewhere."""
        raise NotImplementedError

    @classmethod
    def rebuilt(cls, about: dict[str, Any], images: Path | None) -> Self:
        """Make the encoder that `describe` described, without its weights."""
        raise NotImplementedError


class NoEncoder(Encoder):
    """No image at all: the true class stands in for it, z = one-hot(y)."""

    sees_images = False

    def __init__(self, n_classes: int) -> None:
        super().__init__()
        self.name, self.dim = "none", n_classes

    def forward(self, batch: Batch) -> Tensor:
        """Return z (B, T, C)."""
        return functional.one_hot(batch.label, self.dim).float()

    def describe(self) -> dict[str, Any]:
        """Return the number of classes."""
        return {"dim": self.dim}

    @classmethod
    def rebuilt(cls, about: dict[str, Any], images: Path | None) -> Self:
        """Make the encoder of a description."""
        return cls(about["dim"])


def _class_of(name: str) -> Any:
    match name.split(":")[0]:
        case "none":
            return NoEncoder
        case "embedding":
            from diptych_analysis.tracing.encoders.embedding import FreeEmbedding

            return FreeEmbedding
        case "cnn":
            from diptych_analysis.tracing.encoders.cnn import ThesisCNN

            return ThesisCNN
        case "resnet18":
            from diptych_analysis.tracing.encoders.frozen import PartlyFrozenResNet

            return PartlyFrozenResNet
        case "timm" if name != "timm:":
            from diptych_analysis.tracing.encoders.frozen import FrozenTimm

            return FrozenTimm
    raise EncoderFault(f"no encoder named {name!r}; there are {', '.join(KINDS)}")


def make_encoder(
    name: str,
    train: Sequences,
    *,
    images: Path | str | None = None,
    dim: int = DIM,
    weights: str = "pretrained",
    cache: Path | str | None = None,
    size: int | None = None,
) -> Encoder:
    """Make a new encoder for the stimuli of `train`.

    `images`: the folder that the stimuli's file names are relative to. `weights` of a pretrained
    network: `pretrained`, `random`, or a file. `cache`: where features of frozen networks are kept.
    `size`: the side to which images are scaled, else they stay as they are.

    Raises
    ------
    EncoderFault
        An unknown name, missing images, an unreadable image.
    """
    kind = _class_of(name)
    if name == "none":
        return NoEncoder(train.n_classes)
    if name == "embedding":
        return kind(train.stimuli, train.stimulus_label, train.n_classes, dim)  # type: ignore[no-any-return]
    if images is None:
        raise EncoderFault(f"encoder {name!r} needs the folder of the images (--images)")
    from diptych_analysis.tracing.encoders.images import ImageStore

    store = ImageStore(Path(images), size=size)
    store.add(train)
    kept = () if name == "cnn" else (weights, cache and Path(cache))
    return kind(name, store, dim, *kept)  # type: ignore[no-any-return]


def rebuilt_encoder(name: str, about: dict[str, Any], images: Path | None) -> Encoder:
    """Make the encoder that `describe` described, without its weights."""
    return _class_of(name).rebuilt(about | {"name": name}, images)  # type: ignore[no-any-return]
