"""Shares of right answers with intervals that know whose answers they are.

A session may answer several times about the same thing, and its answers are alike: pooled, they say
less than as many answers of as many people. Beside the answers n and the right ones k, a count
therefore holds the sums over sessions of n_s^2, n_s k_s and k_s^2, from which the variance of the
share among sessions follows (Cochran, Sampling Techniques, 1977, sec. 3.12; the share is a ratio
of two sums over sessions). All five add up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from diptych_analysis.intervals import wilson


@dataclass(frozen=True)
class Share:
    """A share with its 95 % interval.

    Attributes
    ----------
    sessions : int
        Sessions that answered.
    answers : int
        Their answers.
    right : int
        The right (or so chosen) ones among them.
    share : float
        Right / answers.
    low, high : float
        Wilson's interval (1927) at `effective` answers.
    effective : float
        Answers / design effect.
    """

    sessions: int
    answers: int
    right: int
    share: float
    low: float
    high: float
    effective: float


def of_session(hits: Sequence[bool]) -> list[float]:
    """Return what one session adds, from its responses to one thing; at least one."""
    n, k = len(hits), sum(hits)
    return [1, n, k, n * n, n * k, k * k]


def share_of(counts: Sequence[float]) -> Share:
    """Estimate the share behind counts of `of_session`, summed; at least one response."""
    sessions, n, k, *_ = counts
    effective = n / design_effect(counts)
    p = k / n
    low, high = wilson(p * effective, effective)
    return Share(int(sessions), int(n), int(k), p, float(low), float(high), effective)


def design_effect(counts: Sequence[float]) -> float:
    """Return how much wider answers of the same people spread than of different people (Kish).

    The variance of the share among sessions over that of independent answers; never below 1, and
    1 where it is not defined (one session, or all answers alike) or each session answered once.
    """
    sessions, n, k, nn, nk, kk = counts
    p = k / n
    if sessions < 2 or k in (0, n):
        return 1.0
    spread = kk - 2 * p * nk + p * p * nn  # sum over sessions of (k_s - p n_s)^2
    among = sessions / (sessions - 1) * spread / (n * n)
    independent = p * (1 - p) / (n - 1)
    return float(max(1.0, among / independent))


def binomial(n: int, p: float) -> list[float]:
    """Return the probability of 0, 1, …, n right answers of n, each right with probability p."""
    return [math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]
