"""Two sets of test images: random images of each number, and a walk beyond the training limit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from diptych_analysis.numerosity.actions import Walk, random_walk
from diptych_analysis.numerosity.networks import NumberSense
from diptych_analysis.numerosity.scenes import Ints, Look, Scenes, random_scenes
from diptych_analysis.numerosity.settings import Settings

Floats = npt.NDArray[np.float64]

NUMBERS_STREAM, WALK_STREAM = 2, 3
#: Images per forward pass.
CHUNK = 300


@dataclass(frozen=True)
class ProbeSettings:
    """Sizes of the two test sets (thesis 7.5.2).

    Parameters
    ----------
    most : int
        Images have 0 to this number of objects.
    images : int
        Images per number.
    walk_limit : int
        Greatest number of objects in the walk.
    walk_actions : int
        Actions of the walk.
    seed : int
        Seeds both sets, so that all networks see the same images.
    """

    most: int = 30
    images: int = 150
    walk_limit: int = 8
    walk_actions: int = 8000
    seed: int = 0


def number_scenes(look: Look, probe: ProbeSettings) -> Scenes:
    """Draw `images` images of each number 0 to `most`, in order of the number."""
    rng = np.random.default_rng([probe.seed, NUMBERS_STREAM])
    return random_scenes(np.repeat(np.arange(probe.most + 1), probe.images), look, rng)


def walk_beyond(settings: Settings, probe: ProbeSettings) -> Walk:
    """Draw one walk with precise actions, up to `walk_limit` objects."""
    rng = np.random.default_rng([probe.seed, WALK_STREAM])
    return random_walk(
        probe.walk_actions, probe.walk_limit, settings.look, rng, jitter=settings.jitter
    )


@torch.no_grad()
def embedded(net: NumberSense, scenes: Scenes, device: str = "cpu") -> Floats:
    """Embed images, shape (n, d)."""
    net = net.to(device)
    parts = [
        net.embed(torch.from_numpy(scenes.rows(slice(at, at + CHUNK)).images()).to(device)).cpu()
        for at in range(0, len(scenes), CHUNK)
    ]
    return torch.cat(parts).numpy().astype(np.float64)


@torch.no_grad()
def predicted_actions(net: NumberSense, z: Floats) -> Ints:
    """Return most probable action between each embedding and the next, shape (n - 1,)."""
    points = torch.from_numpy(z.astype(np.float32))
    found: Ints = net.cpu().classify(points[:-1], points[1:]).argmax(1).numpy()
    return found
