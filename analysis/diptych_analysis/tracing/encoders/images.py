"""Images in memory as 8-bit numbers, each once, and encoders that look at them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from diptych_analysis.tracing.batches import Batch
from diptych_analysis.tracing.encoders import Encoder, EncoderFault
from diptych_analysis.tracing.sequences import Ints, Sequences


class ImageStore:
    """Every stimulus's image, (S, channels, height, width) unsigned bytes, channels last in memory.

    The first images decide: grey or RGB, and the commonest size; others are brought to that.
    """

    def __init__(self, folder: Path, shape: tuple[int, int, int] | None = None) -> None:
        self.folder = folder
        self.shape = shape
        self.number: dict[str, int] = {}
        self.pixels = torch.empty(0, dtype=torch.uint8)

    def add(self, sequences: Sequences) -> Ints:
        """Reads the images that are new; returns the store's number of every stimulus (S,).

        Raises:
            EncoderFault: a stimulus without a file, a missing file, one that is no image.
        """
        shown = np.unique(sequences.stimulus[sequences.mask])
        new = [i for i in shown if sequences.stimuli[i] not in self.number]
        if new:
            opened = [self._open(sequences, int(i)) for i in new]
            if self.shape is None:
                self.shape = _common_shape(opened)
            pixels = torch.stack([_pixels(image, self.shape) for image in opened])
            start = len(self.number)
            self.number |= {sequences.stimuli[i]: start + k for k, i in enumerate(new)}
            joined = torch.cat([self.pixels, pixels]) if start else pixels
            self.pixels = joined.contiguous(memory_format=torch.channels_last)
        return np.array([self.number.get(name, 0) for name in sequences.stimuli], dtype=np.int64)

    def _open(self, sequences: Sequences, i: int) -> Image.Image:
        name, file = sequences.stimuli[i], sequences.stimulus_file[i]
        if not file:
            row, time = np.argwhere((sequences.stimulus == i) & sequences.mask)[0]
            raise EncoderFault(
                f"session {sequences.sessions[row]!r}, trial {time}: stimulus {name!r} has no file "
                "in the table of stimuli, so there is no image to look at"
            )
        for path in (self.folder / file, self.folder / Path(file).name):
            if path.is_file():
                break
        else:
            raise EncoderFault(f"stimulus {name!r}: no image {file!r} in {self.folder}")
        try:
            with Image.open(path) as image:
                image.load()
                return image.convert("L" if image.mode in ("1", "L", "I;16") else "RGB")
        except (UnidentifiedImageError, OSError, ValueError) as error:
            raise EncoderFault(f"stimulus {name!r}: {path} can't be read: {error}") from error


def _common_shape(images: list[Image.Image]) -> tuple[int, int, int]:
    (width, height), _ = Counter(image.size for image in images).most_common(1)[0]
    return (1 if all(image.mode == "L" for image in images) else 3, height, width)


def _pixels(image: Image.Image, shape: tuple[int, int, int]) -> Tensor:
    channels, height, width = shape
    image = image.convert("L" if channels == 1 else "RGB")
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    array = np.asarray(image, dtype=np.uint8).reshape(height, width, channels)
    return torch.from_numpy(array.copy()).permute(2, 0, 1)


class ImageEncoder(Encoder):
    """Embeds each distinct image of a batch once."""

    store: ImageStore

    def embed(self, index: Tensor) -> Tensor:
        """z (U, dim) of images by their number in the store."""
        raise NotImplementedError

    def forward(self, batch: Batch) -> Tensor:
        """z (B, T, dim); zeros where no trial is."""
        distinct, inverse = torch.unique(batch.stimulus[batch.mask], return_inverse=True)
        z = self.embed(distinct)
        out = z.new_zeros(*batch.mask.shape, self.dim)
        out[batch.mask] = z[inverse]
        return out

    def stimuli_of(self, sequences: Sequences) -> Ints:
        """(S,): numbers of the stimuli in the store; reads the images that are new."""
        return self.store.add(sequences)

    def describe(self) -> dict[str, Any]:
        """Sizes; the images stay where they are."""
        return {"dim": self.dim, "shape": self.store.shape}


def store_for(about: dict[str, Any], images: Path | None) -> ImageStore:
    """An empty store for images of the described shape; asking it needs the folder."""
    return ImageStore(images or Path("(no folder of images was named)"), tuple(about["shape"]))
