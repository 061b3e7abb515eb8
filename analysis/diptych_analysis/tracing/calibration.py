"""Do predicted probabilities mean what they say? Reliability and expected calibration error."""

from __future__ import annotations

import numpy as np
import pandas as pd

from diptych_analysis.tracing.sequences import Ints


def reliability(
    probabilities: np.ndarray[tuple[int, ...], np.dtype[np.float64]], chosen: Ints, bins: int = 10
) -> pd.DataFrame:
    """Compute the reliability curve over all class decisions.

    `probabilities` (n, C), `chosen` (n,) class indices. One row a bin of equal width that is not
    empty: `low`, `high`, mean `predicted` probability, `observed` frequency, `n`.
    """
    p = probabilities.ravel()
    hits = (chosen[:, None] == np.arange(probabilities.shape[1])).ravel()
    place = np.minimum((p * bins).astype(int), bins - 1)
    n = np.bincount(place, minlength=bins)
    there = n > 0
    predicted = np.bincount(place, weights=p, minlength=bins)[there] / n[there]
    observed = np.bincount(place, weights=hits, minlength=bins)[there] / n[there]
    low = np.arange(bins)[there] / bins
    return pd.DataFrame(
        {
            "low": low,
            "high": low + 1 / bins,
            "predicted": predicted,
            "observed": observed,
            "n": n[there],
        }
    )


def expected_calibration_error(
    probabilities: np.ndarray[tuple[int, ...], np.dtype[np.float64]], chosen: Ints, bins: int = 10
) -> float:
    """Average the distance of predicted from observed frequency over bins, weighted by size."""
    curve = reliability(probabilities, chosen, bins)
    gap = (curve["predicted"] - curve["observed"]).abs()
    return float((gap * curve["n"]).sum() / curve["n"].sum())
