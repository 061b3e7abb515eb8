"""Displays of squares whose number, area, hull and intensity are chosen one by one, for people.

Random displays have more area, a larger hull and more light the more objects they have. Here these
covariates have values that a study wants, so that they can go with the number or against it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from diptych_analysis.numerosity.scenes import Bytes, Ints, Scenes, placed

Floats = npt.NDArray[np.float64]

#: Least gap between two squares, and least side of a square, in pixels.
CLEARANCE, LEAST_SIDE = 3, 4
#: Grey levels that can be told from the black ground.
GREYS = (40, 255)
#: Standard deviations of the logarithms of areas and grey levels within a display.
SIDE_SPREAD, GREY_SPREAD = 0.35, 0.2
#: Displays that are drawn for one, of which the one with the fitting hull is taken.
CANDIDATES = 6


@dataclass(frozen=True)
class Wanted:
    """What a display should have.

    Parameters
    ----------
    number : int
        Objects.
    area : float
        Sum of the areas of all objects, square pixels.
    hull : float
        Area of the convex hull of all objects, square pixels.
    intensity : float
        Sum of all grey levels (0 to 255) over the image.
    """

    number: int
    area: float
    hull: float
    intensity: float


@dataclass(frozen=True)
class Display:
    """A drawn display, and what it has.

    Parameters
    ----------
    image : ndarray of uint8, shape (pixels, pixels)
        Grey levels; 0 is the ground.
    number : int
        Objects.
    area, hull, intensity : float
        As in `Wanted`, measured on what was drawn.
    """

    image: Bytes
    number: int
    area: float
    hull: float
    intensity: float


def draw_display(wanted: Wanted, pixels: int, rng: np.random.Generator) -> Display:
    """Draw a display that comes near to what is wanted; its number is exact.

    Parameters
    ----------
    wanted : Wanted
        Number and covariates.
    pixels : int
        Width and height of the image.
    rng : numpy.random.Generator
        Source of chance; the same state gives the same display.

    Returns
    -------
    Display
        Area and intensity differ from what is wanted by rounding. The hull is the nearest of six
        drawn ones: it cannot be smaller than the objects, or larger than the image.

    Raises
    ------
    NumerosityFault
        If the objects do not fit into the image.
    """
    if wanted.number == 0:
        return Display(np.zeros((pixels, pixels), np.uint8), 0, 0.0, 0.0, 0.0)
    sides = _sides(wanted, rng)
    greys = _greys(sides, wanted, rng)
    # A first display says how the hull depends on the field; the others have a fitting field.
    least = min(pixels, int(max(np.sqrt(2.6 * (sides**2).sum()), 2 * sides.max())) + 1)
    field = (least + pixels) // 2
    first = _scattered(sides, greys, field, pixels, rng, 1)[0]
    field = int(np.clip(field * np.sqrt(wanted.hull / max(first.hull, 1.0)), least, pixels))
    drawn = [first, *_scattered(sides, greys, field, pixels, rng, CANDIDATES - 1)]
    return min(drawn, key=lambda display: abs(np.log(display.hull / wanted.hull)))


def _sides(wanted: Wanted, rng: np.random.Generator) -> Ints:
    areas = np.exp(rng.normal(0.0, SIDE_SPREAD, wanted.number))
    areas *= wanted.area / areas.sum()
    return np.maximum(np.rint(np.sqrt(areas)), LEAST_SIDE).astype(np.int64)


def _greys(sides: Ints, wanted: Wanted, rng: np.random.Generator) -> Ints:
    greys = np.exp(rng.normal(0.0, GREY_SPREAD, len(sides)))
    greys *= wanted.intensity / (greys * sides**2).sum()
    return np.clip(np.rint(greys), *GREYS).astype(np.int64)


def _scattered(
    sides: Ints, greys: Ints, field: int, pixels: int, rng: np.random.Generator, times: int
) -> list[Display]:
    """Place the objects several times, each time anywhere in a square field of the image."""
    rows = np.tile(sides, (times, 1))
    left, top = placed(rows, field, CLEARANCE, rng)
    across, down = rng.integers(0, pixels - field + 1, (2, times, 1))
    scenes = Scenes(pixels, rows, np.tile(greys, (times, 1)), left + across, top + down)
    return [
        Display(
            image,
            len(sides),
            float((sides**2).sum()),
            hull_area(corners_of(scenes, at)),
            float(image.sum(dtype=np.int64)),
        )
        for at, image in enumerate(scenes.images())
    ]


def corners_of(scenes: Scenes, image: int) -> list[tuple[float, float]]:
    """List the corners of all squares of an image, as x and y in pixels."""
    found = []
    for left, top, side in zip(
        scenes.left[image], scenes.top[image], scenes.sides[image], strict=True
    ):
        if side:
            found += [(float(left + x), float(top + y)) for x in (0, side) for y in (0, side)]
    return found


def hull_area(points: Sequence[tuple[float, float]]) -> float:
    """Return the area of the convex hull of points in the plane.

    Parameters
    ----------
    points : sequence of (float, float)
        Coordinates; fewer than three different points span no area.

    References
    ----------
    .. [1] Andrew, A. M. (1979). Another efficient algorithm for convex hulls in two dimensions.
       Information Processing Letters 9, 216-219.
    """
    ordered = sorted(set(points))
    if len(ordered) < 3:
        return 0.0
    ring = _chain(ordered) + _chain(ordered[::-1])
    following = ring[1:] + ring[:1]
    twice = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(ring, following, strict=True))
    return abs(twice) / 2


def _chain(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """One side of the hull of ordered points, without its last point."""
    chain: list[tuple[float, float]] = []
    for x, y in points:
        while len(chain) > 1:
            (ax, ay), (bx, by) = chain[-2:]
            if (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0:
                break
            chain.pop()
        chain.append((x, y))
    return chain[:-1]
