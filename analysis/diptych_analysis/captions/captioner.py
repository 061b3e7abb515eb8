"""A captioner of the tiny world: a small network that names what it sees, in order of confidence.

It is trained on simulated scenes with the truth of each quarter of the image. Like any captioner it
errs, and longer captions name what it is less sure of: recall rises and precision falls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from diptych_analysis.worlds.scenes import Scenes, draw_scenes
from diptych_analysis.worlds.vocabulary import GROUNDS, SHAPES, TEXTURES

Bytes = npt.NDArray[np.uint8]
STEPS, BATCH, RATE, SCENES = 100, 64, 3e-3, 2048
_STREAM = 42


@dataclass(frozen=True)
class Sight:
    """An object that the captioner names.

    Attributes
    ----------
    shape, texture : str
        Its words.
    confidence : float
        Probability of an object of this shape, 0 to 1.
    """

    shape: str
    texture: str
    confidence: float


class Captioner(nn.Module):
    """Convolutions to one position per quarter: shape (or none), texture, and the ground."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            # Textures repeat every four pixels, so squares of two lose nothing and save time.
            nn.PixelUnshuffle(2),
            nn.Conv2d(12, 32, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 48, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(48, 96, 4, stride=4),
            nn.ReLU(),
        )
        self.shape = nn.Conv2d(96, len(SHAPES) + 1, 1)
        self.texture = nn.Conv2d(96, len(TEXTURES), 1)
        self.ground = nn.Linear(96, len(GROUNDS))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return logits of shape (B, 9, 4), texture (B, 6, 4) and ground (B, 4); 0 is no shape."""
        seen = self.features(images)
        shape, texture = (head(seen).flatten(2) for head in (self.shape, self.texture))
        return shape, texture, self.ground(seen.mean((2, 3)))

    def look(self, images: Bytes) -> list[tuple[list[Sight], str]]:
        """Return what each image shows, the surest object first, and its ground.

        Every quarter has a best guess, also where it is probably empty.
        """
        with torch.inference_mode():
            shape, texture, ground = self.eval()(_pixels(images))
        found, kinds = shape.softmax(1)[:, 1:].max(1)
        textures = texture.argmax(1)
        result = []
        for row in range(len(images)):
            sights = [
                Sight(
                    SHAPES[int(kinds[row, slot])],
                    TEXTURES[int(textures[row, slot])],
                    float(found[row, slot]),
                )
                for slot in range(found.shape[1])
            ]
            sights.sort(key=lambda sight: -sight.confidence)
            result.append((sights, GROUNDS[int(ground[row].argmax())]))
        return result


def train_captioner(seed: int, *, steps: int = STEPS) -> Captioner:
    """Train a captioner on scenes of its own; about 5 s on one core.

    Parameters
    ----------
    seed : int
        Fixes weights and scenes.
    steps : int
        Updates; fewer make a captioner that errs more.
    """
    rng = np.random.default_rng([seed, _STREAM])
    scenes = draw_scenes(SCENES, rng, alike=0.0)
    pixels, truth = _pixels(scenes.images()), _truth(scenes)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        captioner = Captioner().train()
    optimizer = torch.optim.Adam(captioner.parameters(), RATE)
    for _ in range(steps):
        chosen = torch.from_numpy(rng.integers(0, SCENES, BATCH))
        outputs = captioner(pixels[chosen])
        losses = [
            cross_entropy(output, target[chosen], ignore_index=-1)
            for output, target in zip(outputs, truth, strict=True)
        ]
        optimizer.zero_grad(set_to_none=True)
        torch.stack(losses).sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return captioner.eval()


def described(sights: Sequence[Sight], ground: str, words: int | None = None) -> str:
    """Write a caption: `a striped circle and a plain ring on grass`.

    Parameters
    ----------
    sights : sequence of Sight
        The surest first.
    ground : str
        Its word.
    words : int, optional
        Objects are named until the caption has so many words, in order of confidence. By default,
        all objects are named of which the captioner is at least half sure, and one at least.
    """
    named = [f"a {sight.texture} {sight.shape}" for sight in sights]
    if words is None:
        count = sum(sight.confidence >= 0.5 for sight in sights)
    else:
        # Three words per object, a word between two, and two for the ground.
        count = -(-(words - 1) // 4)
    named = named[: max(1, count)]
    listed = " , ".join(named[:-1]) + (" and " if len(named) > 1 else "") + named[-1]
    return f"{listed} on {ground}"


def _pixels(images: Bytes) -> Tensor:
    return torch.from_numpy(images).permute(0, 3, 1, 2) / 127.5 - 1


def _truth(scenes: Scenes) -> tuple[Tensor, Tensor, Tensor]:
    return (
        torch.from_numpy(scenes.shapes + 1),
        torch.from_numpy(scenes.textures),
        torch.from_numpy(scenes.grounds),
    )
