"""Features: numeric columns of the manifest that describe an image."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import TYPE_CHECKING

from diptych.policies import Candidate

if TYPE_CHECKING:
    from diptych_analysis.teaching.worlds import Floats

Features = str | tuple[str, ...]
"""A list of names, or what all names begin with."""


def columns_of(features: Features, pool: Sequence[Candidate]) -> tuple[str, ...]:
    """Return the names of the features, in order; empty where no column begins so."""
    if not isinstance(features, str):
        return features
    if not features:
        return ()
    return tuple(name for name in pool[0].attributes if name.startswith(features)) if pool else ()


def matrix_of(images: Sequence[Candidate], columns: Sequence[str]) -> Floats:
    """Return the features, (n_images, n_columns)."""
    import numpy as np

    cells = itemgetter(*columns)
    rows = [cells(each.attributes) for each in images]
    return np.array(rows, dtype=float).reshape(len(images), len(columns))


def feature_faults(features: Features, pool: Sequence[Candidate], key: str = "features") -> str:
    """Return the first image or name that lacks numbers, in words; empty where all have them."""
    columns = columns_of(features, pool)
    if pool and not columns:
        known = ", ".join(pool[0].attributes) or "none"
        return f"{key} is {features!r}; numeric columns are: {known}"
    for each in pool:
        missing = [name for name in columns if name not in each.attributes]
        if missing:
            known = ", ".join(each.attributes) or "none"
            return f"{each.id!r} has no number {missing[0]!r}; its numbers are: {known}"
    return ""
