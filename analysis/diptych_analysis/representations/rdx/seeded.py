"""Edges of one item: what A holds close to it and B does not. Cheap enough to be asked live."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from diptych_analysis.representations.rdx.affinity import difference
from diptych_analysis.representations.rdx.grids import Items
from diptych_analysis.representations.rdx.settings import Settings

Floats = npt.NDArray[np.float64]


def strongest_edges(a: Floats, b: Floats, item: int, settings: Settings | None = None) -> Items:
    """Order all other items by falling affinity with one item (Eq. 4.1, one row of G).

    A whole comparison needs all pairs; a row needs n distances in A and in B. Affinities that
    saturate are equal; of these, the item that is nearer in A comes first.

    Parameters
    ----------
    a, b : array, (n, d_a) and (n, d_b)
        One row per item and representation; finite.
    item : int
        Row of the item.
    settings : Settings, optional
        gamma and difference.

    Returns
    -------
    array of int, (n - 1,)
        Rows of the other items: first those that A holds closest to the item and B does not.
    """
    near_a, near_b = ranks_from(a, item), ranks_from(b, item)
    found = difference(near_a, near_b, settings or Settings(), items=len(a))
    order = np.lexsort((near_a, found))
    return np.asarray(order[order != item], dtype=np.int64)


def ranks_from(values: Floats, item: int) -> npt.NDArray[Any]:
    """Rank all items by their distance from one item: a row of `distances.ranks`.

    Parameters
    ----------
    values : array, (n, d)
        One row per item.
    item : int
        Row of the item, which has rank 0.

    Returns
    -------
    array of int, (n,)
        Items at the same distance keep the order of their rows.
    """
    gaps = np.square(values - values[item]).sum(axis=1)
    gaps[item] = -1
    found = np.empty(len(values), dtype=np.int64)
    found[np.argsort(gaps, kind="stable")] = np.arange(len(values))
    return found
