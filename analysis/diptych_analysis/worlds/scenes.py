"""Scenes of two to four objects on a ground, 32 x 32 pixels, with the mask of every object.

Objects lie in the four quarters of the image, so they never overlap. Textures lie on the grid of
the image and not on the object: a stripe has the same rows in every scene. Colours are warm and
random, so that only shape, texture and ground carry a name.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import numpy.typing as npt

from diptych_analysis.worlds.vocabulary import GROUNDS, KINDS, SHAPES, TEXTURES, kind_of

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

PIXELS = 32
SLOTS = 4
#: Place of an object that is not there.
ABSENT = -1
#: Colours of objects, RGB from 0 to 1. None is a ground's.
_COLOURS = np.array(
    [(0.86, 0.18, 0.16), (0.94, 0.52, 0.12), (0.96, 0.82, 0.2), (0.88, 0.4, 0.66)], np.float32
)
_GROUND_COLOURS = np.array(
    [(0.93, 0.94, 0.96), (0.08, 0.08, 0.16), (0.28, 0.55, 0.28), (0.24, 0.44, 0.68)], np.float32
)
#: Share of a colour that the dark parts of a texture keep.
_DARK = 0.2
_RADIUS = (5.6, 6.8)
_JITTER = 1.0


@dataclass(frozen=True)
class Scenes:
    """Scenes as numbers, one row each; `images` and `masks` draw them.

    Attributes
    ----------
    shapes, textures : ndarray of int, (n, 4)
        Place in `SHAPES` and `TEXTURES` of the object in each quarter, -1 where there is none.
    grounds : ndarray of int, (n,)
        Place in `GROUNDS`.
    centres : ndarray of float, (n, 4, 2)
        Row and column of the objects' centres, pixels.
    radii : ndarray of float, (n, 4)
        Half of the objects' sizes, pixels.
    colours : ndarray of float, (n, 4, 3)
        RGB of the objects, 0 to 1.
    tints : ndarray of float, (n,)
        Added to the ground's colour.
    speckles : ndarray of int, (n,)
        Seeds of the speckled texture.
    """

    shapes: Ints
    textures: Ints
    grounds: Ints
    centres: Floats
    radii: Floats
    colours: Floats
    tints: Floats
    speckles: Ints

    def __len__(self) -> int:
        """Return the number of scenes."""
        return len(self.grounds)

    def part(self, chosen: npt.NDArray[np.generic] | slice) -> Self:
        """Select scenes by number, mask or slice."""
        return type(self)(*(getattr(self, field.name)[chosen] for field in fields(self)))

    @property
    def present(self) -> Bools:
        """Which quarters hold an object, (n, 4)."""
        return np.not_equal(self.shapes, ABSENT)

    def shows(self, word: str, *, everywhere: bool = False) -> Bools:
        """Tell which scenes show an attribute, (n,).

        Parameters
        ----------
        word : str
            A shape, a texture or a ground.
        everywhere : bool
            Whether all objects must have it, and not only one.

        Raises
        ------
        WorldFault
            If the tiny world has no such attribute.
        """
        kind = kind_of(word)
        place = KINDS[kind].index(word)
        if kind == "ground":
            return np.equal(self.grounds, place)
        has = (self.shapes if kind == "shape" else self.textures) == place
        result: Bools = (has | ~self.present).all(1) if everywhere else has.any(1)
        return result

    def masks(self) -> Bools:
        """Draw the mask of every object, (n, 4, 32, 32); an absent object has no pixel."""
        rows, columns = np.mgrid[:PIXELS, :PIXELS].astype(np.float32)
        radii = self.radii[..., None, None]
        v = (rows - self.centres[..., 0, None, None]) / radii
        u = (columns - self.centres[..., 1, None, None]) / radii
        result = np.zeros(u.shape, np.bool_)
        for place in range(len(SHAPES)):
            chosen = self.shapes == place
            result[chosen] = _inside(SHAPES[place], u[chosen], v[chosen])
        return result

    def images(self) -> Bytes:
        """Draw the scenes, (n, 32, 32, 3), 0 to 255."""
        ground = _GROUND_COLOURS[self.grounds] + self.tints[:, None]
        canvas = np.broadcast_to(ground[:, None, None], (len(self), PIXELS, PIXELS, 3)).copy()
        masks, light = self.masks(), _light(self.textures, self.speckles)
        for slot in range(SLOTS):
            painted = self.colours[:, slot, None, None] * light[:, slot, ..., None]
            canvas = np.where(masks[:, slot, ..., None], painted, canvas)
        return (canvas.clip(0, 1) * 255).round().astype(np.uint8)


def draw_scenes(count: int, rng: np.random.Generator, *, alike: float = 0.4) -> Scenes:
    """Draw random scenes.

    Parameters
    ----------
    count : int
        Number of scenes.
    rng : numpy.random.Generator
        Fixes them.
    alike : float
        Probability that all objects of a scene have one texture, and that they have one shape.

    Returns
    -------
    Scenes
        `count` scenes of two to four objects.
    """
    objects = rng.integers(2, SLOTS + 1, count)
    order = rng.permuted(np.tile(np.arange(SLOTS), (count, 1)), axis=1)
    present = order < objects[:, None]
    shapes = _drawn(rng, len(SHAPES), count, alike)
    textures = _drawn(rng, len(TEXTURES), count, alike)
    quarter = PIXELS // 2
    middles = np.array([(r, c) for r in (0, 1) for c in (0, 1)]) * quarter + (quarter - 1) / 2
    jitter = rng.uniform(-_JITTER, _JITTER, (count, SLOTS, 2))
    colours = _COLOURS[rng.integers(0, len(_COLOURS), (count, SLOTS))].astype(np.float64)
    colours = colours + rng.uniform(-0.05, 0.05, colours.shape)
    return Scenes(
        np.where(present, shapes, ABSENT),
        np.where(present, textures, ABSENT),
        rng.integers(0, len(GROUNDS), count),
        (middles + jitter).astype(np.float32),
        rng.uniform(*_RADIUS, (count, SLOTS)).astype(np.float32),
        colours.astype(np.float32),
        rng.uniform(-0.04, 0.04, count).astype(np.float32),
        rng.integers(0, 2**32, count),
    )


def _drawn(rng: np.random.Generator, kinds: int, count: int, alike: float) -> Ints:
    drawn = rng.integers(0, kinds, (count, SLOTS))
    same = rng.random(count) < alike
    return np.where(same[:, None], drawn[:, :1], drawn)


def _inside(shape: str, u: Floats, v: Floats) -> Bools:
    """Tell which points are in a shape; u and v are columns and rows in radii from its centre."""
    distance = u**2 + v**2
    across, along = np.abs(u), np.abs(v)
    inside: dict[str, Bools] = {
        "circle": distance <= 1,
        "square": np.maximum(across, along) <= 0.88,
        "triangle": (along <= 0.9) & (across <= (v + 0.95) / 1.85),
        "diamond": across + along <= 1.08,
        "cross": (np.minimum(across, along) <= 0.34) & (np.maximum(across, along) <= 1),
        "ring": (distance >= 0.3) & (distance <= 1),
        "moon": (distance <= 1) & ((u - 0.55) ** 2 + v**2 >= 0.62),
        "bow": (across <= 1) & (along <= np.maximum(across, 0.2)),
    }
    return inside[shape]


def _light(textures: Ints, speckles: Ints) -> Floats:
    """Return how much of an object's colour every pixel keeps, (n, 4, 32, 32)."""
    rows, columns = np.mgrid[:PIXELS, :PIXELS] // 2 % 2
    patterns = np.stack(
        [
            np.ones_like(rows),
            rows,
            columns,
            (rows + columns) % 2,
            1 - (1 - rows) * (1 - columns),
            np.ones_like(rows),
        ]
    ).astype(np.bool_)
    bright = patterns[np.maximum(textures, 0)]
    random = _speckle(speckles[:, None] + np.arange(SLOTS))
    bright = np.where((textures == TEXTURES.index("speckled"))[..., None, None], random, bright)
    return np.where(bright, np.float32(1), np.float32(_DARK))


def _speckle(seeds: Ints) -> Bools:
    """Return bits that look random, fixed by a seed, (..., 32, 32): a hash of seed and pixel."""
    pixel = np.arange(PIXELS * PIXELS, dtype=np.uint64).reshape(PIXELS, PIXELS)
    state = seeds.astype(np.uint64)[..., None, None] * np.uint64(0x9E3779B97F4A7C15) + pixel
    for shift in (np.uint64(30), np.uint64(27)):
        state = (state ^ (state >> shift)) * np.uint64(0xBF58476D1CE4E5B9)
    result: Bools = (state >> np.uint64(63)).astype(np.bool_)
    return result
