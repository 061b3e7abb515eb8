"""Pairs in which a covariate speaks against the number: the headline of the whole room.

An order of the numbers, a line or a psychometric curve prove little: an observer that adds up
pixels has them too. Here the two part. In an incongruent pair, the image with fewer objects has
more of the covariate, so the observer of that covariate is wrong in each of them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from diptych_analysis.numerosity.analyses.covariates import COVARIATES
from diptych_analysis.numerosity.probes import Floats
from diptych_analysis.numerosity.scenes import Ints

#: Fewer and more objects of the compared images.
PAIRS = ((8, 10), (16, 20), (24, 30))
HEADLINE = (16, 20)
RESAMPLES = 1000


def incongruent_pairs(
    observers: Mapping[str, Floats],
    values: Mapping[str, Floats],
    counts: Ints,
    *,
    pairs: tuple[tuple[int, int], ...] = PAIRS,
    seed: int = 0,
) -> pd.DataFrame:
    """Score observers on congruent and incongruent pairs.

    Parameters
    ----------
    observers : mapping of str to ndarray, shape (n,)
        A score per image; the greater score is taken for more objects. Equal scores count half.
    values : mapping of str to ndarray, shape (n,)
        Covariates.
    counts : ndarray of int, shape (n,)
        Objects per image.
    pairs : tuple
        Numbers to compare, the smaller first; all images of one with all images of the other.
    seed : int
        Seeds the bootstrap.

    Returns
    -------
    pandas.DataFrame
        fewer, more, covariate, congruent, share (of all pairs), n (pairs), observer, right;
        low and high, a 95 % bootstrap interval over images (not over pairs, which share images).
        Pairs with an equal covariate are in neither half.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for fewer, more in pairs:
        a, b = np.flatnonzero(counts == fewer), np.flatnonzero(counts == more)
        if not len(a) or not len(b):
            continue
        weights = _resamples(len(a), rng), _resamples(len(b), rng)
        for name in (c for c in COVARIATES if c in values):
            difference = values[name][b][None] - values[name][a][:, None]
            for congruent in (False, True):
                part = difference > 0 if congruent else difference < 0
                about = {"fewer": fewer, "more": more, "covariate": name, "congruent": congruent}
                about |= {"share": float(part.mean()), "n": int(part.sum())}
                for observer, scores in observers.items():
                    ahead = scores[b][None] - scores[a][:, None]
                    right = (ahead > 0) + 0.5 * (ahead == 0)
                    found = _share(right * part, part, *weights)
                    rows.append(about | {"observer": observer} | found)
    return pd.DataFrame(rows)


def _resamples(n: int, rng: np.random.Generator) -> Floats:
    """Return how often each of n images is in each bootstrap sample, shape (RESAMPLES, n)."""
    return rng.multinomial(n, np.full(n, 1 / n), RESAMPLES).astype(float)


def _share(right: np.ndarray, part: np.ndarray, a: Floats, b: Floats) -> dict[str, float]:
    n = float(part.sum())
    if n == 0:
        return {"right": np.nan, "low": np.nan, "high": np.nan}
    above = ((a @ right) * b).sum(1)
    below = ((a @ part.astype(float)) * b).sum(1)
    shares = above[below > 0] / below[below > 0]
    low, high = np.quantile(shares, (0.025, 0.975))
    return {"right": float(right.sum()) / n, "low": float(low), "high": float(high)}
