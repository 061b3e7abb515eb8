"""Images of squares on black: where each square is, and its pixels (thesis 7.5.2).

The original draws 244 x 244 pixels. Other sizes scale sides, clearance and jitter, and round them:
64 pixels give sides of 3 to 8 and a clearance of 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from diptych_analysis.numerosity.faults import NumerosityFault

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

PUBLISHED_PIXELS = 244
#: Objects of statistics A and B at 244 pixels: least and greatest side (pixels) and grey level.
STATISTICS = {"A": ((15, 15), (255, 255)), "B": ((10, 30), (25, 255))}
CLEARANCE = 3
JITTER_SIDE, JITTER_INTENSITY = 3, 5
#: Failed positions of one square after which the whole image is drawn again.
PATIENCE = 3000
TRIES = 8
RESTARTS = 20


@dataclass(frozen=True)
class Look:
    """How objects look, in pixels and grey levels (0 black, 255 white); bounds are inclusive.

    Parameters
    ----------
    pixels : int
        Width and height of an image.
    sides : tuple of int
        Least and greatest side of a square, pixels.
    intensities : tuple of int
        Least and greatest grey level.
    clearance : int
        Least gap between two squares, pixels, horizontally or vertically.
    jitter_side, jitter_intensity : int
        Greatest change of a kept object per action, pixels and grey levels.
    """

    pixels: int
    sides: tuple[int, int]
    intensities: tuple[int, int]
    clearance: int
    jitter_side: int
    jitter_intensity: int

    @classmethod
    def of(cls, statistics: str, pixels: int) -> Self:
        """Scale statistics A (equal objects) or B (varied objects) to an image size.

        Raises
        ------
        NumerosityFault
            For other statistics, or an image too small for them.
        """
        if statistics not in STATISTICS:
            raise NumerosityFault(f"objects {statistics!r}: allowed are {', '.join(STATISTICS)}")
        if pixels < 32:
            raise NumerosityFault(f"{pixels} pixels: at least 32 are needed for the objects to fit")
        (low, high), intensities = STATISTICS[statistics]
        scale = pixels / PUBLISHED_PIXELS
        return cls(
            pixels,
            (max(2, round(low * scale)), max(2, round(high * scale))),
            intensities,
            max(1, round(CLEARANCE * scale)),
            max(1, round(JITTER_SIDE * scale)),
            JITTER_INTENSITY,
        )


@dataclass(frozen=True)
class Scenes:
    """The squares of n images, at most k per image; a side of 0 means no square.

    Parameters
    ----------
    pixels : int
        Width and height of the images.
    sides, intensities, left, top : ndarray of int, shape (n, k)
        Side, grey level, and position of the upper left corner, pixels.
    """

    pixels: int
    sides: Ints
    intensities: Ints
    left: Ints
    top: Ints

    def __len__(self) -> int:
        """Return the number of scenes."""
        return len(self.sides)

    @property
    def counts(self) -> Ints:
        """Number of squares per image, shape (n,)."""
        found: Ints = (self.sides > 0).sum(1)
        return found

    def rows(self, chosen: Any) -> Scenes:
        """Take some of the images, by index, mask or slice."""
        return Scenes(
            self.pixels,
            self.sides[chosen],
            self.intensities[chosen],
            self.left[chosen],
            self.top[chosen],
        )

    def images(self) -> Bytes:
        """Draw the images, shape (n, pixels, pixels).

        Each square is four steps at its corners; running sums over rows and columns fill it. This
        needs no loop over squares, and is exact because squares don't overlap.
        """
        steps = np.zeros((len(self), self.pixels + 1, self.pixels + 1), np.int16)
        image, place = np.nonzero(self.sides)
        left, top = self.left[image, place], self.top[image, place]
        side, grey = self.sides[image, place], self.intensities[image, place]
        for down, right, sign in ((0, 0, 1), (0, 1, -1), (1, 0, -1), (1, 1, 1)):
            at = (image, top + down * side, left + right * side)
            np.add.at(steps, at, (sign * grey).astype(np.int16))
        np.cumsum(steps, axis=1, out=steps)
        np.cumsum(steps, axis=2, out=steps)
        drawn: Bytes = steps[:, :-1, :-1].astype(np.uint8)
        return drawn


def random_scenes(counts: npt.ArrayLike, look: Look, rng: np.random.Generator) -> Scenes:
    """Draw images with given numbers of objects, each object's side and grey level at random.

    Parameters
    ----------
    counts : array_like of int, shape (n,)
        Objects per image.
    look : Look
        Ranges of the objects.
    rng : numpy.random.Generator
        Source of chance; the same state gives the same images.
    """
    wanted = np.asarray(counts, dtype=np.int64)
    there = np.arange(int(wanted.max(initial=0)))[None, :] < wanted[:, None]
    sides = rng.integers(look.sides[0], look.sides[1] + 1, there.shape) * there
    grey = rng.integers(look.intensities[0], look.intensities[1] + 1, there.shape) * there
    return scenes_of(sides, grey, look, rng)


def scenes_of(sides: Ints, intensities: Ints, look: Look, rng: np.random.Generator) -> Scenes:
    """Place squares of given sides and grey levels at random, without overlap."""
    left, top = placed(sides, look.pixels, look.clearance, rng)
    return Scenes(look.pixels, sides, intensities, left, top)


def placed(sides: Ints, pixels: int, clearance: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Find positions by rejection: uniform, inside the image, `clearance` apart.

    After 3,000 failed positions of one square, all positions of that image are drawn again. (The
    original draws the size of that square again, which favours small squares in full images.)

    Parameters
    ----------
    sides : ndarray of int, shape (n, k)
        Sides in pixels; 0 means no square.
    pixels, clearance : int
        Size of the image, and least gap between two squares.
    rng : numpy.random.Generator
        Source of chance.

    Returns
    -------
    left, top : ndarray of int, shape (n, k)
        Upper left corners; 0 where there is no square.

    Raises
    ------
    NumerosityFault
        If an image still has no room after 20 attempts.
    """
    left, top = np.zeros_like(sides), np.zeros_like(sides)
    todo = np.arange(len(sides))
    for _ in range(RESTARTS):
        if not len(todo):
            return left, top
        stuck = np.zeros(len(todo), bool)
        xs, ys = np.zeros_like(sides[todo]), np.zeros_like(sides[todo])
        for place in range(sides.shape[1]):
            stuck |= _place_one(xs, ys, sides[todo], place, pixels, clearance, rng, ~stuck)
        left[todo], top[todo] = xs, ys
        todo = todo[stuck]
    if not len(todo):
        return left, top
    most = int((sides[todo] > 0).sum(1).max())
    raise NumerosityFault(
        f"{most} objects with sides up to {sides.max()} and a clearance of {clearance} pixels do "
        f"not fit into {pixels} x {pixels} pixels: use fewer objects or more pixels"
    )


