"""Which of two images has more? Shares of "more" against a reference, and their fit (7.5.5)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from diptych_analysis.numerosity.probes import Floats
from diptych_analysis.numerosity.scenes import Ints

REFERENCE = 16
RESAMPLES = 100
LAPSE = (0.0, 0.2)


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


@dataclass(frozen=True)
class Weber:
    """A psychometric curve over log number: P = l/2 + (1 - l) Phi((ln N - ln PSE) / w).

    Parameters
    ----------
    pse : float
        Number of objects that is taken for the reference in half of the pairs.
    weber : float
        w, standard deviation of the curve in natural logarithms of the number.
    lapse : float
        l, between 0 and 0.2.
    """

    pse: float
    weber: float
    lapse: float


def curve(number: Floats, fit: Weber) -> Floats:
    """Probability of "more" at each number (above 0)."""
    from scipy.special import ndtr

    z = (np.log(number) - np.log(fit.pse)) / fit.weber
    found: Floats = fit.lapse / 2 + (1 - fit.lapse) * ndtr(z)
    return found


def fit_weber(number: Floats, more: Floats, n: Floats, start: Weber | None = None) -> Weber:
    """Fit the curve by maximum likelihood; rows without objects or without pairs are left out.

    Parameters
    ----------
    number, more, n : ndarray, shape (m,)
        Objects of the test image, "more" answers, and of how many.
    start : Weber, optional
        Where the search begins; by default it begins at three values of w and the best fit wins.
    """
    from scipy.optimize import minimize
    from threadpoolctl import threadpool_limits

    used = (number > 0) & (n > 0)
    x, k, m = np.log(number[used].astype(float)), more[used].astype(float), n[used].astype(float)
    bounds = [(x.min() - 1, x.max() + 1), (np.log(0.005), np.log(20.0)), LAPSE]
    middle = float(np.interp(0.5, np.maximum.accumulate(k / m), x))
    starts = [(middle, np.log(w), 0.01) for w in (0.05, 0.2, 1.0)]
    if start is not None:
        starts = [(np.log(start.pse), np.log(start.weber), max(start.lapse, 0.002))]
    # The search calls BLAS on vectors of three numbers: threads would only wait for each other.
    with threadpool_limits(1, user_api="blas"):
        tried = [
            minimize(_loss, s, (x, k, m), jac=True, bounds=bounds, method="L-BFGS-B")
            for s in starts
        ]
    best = min(tried, key=lambda found: float(found.fun)).x
    return Weber(float(np.exp(best[0])), float(np.exp(best[1])), float(best[2]))


def _loss(at: Floats, x: Floats, k: Floats, m: Floats) -> tuple[float, Floats]:
    """Negative log likelihood per pair at (ln PSE, ln w, l), and its gradient."""
    from scipy.special import ndtr

    middle, log_w, lapse = at
    z = (x - middle) / np.exp(log_w)
    below, height = ndtr(z), np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    p = np.clip(lapse / 2 + (1 - lapse) * below, 1e-9, 1 - 1e-9)
    slope = (k / p - (m - k) / (1 - p)) / m.sum()
    change = np.stack(
        [-(1 - lapse) * height / np.exp(log_w), -(1 - lapse) * height * z, 0.5 - below]
    )
    value = -(k * np.log(p) + (m - k) * np.log(1 - p)).sum() / m.sum()
    return float(value), -(change * slope).sum(1)


def fit_shares(table: pd.DataFrame, start: Weber | None = None) -> Weber:
    """Fit the curve to a table of `share_of_more`."""
    number, more, n = (table[name].to_numpy(dtype=float) for name in ("number", "more", "n"))
    return fit_weber(number, more, n, start)


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
        fits.append(fit_shares(share_of_more(scores[drawn], counts[drawn], reference), whole))
    low, high = np.quantile([(fit.pse, fit.weber) for fit in fits], (0.025, 0.975), axis=0)
    return {
        "pse": (float(low[0]), float(high[0])),
        "weber": (float(low[1]), float(high[1])),
    }
