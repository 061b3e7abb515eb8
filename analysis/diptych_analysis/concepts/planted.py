"""Classifiers whose cause is known: one attribute of the tiny world decides the class.

Class 1 is "some object is striped" (or the ground is night), whatever else is there, and class 0
is the rest. These are simulated classifiers, to test a search against the truth.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor, nn

from diptych_analysis.networks.networks import Network
from diptych_analysis.networks.weights import WeightsFault, read_weights
from diptych_analysis.worlds.scenes import Scenes, draw_scenes
from diptych_analysis.worlds.vocabulary import kind_of

Bytes = npt.NDArray[np.uint8]
PREFIX = "planted:"
#: The layer that a search looks into; two more follow it before the logits.
LAYER = "features"
STEPS, BATCH, RATE, SCENES = 300, 64, 3e-3, 3072
_STREAM = 31


class SmallClassifier(nn.Module):
    """Three convolutions, averaged over positions, and two linear layers: two logits."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 16, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 32, 3, stride=2, padding=1),
            nn.ReLU(),
        )
        self.head = nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2))

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (B, 2) of images (B, 3, 32, 32), -1 to 1."""
        logits: Tensor = self.head(self.features(images).mean((2, 3)))
        return logits


def as_tensor(image: Image.Image) -> Tensor:
    """Turn a picture into a tensor (3, 32, 32), -1 to 1."""
    pixels = np.asarray(image.convert("RGB").resize((32, 32)), np.float32)
    return torch.from_numpy(pixels / 127.5 - 1).permute(2, 0, 1)


def planted_network(attribute: str, seed: int = 0, cache: Path | None = None) -> Network:
    """Train a classifier whose class 1 is an attribute; or read it, if it was trained before.

    Parameters
    ----------
    attribute : str
        A shape, texture or ground.
    seed : int
        Fixes weights and scenes.
    cache : Path, optional
        Folder that keeps the weights.

    Raises
    ------
    WorldFault
        If the tiny world has no such attribute.
    """
    kind_of(attribute)
    about = (attribute, seed, STEPS, BATCH, RATE, SCENES)
    key = hashlib.sha256(repr(about).encode()).hexdigest()[:12]
    file = None if cache is None else cache / f"planted-{attribute}-{key}.pt"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = SmallClassifier()
        if file is None or not _filled(module, file):
            _train(module, attribute, seed)
            if file is not None:
                file.parent.mkdir(parents=True, exist_ok=True)
                half = file.with_suffix(".writing")
                torch.save(module.state_dict(), half)
                half.replace(file)
    return Network(PREFIX + attribute, module, as_tensor)


def balanced_scenes(attribute: str, count: int, rng: np.random.Generator) -> Scenes:
    """Draw scenes of which the first half shows an attribute and the other half does not."""
    half = count // 2
    drawn = draw_scenes(8 * count, rng)
    shows = drawn.shows(attribute)
    chosen = [np.flatnonzero(shows)[:half], np.flatnonzero(~shows)[: count - half]]
    return drawn.part(np.concatenate(chosen))


def class_scenes(attribute: str, count: int, rng: np.random.Generator) -> Bytes:
    """Draw images of scenes that show an attribute, (count, 32, 32, 3)."""
    return balanced_scenes(attribute, 2 * count, rng).part(slice(0, count)).images()


def _train(module: nn.Module, attribute: str, seed: int) -> None:
    rng = np.random.default_rng([seed, _STREAM])
    scenes = balanced_scenes(attribute, SCENES, rng)
    images = torch.from_numpy(scenes.images()).permute(0, 3, 1, 2) / 127.5 - 1
    names = torch.from_numpy(scenes.shows(attribute).astype(np.int64))
    optimizer = torch.optim.Adam(module.parameters(), RATE)
    for _ in range(STEPS):
        chosen = torch.from_numpy(rng.integers(0, SCENES, BATCH))
        loss = nn.functional.cross_entropy(module(images[chosen]), names[chosen])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()


def _filled(module: nn.Module, file: Path) -> bool:
    try:
        module.load_state_dict(read_weights(file))
    except (WeightsFault, RuntimeError):
        return False
    return True
