"""Perceived number: distance from the empty image, in units of the first object (7.5.6)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from diptych_analysis.numerosity.faults import NumerosityFault
from diptych_analysis.numerosity.probes import Floats
from diptych_analysis.numerosity.scenes import Ints


def perceived_number(z: Floats, counts: Ints) -> Floats:
    """Scale embeddings to numbers, for any dimension d.

    The distance of an image from the mean of the empty images, divided by the mean distance
    between an image with no object and one with one object. Nothing else is calibrated.

    Parameters
    ----------
    z : ndarray, shape (n, d)
        Embeddings.
    counts : ndarray of int, shape (n,)
        Objects per image; 0 and 1 must occur.

    Returns
    -------
    ndarray, shape (n,)
        p: 0 for the empty image, 1 on average for one object.
    """
    empty, single = z[counts == 0], z[counts == 1]
    if not len(empty) or not len(single):
        raise NumerosityFault("perceived numbers need images with no object and with one object")
    unit = np.linalg.norm(empty[:, None] - single[None], axis=2).mean()
    distance: Floats = np.linalg.norm(z - empty.mean(0), axis=1)
    return distance / unit if unit > 0 else np.full(len(z), np.nan)


def by_number(perceived: Floats, counts: Ints) -> pd.DataFrame:
    """Summarise p by number: number, mean, sd, low and high (5th and 95th percentile), n."""
    frame = pd.DataFrame({"number": counts, "p": perceived}).groupby("number")["p"]
    found = frame.agg(mean="mean", sd="std", n="size")
    found["low"], found["high"] = frame.quantile(0.05), frame.quantile(0.95)
    return found.reset_index()


@dataclass(frozen=True)
class Order:
    """Whether the means of p rise with the number.

    Parameters
    ----------
    rising : bool
        Each mean is greater than the one before.
    breaks : list of int
        Numbers whose mean is not greater than that of the number before.
    spearman : float
        Rank correlation of p and number over all images.
    """

    rising: bool
    breaks: list[int]
    spearman: float


def order(scores: Floats, counts: Ints) -> Order:
    """Check the order of the numbers in any score of images."""
    from scipy.stats import spearmanr

    table = by_number(scores, counts)
    falls = ~(np.diff(table["mean"]) > 0)
    breaks = [int(n) for n in table["number"].to_numpy()[1:][falls]]
    constant = len(np.unique(scores)) == 1
    rho = 0.0 if constant else float(spearmanr(scores, counts).statistic)
    return Order(not breaks, breaks, rho)


@dataclass(frozen=True)
class PowerFit:
    """p = gain * number ** exponent."""

    gain: float
    exponent: float


def power_fit(perceived: Floats, counts: Ints) -> PowerFit:
    """Fit a power function to all images with objects, by least squares.

    People's exponent is 0.83 +- 0.2 for 20 to 400 objects (Krueger 1982, cited in Fig. 7.5B).
    """
    from scipy.optimize import curve_fit

    there = counts > 0
    start = (1.0, 1.0)
    (gain, exponent), _ = curve_fit(
        lambda n, a, b: a * n**b, counts[there].astype(float), perceived[there], p0=start
    )
    return PowerFit(float(gain), float(exponent))
