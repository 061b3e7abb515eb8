"""How many raters chose each category, for a few stimuli at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from diptych_analysis.behaviour.responses import Codes, Indices

Counts = npt.NDArray[np.int64]

#: Cells of one block of counts. 2 MB of counts stay in a core's cache.
CELLS = 2**18


def blocks(stimuli: int, cells_each: int) -> Iterator[slice]:
    """Cut the stimuli into blocks of at most `CELLS` cells."""
    size = max(1, CELLS // max(cells_each, 1))
    for start in range(0, stimuli, size):
        yield slice(start, min(start + size, stimuli))


def tallies(codes: Codes, categories: int) -> Iterator[tuple[slice, Counts]]:
    """Count the categories of every stimulus, block by block.

    Parameters
    ----------
    codes : array of int, shape (raters, stimuli)
        Numbers of categories, -1 for none.
    categories : int
        Number of categories.

    Yields
    ------
    block : slice
        The stimuli.
    counts : array of int64, shape (stimuli of the block, categories)
        T of Cheung et al.: raters who chose each category.
    """
    groups = np.zeros(len(codes), np.int64)
    for block, counts in group_tallies(codes, categories, groups, 1):
        yield block, counts[0]


def group_tallies(
    codes: Codes, categories: int, groups: Indices, n_groups: int
) -> Iterator[tuple[slice, Counts]]:
    """Count the categories of every stimulus in all groups of raters in one pass.

    Parameters
    ----------
    codes : array of int, shape (raters, stimuli)
        Numbers of categories, -1 for none.
    categories, n_groups : int
        Number of categories and of groups.
    groups : array of int, shape (raters,)
        Group of each rater, from 0.

    Yields
    ------
    block : slice
        The stimuli.
    counts : array of int64, shape (groups, stimuli of the block, categories)
    """
    for block in blocks(codes.shape[1], categories * n_groups):
        part = codes[:, block]
        size = part.shape[1]
        # One number per cell (group, stimulus, category), so that one bincount counts everything.
        cells = (groups[:, None] * size + np.arange(size)) * categories + part
        counts = np.bincount(cells[part >= 0], minlength=n_groups * size * categories)
        yield block, counts.reshape(n_groups, size, categories)
