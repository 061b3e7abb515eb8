"""What drawn images show: shape and texture of every object, and the ground.

A small classifier, trained on true scenes of a fixed seed, reads each quarter of an image. It says
how often a generator draws what its prompt asks for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from diptych_analysis.worlds.scenes import PIXELS, SLOTS, draw_scenes
from diptych_analysis.worlds.vocabulary import GROUNDS, KINDS, SHAPES, TEXTURES, kind_of

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]

STEPS, SCENES, RATE = 400, 48, 4e-3
#: Training images get noise of up to this standard deviation (of pixels from -1 to 1), since drawn
#: images are not as clean as scenes.
_NOISE = 0.25
_STREAM = 51
#: The class of a quarter without an object, after all shapes.
_NOTHING = len(SHAPES)


@dataclass(frozen=True)
class Contents:
    """What images show, as places in the vocabulary.

    Attributes
    ----------
    shapes, textures : ndarray of int, (n, 4)
        Place in `SHAPES` and `TEXTURES` of the object in each quarter, -1 where there is none.
    grounds : ndarray of int, (n,)
        Place in `GROUNDS`.
    """

    shapes: Ints
    textures: Ints
    grounds: Ints

    def share(self, word: str) -> float:
        """Return the share of objects that have an attribute, or of images with a ground.

        Raises
        ------
        WorldFault
            If the tiny world has no such attribute.
        """
        kind = kind_of(word)
        place = KINDS[kind].index(word)
        if kind == "ground":
            return float((self.grounds == place).mean())
        objects = self.shapes >= 0
        has = (self.shapes if kind == "shape" else self.textures) == place
        return float(has[objects].mean()) if objects.any() else 0.0


class _Reader(nn.Module):
    """Three convolutions over a quarter, and one linear layer per kind of attribute."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 24, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(24, 48, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(48, 48, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
        )
        units = 48 * (PIXELS // 8) ** 2
        self.shape = nn.Linear(units, len(SHAPES) + 1)
        self.texture = nn.Linear(units, len(TEXTURES))
        self.ground = nn.Linear(units, len(GROUNDS))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return logits of shapes and textures, (4 B, kinds), and of grounds, (B, kinds)."""
        features = self.features(_quarters(images))
        grounds = self.ground(features).view(-1, SLOTS, len(GROUNDS)).mean(1)
        return self.shape(features), self.texture(features), grounds


def read_contents(images: Bytes) -> Contents:
    """Read what images show.

    Parameters
    ----------
    images : ndarray, (n, 32, 32, 3)
        Scenes, or drawings of scenes, 0 to 255.
    """
    reader = _reader()
    with torch.inference_mode():
        shapes, textures, grounds = (logits.argmax(1).numpy() for logits in reader(_tensor(images)))
    shapes, textures = shapes.reshape(-1, SLOTS), textures.reshape(-1, SLOTS)
    nothing = shapes == _NOTHING
    return Contents(np.where(nothing, -1, shapes), np.where(nothing, -1, textures), grounds)


@cache
def _reader() -> _Reader:
    """Train the reader, once per process: seconds."""
    rng = np.random.default_rng([0, _STREAM])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = _Reader()
    optimizer = torch.optim.Adam(module.parameters(), RATE)
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = RATE * (1 - step / STEPS)
        scenes = draw_scenes(SCENES, rng)
        images = _tensor(scenes.images())
        images = images + _noise(rng, images.shape)
        shapes = torch.from_numpy(np.where(scenes.present, scenes.shapes, _NOTHING).ravel())
        logits = module(images)
        # A quarter without an object has no texture: -100 is left out.
        textures = torch.from_numpy(np.where(scenes.present, scenes.textures, -100).ravel())
        loss = (
            cross_entropy(logits[0], shapes)
            + cross_entropy(logits[1], textures)
            + cross_entropy(logits[2], torch.from_numpy(scenes.grounds))
        )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return module.eval()


def _noise(rng: np.random.Generator, shape: torch.Size) -> Tensor:
    spread = rng.uniform(0, _NOISE, (shape[0], 1, 1, 1)).astype(np.float32)
    return torch.from_numpy(spread * rng.standard_normal(shape, np.float32))


def _tensor(images: Bytes) -> Tensor:
    return torch.from_numpy(images).permute(0, 3, 1, 2) / 127.5 - 1


def _quarters(images: Tensor) -> Tensor:
    """Cut images into quarters, row by row, (4 B, 3, 16, 16)."""
    half = PIXELS // 2
    cut = images.unfold(2, half, half).unfold(3, half, half)
    return cut.permute(0, 2, 3, 1, 4, 5).reshape(-1, 3, half, half)
