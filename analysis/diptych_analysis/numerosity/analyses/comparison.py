"""Which of two images has more? Shares of "more" against a reference, and their fit (7.5.5)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from diptych_analysis.numerosity.probes import Floats
from diptych_analysis.numerosity.scenes import Ints
from diptych_analysis.psychometric import PsychometricFault
from diptych_analysis.psychometric.fit import Counts, Psychometric, fit

REFERENCE = 16
RESAMPLES = 100


def share_of_more(scores: Floats, counts: Ints, reference: int = REFERENCE) -> pd.DataFrame:
    """Compare all test images with all reference images; the greater score is "more".

    Parameters
    ----------
    scores : ndarray, shape (n,)
        A score per image, such as the perceived number.
    counts : ndarray of int, shape (n,)
        Objects per image.
    reference : int
        Number of objects of the reference images.

    Returns
    -------
    pandas.DataFrame
        number, more, n (pairs without equal scores), share (NaN if all scores are equal). Images
        of the reference number are not compared with themselves.
    """
    against = np.sort(scores[counts == reference])
    rows = []
    for number in np.unique(counts):
        test = scores[counts == number]
        below = np.searchsorted(against, test, "left")
        above = len(against) - np.searchsorted(against, test, "right")
        n = int((below + above).sum())
        rows.append({"number": int(number), "more": int(below.sum()), "n": n})
    found = pd.DataFrame(rows, columns=["number", "more", "n"])
    found["share"] = found["more"] / found["n"].where(found["n"] > 0)
    return found


def fit_shares(table: pd.DataFrame, start: Psychometric | None = None) -> Psychometric | None:
    """Fit a psychometric function over log number; its threshold is the PSE, its width w.

    Parameters
    ----------
    table : pandas.DataFrame
        As of `share_of_more`. Images without objects have no logarithm and are left out.
    start : Psychometric, optional
        Where the search starts.

    Returns
    -------
    Psychometric or None
        None if there is nothing to fit: fewer than two numbers, or the same answer everywhere.
    """
    from threadpoolctl import threadpool_limits

    used = table[(table["number"] > 0) & (table["n"] > 0)]
    number, more, n = (used[name].to_numpy(dtype=float) for name in ("number", "more", "n"))
    # The search calls BLAS on vectors of three numbers: threads would only wait for each other.
    with threadpool_limits(1, user_api="blas"):
        try:
            return fit(Counts(number, more, n), start=start)
        except PsychometricFault:
            return None


def weber_interval(
    scores: Floats, counts: Ints, reference: int = REFERENCE, seed: int = 0
) -> dict[str, tuple[float, float]]:
    """Bootstrap PSE and w over images: 95 % intervals, {"pse": (low, high), "weber": ...}.

    Pairs share images, so images of each number are drawn again, not pairs.
    """
    rng = np.random.default_rng(seed)
    rows = [np.flatnonzero(counts == number) for number in np.unique(counts)]
    whole = fit_shares(share_of_more(scores, counts, reference))
    fits = []
    for _ in range(RESAMPLES):
        drawn = np.concatenate([rng.choice(each, len(each)) for each in rows])
        found = fit_shares(share_of_more(scores[drawn], counts[drawn], reference), whole)
        if found is not None:
            fits.append((found.threshold, found.weber))
    low, high = np.quantile(fits, (0.025, 0.975), axis=0)
    return {
        "pse": (float(low[0]), float(high[0])),
        "weber": (float(low[1]), float(high[1])),
    }