def _place_one(
    xs: Ints,
    ys: Ints,
    sides: Ints,
    place: int,
    pixels: int,
    clearance: int,
    rng: np.random.Generator,
    going: npt.NDArray[np.bool_],
) -> npt.NDArray[np.bool_]:
    """Place one square per image into `xs` and `ys`; return the images that have no room."""
    todo = np.flatnonzero((sides[:, place] > 0) & going)
    for _ in range(PATIENCE // TRIES):
        if not len(todo):
            break
        side = sides[todo, place][:, None]
        x = (rng.random((len(todo), TRIES)) * (pixels - side + 1)).astype(np.int64)
        y = (rng.random((len(todo), TRIES)) * (pixels - side + 1)).astype(np.int64)
        others = (todo, slice(0, place))
        reach = np.where(sides[others] > 0, sides[others] + clearance, -pixels)[:, None, :]
        far = (side + clearance)[:, :, None]
        ox, oy = xs[others][:, None, :], ys[others][:, None, :]
        clash = (x[..., None] < ox + reach) & (ox < x[..., None] + far)
        clash &= (y[..., None] < oy + reach) & (oy < y[..., None] + far)
        free = ~clash.any(2)
        first, ok = free.argmax(1), free.any(1)
        at = np.arange(len(todo))
        xs[todo[ok], place], ys[todo[ok], place] = x[at, first][ok], y[at, first][ok]
        todo = todo[~ok]
    stuck = np.zeros(len(sides), bool)
    stuck[todo] = True
    return stuck
