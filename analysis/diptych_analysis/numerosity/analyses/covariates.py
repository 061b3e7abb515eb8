"""What else grows with the number: summed intensity, area, and the hull of all objects (7.7.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from diptych_analysis.intervals import bayesian
from diptych_analysis.numerosity.probes import Floats
from diptych_analysis.numerosity.scenes import Ints, Scenes

COVARIATES = ("intensity", "area", "hull")
REFERENCES = (3, 9, 16, 24)
BINS = 4
#: Bins with no more pairs than this are not shown.
LEAST_PAIRS = 100


def covariates(scenes: Scenes) -> dict[str, Floats]:
    """Compute the covariates of each image, shape (n,) each.

    Returns
    -------
    dict
        intensity: sum of all grey levels; area: pixels that are not black; hull: area of the
        convex hull of all objects, pixels.
    """
    area = scenes.sides.astype(float) ** 2
    return {
        "intensity": (area * scenes.intensities).sum(1),
        "area": area.sum(1),
        "hull": _hull_areas(scenes),
    }


def _hull_areas(scenes: Scenes) -> Floats:
    from scipy.spatial import ConvexHull

    found = np.zeros(len(scenes))
    for image in np.flatnonzero(scenes.counts):
        there = scenes.sides[image] > 0
        left, top, side = (a[image][there] for a in (scenes.left, scenes.top, scenes.sides))
        corners = [
            np.stack([left + dx * side, top + dy * side], 1) for dx in (0, 1) for dy in (0, 1)
        ]
        # In two dimensions, scipy's `volume` is the area.
        found[image] = ConvexHull(np.concatenate(corners)).volume
    return found


def within_number(scores: Floats, values: Floats, counts: Ints) -> float:
    """Average, over numbers, of the correlation between score and covariate within a number.

    NaN where no number has varying scores and covariates.
    """
    found = []
    for number in np.unique(counts):
        s, v = scores[counts == number], values[counts == number]
        if len(s) > 2 and np.ptp(s) > 0 and np.ptp(v) > 0:
            found.append(np.corrcoef(s, v)[0, 1])
    return float(np.mean(found)) if found else float("nan")


def error_by_covariate(
    scores: Floats,
    values: Mapping[str, Floats],
    counts: Ints,
    references: Iterable[int] = REFERENCES,
) -> pd.DataFrame:
    """Return the error of close comparisons by the covariate's difference (appendix, Fig. 7.2).

    All pairs of a reference image and an image with two objects fewer or more; equal scores are
    left out. The relative difference (test - reference) / reference of the covariate is cut into
    four bins of equal width. Pairs share images, so intervals are too narrow: they are those of
    the thesis.

    Returns
    -------
    pandas.DataFrame
        covariate, reference, test, difference (middle of the bin), n, error, low, high.
    """
    rows = []
    for reference in references:
        for test in (reference - 2, reference + 2):
            a, b = np.flatnonzero(counts == reference), np.flatnonzero(counts == test)
            if not len(a) or not len(b):
                continue
            sign = np.sign(test - reference)
            ahead = (scores[b][None] - scores[a][:, None]) * sign
            for name, value in values.items():
                x = (value[b][None] - value[a][:, None]) / value[a][:, None]
                rows += [
                    {"covariate": name, "reference": reference, "test": test, **row}
                    for row in _bins(x[ahead != 0], ahead[ahead != 0] < 0)
                ]
    names = ["covariate", "reference", "test", "difference", "n", "wrong"]
    found = pd.DataFrame(rows, columns=names)
    found["error"] = found["wrong"] / found["n"]
    found["low"], found["high"] = bayesian(found["wrong"], found["n"])
    return found


def _bins(x: Floats, wrong: np.ndarray) -> list[dict[str, float]]:
    if not len(x):
        return []
    edges = np.linspace(x.min(), x.max(), BINS + 1)
    place = np.clip(np.digitize(x, edges) - 1, 0, BINS - 1)
    rows = []
    for i in range(BINS):
        n = int((place == i).sum())
        if n > LEAST_PAIRS:
            middle = float((edges[i] + edges[i + 1]) / 2)
            rows.append({"difference": middle, "n": n, "wrong": int(wrong[place == i].sum())})
    return rows
