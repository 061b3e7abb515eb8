"""A group of people as one model of all their answers: two levels, fitted at once.

Each person has a threshold, a width and a lapse rate of their own. Thresholds (on the axis of the
fit) and ln(widths) are normally distributed over people; lapse rates fall off exponentially from
0. What is fitted are the means, the standard deviations and the mean lapse rate: they maximise
the probability of all answers, with each person's own values integrated out on a grid.

Estimates of single people are not used: after 100 answers a width is often far too small, because
a high lapse rate fits as well, and a mean of such estimates stays too small however many people
there are. On an axis that is not logarithmic, with all levels above 0, width / threshold (the
Weber fraction) takes the place of the width.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from diptych_analysis.psychometric.fit import Counts, Shape, probability_at

Floats = npt.NDArray[np.float64]

#: Nodes of the grid: thresholds, ln(widths), lapse rates.
_THRESHOLDS, _WIDTHS, _LAPSES = 121, 61, 6
#: Least and largest width on the grid, in ranges of the levels.
_NARROWEST, _WIDEST = 0.01, 4.0
#: Least standard deviation over people, in steps of the grid: less would fall between its nodes.
_LEAST_STEPS = 0.8


@dataclass(frozen=True)
class Hierarchy:
    """What the model says of a group.

    Attributes
    ----------
    means : ndarray of shape (2,)
        Mean over people of the threshold on the axis of the fit, and of ln(Weber fraction);
        of ln(width) where a Weber fraction has no meaning.
    errors : ndarray of shape (2,)
        Standard errors of the means, from the curvature of the likelihood; nan where it has none.
    spreads : ndarray of shape (2,)
        Standard deviations over people.
    lapse : float
        Mean lapse rate.
    people : ndarray of shape (n_people, 2)
        Each person's mean, given the answers and the group (empirical Bayes).
    log_likelihood : float
        Of all answers, without the binomial coefficients.
    relative : bool
        Whether the second quantity is the Weber fraction.
    """

    means: Floats
    errors: Floats
    spreads: Floats
    lapse: float
    people: Floats
    log_likelihood: float
    relative: bool


class _Grid:
    """The probability of each person's answers at each node."""

    def __init__(self, counts: Sequence[Counts], shape: Shape, most_lapse: float) -> None:
        levels = np.unique(np.concatenate([each.level for each in counts]))
        x = np.log(levels) if shape.log else levels
        span = float(x[-1] - x[0])
        self.relative = shape.log or bool(levels[0] > 0)
        low, high = x[0] - span / 2, x[-1] + span / 2
        if self.relative and not shape.log:
            low = max(low, x[0] / 4)
        self.threshold = np.linspace(low, high, _THRESHOLDS)
        middle = 1.0 if shape.log or not self.relative else float(np.abs(x).mean())
        self.width = np.linspace(
            np.log(_NARROWEST * span / middle), np.log(_WIDEST * span / middle), _WIDTHS
        )
        self.lapse = most_lapse * np.linspace(0, 1, _LAPSES) ** 2 if most_lapse else np.zeros(1)
        steps = (self.threshold[1] - self.threshold[0], self.width[1] - self.width[0])
        self.least = _LEAST_STEPS * np.array(steps)
        self.likelihood, self.offset = self._likelihood(counts, levels, x, shape)

    def _likelihood(
        self, counts: Sequence[Counts], levels: Floats, x: Floats, shape: Shape
    ) -> tuple[Floats, float]:
        """Return (people, thresholds x widths, lapses), each person's largest 1, and its log."""
        positive, negative = (np.zeros((len(counts), len(levels))) for _ in range(2))
        for row, each in enumerate(counts):
            columns = np.searchsorted(levels, each.level)
            positive[row, columns] = each.positive
            negative[row, columns] = each.total - each.positive
        m, w = (node.ravel() for node in np.meshgrid(self.threshold, self.width, indexing="ij"))
        width = np.exp(w) * (m if self.relative and not shape.log else 1.0)
        found = np.empty((len(counts), len(m), len(self.lapse)))
        for place, lapse in enumerate(self.lapse):
            p = probability_at(x, m[:, None], width[:, None], float(lapse), shape)
            p = np.clip(p, 1e-12, 1 - 1e-12)
            found[:, :, place] = positive @ np.log(p).T + negative @ np.log1p(-p).T
        largest = found.max(axis=(1, 2), keepdims=True)
        return np.exp(found - largest), float(largest.sum())

    def lapses(self, scale: float) -> Floats:
        """Return the probability of each lapse rate, which falls to 1 / e within the scale."""
        if len(self.lapse) == 1:
            return np.ones(1)
        # Trapezoids between the nodes, which lie denser near 0.
        gaps = np.diff(self.lapse)
        area = np.concatenate([gaps, [0.0]]) / 2 + np.concatenate([[0.0], gaps]) / 2
        weight = np.exp(-self.lapse / scale) * area
        return cast(Floats, weight / weight.sum())

    def over_lapses(self, scale: float) -> Floats:
        """Return (people, nodes) with the lapse rates integrated out."""
        return self.likelihood @ self.lapses(scale)

    def prior(self, means: Floats, spreads: Floats) -> Floats:
        """Return the probability of each node, (nodes,)."""
        parts = []
        for nodes, mean, spread in zip(
            (self.threshold, self.width), means, spreads, strict=True
        ):  # fmt: skip
            density = np.exp(-(((nodes - mean) / spread) ** 2) / 2)
            parts.append(density / max(density.sum(), 1e-300))
        return cast(Floats, np.outer(*parts).ravel())

    def negative(self, at: Floats) -> float:
        """Return minus the log likelihood at (means, ln spreads, ln scale of lapses)."""
        each = self.over_lapses(float(np.exp(at[4]))) @ self.prior(at[:2], np.exp(at[2:4]))
        return -float(np.log(np.maximum(each, 1e-300)).sum()) - self.offset


