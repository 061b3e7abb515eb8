"""Scores of maps: mean intersection over union of classes, and errors of depth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from diptych_analysis.captions.labelled import IGNORED

Floats = npt.NDArray[np.float64]


def class_ious(
    predicted: npt.NDArray[np.integer], labels: npt.NDArray[np.integer], classes: int
) -> Floats:
    """Return intersection over union per class over all pixels, (classes,).

    Parameters
    ----------
    predicted, labels : ndarray of int, one shape
        Class per pixel. Pixels whose label is 255 do not count.
    classes : int
        Number of classes.

    Returns
    -------
    ndarray
        NaN for a class that is neither shown nor predicted.
    """
    counts = np.not_equal(labels, IGNORED)
    both = labels[counts].astype(np.int64) * classes + predicted[counts]
    table = np.bincount(both, minlength=classes**2).reshape(classes, classes)
    hits = np.diag(table)
    union = table.sum(0) + table.sum(1) - hits
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(hits / union, np.float64)


def mean_iou(
    predicted: npt.NDArray[np.integer], labels: npt.NDArray[np.integer], classes: int
) -> float:
    """Return the mean of `class_ious` over classes that are shown or predicted, 0 to 1."""
    return float(np.nanmean(class_ious(predicted, labels, classes)))


def depth_rmse(
    predicted: npt.NDArray[np.floating], depth: npt.NDArray[np.floating]
) -> float:  # fmt: skip
    """Return the root of the mean squared error where the depth is known, in its unit."""
    known = depth > 0
    return float(np.sqrt(np.mean((predicted[known] - depth[known]) ** 2)))


def mean_and_error(values: Sequence[float]) -> tuple[float, float | None]:
    """Return the mean of some seeds and its standard error; None for a single seed."""
    found = np.asarray(values, np.float64)
    error = None if len(found) < 2 else float(found.std(ddof=1) / np.sqrt(len(found)))
    return float(found.mean()), error
