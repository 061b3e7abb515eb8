"""The tiny world as labelled images: its shapes are the classes, and size means distance.

Depth: every object has the same true size, so a smaller one lies farther away, as for a pinhole
camera: `LARGEST / radius`. The ground lies behind all of them.
"""

from __future__ import annotations

import numpy as np

from diptych_analysis.captions.labelled import Labelled
from diptych_analysis.worlds.captions import sentence
from diptych_analysis.worlds.scenes import Scenes, draw_scenes
from diptych_analysis.worlds.vocabulary import GROUNDS, SHAPES

#: Class 0 is the ground, and class k is shape k - 1.
CLASSES = ("background", *SHAPES)
#: Radius, in pixels, of an object at distance 1.
LARGEST = 6.8
#: Distance of the ground; the farthest object lies at 1.21.
GROUND_DEPTH = 1.5
_STREAM = 41


def draw_labelled(count: int, seed: int, stream: int, *, grounds: tuple[str, ...] = ()) -> Labelled:
    """Draw simulated images with the shape of every pixel, their depth and true captions.

    Parameters
    ----------
    count : int
        Number of images.
    seed, stream : int
        Fix the scenes; streams of one seed share no scene.
    grounds : tuple of str
        Grounds that may occur; by default all.
    """
    scenes = _scenes(count, np.random.default_rng([seed, _STREAM, stream]), grounds)
    masks = scenes.masks()
    labels = np.zeros(masks.shape[:1] + masks.shape[2:], np.uint8)
    depth = np.full(labels.shape, GROUND_DEPTH, np.float32)
    for slot in range(masks.shape[1]):
        shape = (scenes.shapes[:, slot, None, None] + 1).astype(np.uint8)
        labels = np.where(masks[:, slot], shape, labels)
        distance = (LARGEST / scenes.radii[:, slot, None, None]).astype(np.float32)
        depth = np.where(masks[:, slot], distance, depth)
    captions = {
        "truth": tuple(sentence(scenes, i) for i in range(count)),
        "ground": tuple(GROUNDS[place] for place in scenes.grounds),
    }
    names = tuple(f"scene-{seed}-{stream}-{i:04d}" for i in range(count))
    return Labelled(CLASSES, scenes.images(), labels, depth.astype(np.float32), captions, names)


def _scenes(count: int, rng: np.random.Generator, grounds: tuple[str, ...]) -> Scenes:
    scenes = draw_scenes(count, rng, alike=0.0)
    if grounds:
        allowed = np.array([GROUNDS.index(ground) for ground in grounds])
        scenes.grounds[:] = allowed[rng.integers(0, len(allowed), count)]
    return scenes
