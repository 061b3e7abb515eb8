"""Intervals of one observer's psychometric function, by parametric bootstrap.

Each resample draws new answers from the fitted function, at the same levels and as many, and is
fitted as the data were (Wichmann and Hill 2001b). All resamples are fitted at once: Fisher scoring
with damped steps, in arrays, is about fifty times as fast as one search after another.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from diptych_analysis.psychometric.fit import MOST_LAPSE, QUARTILE, Counts, Psychometric

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]

#: The search space of `fit`, for location and ln width on an axis scaled by the range of levels.
_REACH, _NARROWEST, _WIDEST = 2.5, 1e-3, 10.0
_MOST_STEPS, _CLOSE = 200, 1e-7
_LEAST_DAMPING = 1e-9
_TINY = 1e-12
#: Widths at which the searches start, as multiples of the known one.
_FACTORS = (1.0, 0.25)


@dataclass(frozen=True)
class Resamples:
    """Functions fitted to resampled answers.

    Attributes
    ----------
    location, width, lapse : ndarray of shape (n_resamples,)
        As in `Psychometric`.
    log_likelihood : ndarray of shape (n_resamples,)
        Of each resample's own answers.
    log : bool
        Whether the axis is the natural logarithm of the level.
    """

    location: Floats
    width: Floats
    lapse: Floats
    log_likelihood: Floats
    log: bool

    @property
    def threshold(self) -> Floats:
        """Thresholds, in the unit of the level; shape (n_resamples,)."""
        import numpy as np

        return np.exp(self.location) if self.log else self.location

    @property
    def weber(self) -> Floats:
        """Weber fractions; shape (n_resamples,)."""
        return self.width if self.log else self.width / self.location

    @property
    def jnd(self) -> Floats:
        """Just noticeable differences, in the unit of the level; shape (n_resamples,)."""
        import numpy as np

        if self.log:
            return np.asarray(self.threshold * np.expm1(QUARTILE * self.width))
        return np.asarray(QUARTILE * self.width)


def resample(
    function: Psychometric,
    counts: Counts,
    *,
    resamples: int,
    seed: int,
    most_lapse: float = MOST_LAPSE,
) -> Resamples:
    """Fit functions to answers drawn from a function.

    Parameters
    ----------
    function : Psychometric
        The function that was fitted to the data.
    counts : Counts
        The data: their levels and numbers of answers are used.
    resamples : int
        Number of resamples.
    seed : int
        Seed of the draws. The same seed gives the same resamples.
    most_lapse : float
        The largest lapse rate of a fit.

    References
    ----------
    .. [1] Wichmann, F. A. and Hill, N. J. (2001). The psychometric function: II. Bootstrap-based
       confidence intervals and sampling. Perception & Psychophysics 63, 1314-1329.
    """
    import numpy as np

    drawn = np.random.default_rng(seed).binomial(
        counts.total.astype(int), function.probability(counts.level), (resamples, len(counts.level))
    )
    return fit_rows(counts, drawn.astype(np.float64), start=function, most_lapse=most_lapse)


def fit_rows(
    counts: Counts, positive: Floats, *, start: Psychometric, most_lapse: float = MOST_LAPSE
) -> Resamples:
    """Fit a function to each row of positive answers.

    Each search starts at a known function and at a steeper one, and the likelier end counts: with
    a guessing rate and few answers the likelihood can have two peaks.

    Parameters
    ----------
    counts : Counts
        Levels and numbers of answers; its positive answers are not used.
    positive : ndarray of shape (n_rows, n_levels)
        Number of positive answers.
    start : Psychometric
        Where the searches start. Guessing rate, axis and direction are taken from it.
    most_lapse : float
        The largest lapse rate.

    Returns
    -------
    Resamples
        One function per row.
    """
    import numpy as np

    ends = [
        _Scoring(counts, positive, replace(start, width=start.width * factor), most_lapse).run()
        for factor in _FACTORS
    ]
    best = np.argmax([end.log_likelihood for end in ends], axis=0)
    columns = ("location", "width", "lapse", "log_likelihood")
    location, width, lapse, likelihood = (
        np.choose(best, [getattr(end, name) for end in ends]) for name in columns
    )
    return Resamples(location, width, lapse, likelihood, start.log)


class _Scoring:
    """Damped Fisher scoring (Levenberg-Marquardt) of many fits, each at its own damping."""

    def __init__(
        self, counts: Counts, positive: Floats, start: Psychometric, most_lapse: float
    ) -> None:
        import numpy as np

        x = np.log(counts.level) if start.log else counts.level
        self.middle, self.range = float(x[0] + x[-1]) / 2, float(x[-1] - x[0])
        self.sign = -1 if start.falling else 1
        self.x = self.sign * (x - self.middle) / self.range
        self.total, self.positive, self.start = counts.total, positive, start
        self.low = np.array([-_REACH, math.log(_NARROWEST), 0.0])
        self.high = np.array([_REACH, math.log(_WIDEST), most_lapse])

    def run(self) -> Resamples:
        import numpy as np

        first = np.array([
            self.sign * (self.start.location - self.middle) / self.range,
            math.log(max(self.start.width / self.range, 0.02)),
            max(self.start.lapse, 0.01),
        ])  # fmt: skip
        at = np.tile(np.clip(first, self.low, self.high), (len(self.positive), 1))
        damping = np.full(len(at), 1e-2)
        likelihood, gradient, information = self._look(at, self.positive)
        left = np.arange(len(at))
        for _ in range(_MOST_STEPS):
            step = self._step(at[left], gradient[left], information[left], damping[left])
            tried = np.clip(at[left] + step, self.low, self.high)
            found = self._look(tried, self.positive[left])
            gain = found[0] - likelihood[left]
            better = gain > 0
            chosen = left[better]
            at[chosen], likelihood[chosen] = tried[better], found[0][better]
            gradient[chosen], information[chosen] = found[1][better], found[2][better]
            # Never so little that a matrix of lower rank can't be solved.
            less = np.maximum(damping[left] / 5, _LEAST_DAMPING)
            damping[left] = np.where(better, less, damping[left] * 8)
            done = (better & (gain < _CLOSE)) | (damping[left] > 1e8)
            left = left[~done]
            if not len(left):
                break
        location = self.sign * at[:, 0] * self.range + self.middle
        width = np.exp(at[:, 1]) * self.range
        return Resamples(location, width, at[:, 2], likelihood, self.start.log)

    def _step(self, at: Floats, gradient: Floats, information: Floats, damping: Floats) -> Floats:
        """Return steps (n, 3); a parameter at its bound that would leave it stays there."""
        import numpy as np

        held = ((at <= self.low) & (gradient < 0)) | ((at >= self.high) & (gradient > 0))
        free = ~held
        matrix = information * free[:, :, None] * free[:, None, :]
        diagonal = np.einsum("nii->ni", matrix)
        diagonal += damping[:, None] * (diagonal + 1e-6) + held
        return np.asarray(np.linalg.solve(matrix, (gradient * free)[:, :, None])[:, :, 0])

    def _look(self, at: Floats, positive: Floats) -> tuple[Floats, Floats, Floats]:
        """Log likelihood (n,), its gradient (n, 3) and the expected information (n, 3, 3)."""
        import numpy as np
        from scipy.special import ndtr

        m, s, lapse = at[:, :1], np.exp(at[:, 1:2]), at[:, 2:]
        guess = self.start.guess
        z = (self.x - m) / s
        f, density = ndtr(z), np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
        low = lapse / 2 if guess is None else guess
        span = 1 - lapse if guess is None else 1 - guess - lapse
        p = np.clip(low + span * f, _TINY, 1 - _TINY)
        slopes = np.stack(
            [-span * density / s, -span * density * z, (0.5 if guess is None else 0.0) - f], axis=-1
        )
        negative = self.total - positive
        likelihood = (positive * np.log(p) + negative * np.log1p(-p)).sum(axis=1)
        gradient = np.einsum("nl,nlk->nk", positive / p - negative / (1 - p), slopes)
        weighted = slopes * (self.total / (p * (1 - p)))[..., None]
        information = np.einsum("nlj,nlk->njk", weighted, slopes)
        return (
            np.asarray(likelihood),
            np.asarray(gradient),
            np.asarray(information, dtype=np.float64),
        )
