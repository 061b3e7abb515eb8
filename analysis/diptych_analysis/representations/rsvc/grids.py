"""Patches that show a concept, and those where a network misses it (thesis, section 3.4.4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

#: Largest difference of two predictions that are alike, in standard deviations.
_ALIKE = 0.25


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
    coefficients: Floats,
    predicted: Floats,
    images: Ints,
    size: int = 9,
    excluded: int = 10,
    *,
    more: int = 0,
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
    more : int, optional
        Patches beyond `size`, which a study asks about. The first `size` are the same without it.
    """
    most = _one_per_image(coefficients, images, coefficients > 0)
    free = np.ones(len(coefficients), bool)
    free[most[: max(excluded, size)]] = False
    error = coefficients - predicted
    return Grids(
        top=most[: size + more],
        under=_one_per_image(error, images, free & (error > 0))[: size + more],
        over=_one_per_image(-error, images, free & (error < 0))[: size + more],
    )


def alike(
    coefficients: Floats,
    predicted: Floats,
    images: Ints,
    targets: Ints,
    taken: npt.NDArray[np.bool_],
) -> Ints:
    """Find patches that the other network cannot tell from others, and which lack the concept.

    Each is predicted too high, has less than half of its target's coefficient, comes from another
    image, and is predicted like its target, within a quarter of the predictions' standard
    deviation. Linear assignment takes the pairs with the smallest summed difference.

    Parameters
    ----------
    coefficients, predicted : npt.NDArray[np.float64]
        u and its prediction, shape (n,).
    images : npt.NDArray[np.int64]
        Image of each patch, shape (n,).
    targets : npt.NDArray[np.int64]
        Rows of patches that have the concept, shape (m,).
    taken : npt.NDArray[np.bool_]
        Patches that may not be chosen, shape (n,).

    Returns
    -------
    npt.NDArray[np.int64]
        A row for each target, shape (m,); -1 where there is none.
    """
    free = np.flatnonzero((predicted > coefficients) & ~taken)
    found = np.full(len(targets), -1, np.int64)
    if not len(free) or not len(targets):
        return found
    difference = np.abs(predicted[targets][:, None] - predicted[free])
    allowed = difference <= _ALIKE * float(predicted.std())
    allowed &= coefficients[free] < coefficients[targets][:, None] / 2
    allowed &= images[free] != images[targets][:, None]
    # Pairs that are not allowed cost more than all others together.
    cost = np.where(allowed, difference, 1 + difference.max() * len(targets))
    rows, columns = linear_sum_assignment(cost)
    kept = allowed[rows, columns]
    found[rows[kept]] = free[columns[kept]]
    return found


def _one_per_image(values: Floats, images: Ints, allowed: npt.NDArray[np.bool_]) -> Ints:
    """Rows of the best patch of each image, largest value first."""
    order = np.argsort(-values, kind="stable")
    order = order[allowed[order]]
    _, first = np.unique(images[order], return_index=True)
    return np.asarray(order[np.sort(first)], dtype=np.int64)
