"""Names of the classes that are there, with errors of a chosen precision and recall."""

from __future__ import annotations

import numpy as np

from diptych_analysis.captions.faults import CaptionFault
from diptych_analysis.captions.labelled import Bools


def imperfect(
    present: Bools, precision: float, recall: float, rng: np.random.Generator
) -> Bools:  # fmt: skip
    """Draw named classes so that precision and recall hold in the mean.

    Each class that is there is named with probability `recall`. Each other one is named with the
    probability that makes `precision` of all names right on average, image by image.

    Parameters
    ----------
    present : ndarray of bool, (n, classes)
        Classes that are there.
    precision, recall : float
        Above 0, at most 1. If both are 1, the names are exactly the classes that are there.
    rng : numpy.random.Generator
        Draws the errors.

    Returns
    -------
    ndarray of bool, (n, classes)

    Raises
    ------
    CaptionFault
        If an image would need more wrong names than there are.
    """
    there = present.sum(1)
    missing = present.shape[1] - there
    wrong = there * recall * (1 - precision) / precision
    impossible = wrong > missing + 1e-9
    if impossible.any():
        row = int(np.flatnonzero(impossible)[0])
        least = there[row] * recall / (there[row] * recall + missing[row])
        raise CaptionFault(
            f"precision {precision:g} with recall {recall:g} needs {wrong[row]:.1f} wrong names "
            f"for an image with {there[row]} of {present.shape[1]} classes, and only "
            f"{missing[row]} exist; allowed is a precision of at least {least:.2f}"
        )
    false = np.divide(wrong, missing, out=np.zeros(len(wrong)), where=missing > 0)
    chance = np.where(present, recall, false[:, None])
    return np.asarray(rng.random(present.shape) < chance, np.bool_)


def precision_and_recall(named: Bools, present: Bools) -> tuple[float, float]:
    """Return the share of names that are right, and of classes that are named; NaN if none."""
    hits = float((named & present).sum())
    names, classes = float(named.sum()), float(present.sum())
    return (hits / names if names else np.nan, hits / classes if classes else np.nan)
