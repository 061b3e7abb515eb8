"""Patches that show a concept, and those where a network misses it (thesis, section 3.4.4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Grids:
    """Rows of patches, one patch per image in each grid, the clearest first.

    Attributes
    ----------
    top : npt.NDArray[np.int64]
        Largest coefficients: what the concept is.
    under : npt.NDArray[np.int64]
        The prediction is too low: the other network misses these.
    over : npt.NDArray[np.int64]
        The prediction is too high: the other network takes these for the concept.
    """

    top: Ints
    under: Ints
    over: Ints


def concept_grids(
    coefficients: Floats, predicted: Floats, images: Ints, size: int = 9, excluded: int = 10
) -> Grids:
    """Choose the patches of the three grids of one concept.

    Parameters
    ----------
    coefficients, predicted : npt.NDArray[np.float64]
        u and its prediction, shape (n,).
    images : npt.NDArray[np.int64]
        Image of each patch, shape (n,).
    size : int, optional
        Patches per grid. A grid has fewer if too few patches qualify.
    excluded : int, optional
        The patches of this many largest coefficients stay out of `under` and `over`.
    """
    most = _one_per_image(coefficients, images, coefficients > 0)
    free = np.ones(len(coefficients), bool)
    free[most[: max(excluded, size)]] = False
    error = coefficients - predicted
    return Grids(
        top=most[:size],
        under=_one_per_image(error, images, free & (error > 0))[:size],
        over=_one_per_image(-error, images, free & (error < 0))[:size],
    )


def _one_per_image(values: Floats, images: Ints, allowed: npt.NDArray[np.bool_]) -> Ints:
    """Rows of the best patch of each image, largest value first."""
    order = np.argsort(-values, kind="stable")
    order = order[allowed[order]]
    _, first = np.unique(images[order], return_index=True)
    return np.asarray(order[np.sort(first)], dtype=np.int64)
