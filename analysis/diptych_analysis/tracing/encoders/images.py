"""Images in memory as 8-bit numbers, each once, and encoders that look at them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from diptych_analysis.pictures import PictureFault, read_header, read_picture
from diptych_analysis.tracing.batches import Batch
from diptych_analysis.tracing.encoders import Encoder, EncoderFault
from diptych_analysis.tracing.sequences import Ints, Sequences

T = TypeVar("T")


class ImageStore:
    """Every stimulus's image, (S, channels, height, width) unsigned bytes, channels last in memory.

    The first images decide: grey or RGB, and the commonest size; others are brought to that.
    `size` asks for square images of that side instead.
    """

    def __init__(
        self, folder: Path, shape: tuple[int, int, int] | None = None, size: int | None = None
    ) -> None:
        self.folder, self.size = folder, size
        self.shape = shape
        self.number: dict[str, int] = {}
        self.pixels = torch.empty(0, dtype=torch.uint8)

    def add(self, sequences: Sequences) -> Ints:
        """Read the images that are new; return the store's number of every stimulus (S,).

        Raises
        ------
        EncoderFault
            A stimulus without a file, a missing file, one that is no image.
        """
        shown = np.unique(sequences.stimulus[sequences.mask])
        new = [int(i) for i in shown if sequences.stimuli[i] not in self.number]
        if new:
            names = [sequences.stimuli[i] for i in new]
            files = [self._file(sequences, i) for i in new]
            if self.shape is None:
                channels, height, width = _common_shape(names, files)
                self.shape = (channels, self.size or height, self.size or width)
            self._append(names, files, self.shape)
        return np.array([self.number.get(name, 0) for name in sequences.stimuli], dtype=np.int64)

    def _append(self, names: list[str], files: list[Path], shape: tuple[int, int, int]) -> None:
        channels, height, width = shape
        old = len(self.pixels)
        rows = torch.empty((old + len(files), height, width, channels), dtype=torch.uint8)
        if old:
            rows[:old] = self.pixels.permute(0, 2, 3, 1)
        for place, (name, file) in enumerate(zip(names, files, strict=True), start=old):
            rows[place] = _pixels(_read(name, file, read_picture), shape)
        self.pixels = rows.permute(0, 3, 1, 2)
        self.number |= {name: old + k for k, name in enumerate(names)}

    def _file(self, sequences: Sequences, i: int) -> Path:
        name, file = sequences.stimuli[i], sequences.stimulus_file[i]
        if not file:
            row, time = np.argwhere((sequences.stimulus == i) & sequences.mask)[0]
            raise EncoderFault(
                f"session {sequences.sessions[row]!r}, trial {time}: stimulus {name!r} has no file "
                "in the table of stimuli, so there is no image to look at"
            )
        for path in (self.folder / file, self.folder / Path(file).name):
            if path.is_file():
                return path
        raise EncoderFault(f"stimulus {name!r}: no image {file!r} in {self.folder}")


def _read(name: str, file: Path, how: Callable[[bytes], T]) -> T:
    """Read a stimulus's file with the given reader of images."""
    try:
        return how(file.read_bytes())
    except OSError as error:
        raise EncoderFault(f"stimulus {name!r}: {file} can't be read: {error.strerror}") from error
    except PictureFault as fault:
        raise EncoderFault(f"stimulus {name!r}: {file} {fault}") from None


def _common_shape(names: list[str], files: list[Path]) -> tuple[int, int, int]:
    """Return the commonest size; grey if all are. Looks at the headers only."""
    sizes: Counter[tuple[int, int]] = Counter()
    grey = True
    for name, file in zip(names, files, strict=True):
        header = _read(name, file, read_header)
        sizes[header.width, header.height] += 1
        grey = grey and header.grey
    (width, height), _ = sizes.most_common(1)[0]
    return (1 if grey else 3, height, width)


def _pixels(image: Image.Image, shape: tuple[int, int, int]) -> Tensor:
    """Return (height, width, channels)."""
    channels, height, width = shape
    image = image.convert("L" if channels == 1 else "RGB")
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    array = np.asarray(image, dtype=np.uint8).reshape(height, width, channels)
    return torch.from_numpy(array.copy())


class ImageEncoder(Encoder):
    """Embeds each distinct image of a batch once."""

    store: ImageStore

    def embed(self, index: Tensor) -> Tensor:
        """Return z (U, dim) of images by their number in the store."""
        raise NotImplementedError

    def forward(self, batch: Batch) -> Tensor:
        """Return z (B, T, dim); zeros where no trial is."""
        distinct, inverse = torch.unique(batch.stimulus[batch.mask], return_inverse=True)
        z = self.embed(distinct)
        out = z.new_zeros(*batch.mask.shape, self.dim)
        out[batch.mask] = z[inverse]
        return out

    def stimuli_of(self, sequences: Sequences) -> Ints:
        """Return (S,): numbers of the stimuli in the store; reads the images that are new."""
        return self.store.add(sequences)

    def describe(self) -> dict[str, Any]:
        """Return the sizes; the images stay where they are."""
        return {"dim": self.dim, "shape": self.store.shape}


def store_for(about: dict[str, Any], images: Path | None) -> ImageStore:
    """Make an empty store for images of the described shape; asking it needs the folder."""
    return ImageStore(images or Path("(no folder of images was named)"), tuple(about["shape"]))