def fit_hierarchy(
    counts: Sequence[Counts], shape: Shape, most_lapse: float, start: Floats
) -> Hierarchy:
    """Fit the two-level model to the answers of a group.

    Parameters
    ----------
    counts : sequence of Counts
        The answers of each person, at least three people.
    shape : Shape
        Guessing rate, axis and direction.
    most_lapse : float
        The largest lapse rate.
    start : ndarray of shape (2,)
        Where the search of the means begins: threshold on the axis, and ln(Weber fraction) or
        ln(width).

    Returns
    -------
    Hierarchy
        Means, standard errors and spreads, and each person's values.
    """
    from scipy.optimize import minimize

    grid = _Grid(counts, shape, most_lapse)
    ends = np.array([[nodes[0], nodes[-1]] for nodes in (grid.threshold, grid.width)])
    most = np.maximum((ends[:, 1] - ends[:, 0]) / 4, grid.least * 2)
    bounds = [*map(tuple, ends)]
    bounds += [(float(np.log(a)), float(np.log(b))) for a, b in zip(grid.least, most, strict=True)]
    bounds += [(float(np.log(2e-3)), float(np.log(max(most_lapse, 4e-3))))]
    spreads = np.clip([(ends[0, 1] - ends[0, 0]) / 16, 0.25], grid.least, most)
    first = np.clip(
        np.array([*start, *np.log(spreads), np.log(0.02)]), *np.array(bounds).T
    )  # fmt: skip
    found = minimize(grid.negative, first, bounds=bounds, method="L-BFGS-B")
    at = np.asarray(found.x, dtype=float)
    means, widths = at[:2], np.exp(at[2:4])
    return Hierarchy(
        means,
        _errors(grid, at, np.array(bounds)),
        np.where(widths <= grid.least * 1.01, 0.0, widths),
        float(grid.lapses(float(np.exp(at[4]))) @ grid.lapse),
        _people(grid, at),
        -float(found.fun),
        grid.relative,
    )


def _errors(grid: _Grid, at: Floats, bounds: Floats) -> Floats:
    """Return the standard errors of both means: parameters at their limits are held there."""
    step = np.array([grid.least[0] / 4, grid.least[1] / 4, 0.05, 0.05, 0.05])
    free = [
        k for k in range(len(at))
        if bounds[k, 0] + step[k] < at[k] < bounds[k, 1] - step[k]
    ]  # fmt: skip
    if 0 not in free or 1 not in free:
        return np.full(2, np.nan)
    size = len(free)
    curvature = np.empty((size, size))
    for a in range(size):
        for b in range(a + 1):
            curvature[a, b] = curvature[b, a] = _second(grid, at, step, free[a], free[b])
    try:
        covariance = np.linalg.inv(curvature)
    except np.linalg.LinAlgError:
        return np.full(2, np.nan)
    variance = np.diag(covariance)[:2]
    return np.sqrt(np.where(variance > 0, variance, np.nan))


def _second(grid: _Grid, at: Floats, step: Floats, a: int, b: int) -> float:
    """Return a second derivative of minus the log likelihood, by central differences."""
    total = 0.0
    for one in (1, -1):
        for other in (1, -1):
            near = at.copy()
            near[a] += one * step[a]
            near[b] += other * step[b]
            total += one * other * grid.negative(near)
    return float(total / (4 * step[a] * step[b]))


def _people(grid: _Grid, at: Floats) -> Floats:
    shares = grid.over_lapses(float(np.exp(at[4]))) * grid.prior(at[:2], np.exp(at[2:4]))
    shares = shares.reshape(len(shares), len(grid.threshold), len(grid.width))
    shares /= np.maximum(shares.sum(axis=(1, 2), keepdims=True), 1e-300)
    nodes: list[Any] = [
        shares.sum(axis=2) @ grid.threshold,
        shares.sum(axis=1) @ grid.width,
    ]
    return np.stack(nodes, axis=1)
