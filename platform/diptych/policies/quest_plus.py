"""QUEST+: each trial shows the level that is expected to tell most about the observer.

The library `questplus` on PyPI (2023.1) is under the GPL and needs xarray. Here the posterior is
one product of matrices, and needs numpy only.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from diptych.policies import Candidate, Past
from diptych.policies.levels import AdaptiveParameters, AdaptivePolicy

Floats = NDArray[np.float64]
#: Largest size of the table of levels by functions: each choice multiplies it four times.
MOST_CELLS = 200_000


class QuestPlusParameters(AdaptiveParameters):
    """Parameters of QUEST+. The function is the cumulative normal distribution."""

    threshold: tuple[float, float] | None = Field(
        None,
        description="Smallest and largest threshold to consider, in the unit of the attribute. "
        "By default the range of the levels.",
    )
    thresholds: int = Field(41, ge=2, le=400, description="Number of thresholds between these.")
    widths: tuple[float, ...] = Field(
        min_length=1,
        description="Widths (standard deviations) to consider, on the policy's axis. With `log` "
        "they are Weber fractions.",
    )
    lapses: tuple[float, ...] = Field(
        (0.0, 0.02, 0.05, 0.1), min_length=1, description="Lapse rates to consider."
    )
    guess: float | None = Field(
        None,
        ge=0,
        lt=1,
        description="Guessing rate: 0.5 for a right answer of two. Without it, half of the lapses "
        "are positive answers (comparisons, yes-no).",
    )


@dataclass(frozen=True)
class Tables:
    """What is known before the first answer.

    Attributes
    ----------
    levels : tuple of float
        Levels, on the policy's axis.
    grid : ndarray of shape (n_functions, 3)
        Threshold, width and lapse rate of each function.
    positive : ndarray of shape (n_levels, n_functions)
        Probability of a positive answer.
    log_positive, log_negative : ndarray of shape (n_levels, n_functions)
        Logarithms of the probabilities of both answers.
    noise : ndarray of shape (n_levels, n_functions)
        Entropy of the answer, in nats.
    """

    levels: tuple[float, ...]
    grid: Floats
    positive: Floats
    log_positive: Floats
    log_negative: Floats
    noise: Floats


@lru_cache(maxsize=64)
def tables(
    levels: tuple[float, ...],
    thresholds: tuple[float, ...],
    widths: tuple[float, ...],
    lapses: tuple[float, ...],
    guess: float | None,
) -> Tables:
    """Return the tables of a policy: the same for all sessions, so they are kept."""
    x = np.array(levels)[:, None, None]
    z = (x - np.array(thresholds)[None, :, None]) / np.array(widths)[None, None, :]
    normal = np.vectorize(math.erf, otypes=[float])(z / math.sqrt(2)) / 2 + 0.5
    lapse = np.array(lapses)
    low = lapse / 2 if guess is None else np.full(len(lapses), guess)
    span = 1 - lapse if guess is None else 1 - guess - lapse
    positive = (low + span * normal[..., None]).reshape(len(levels), -1)
    positive = np.clip(positive, 1e-9, 1 - 1e-9)
    mesh = np.meshgrid(thresholds, widths, lapses, indexing="ij")
    log_positive, log_negative = np.log(positive), np.log1p(-positive)
    noise = -(positive * log_positive + (1 - positive) * log_negative)
    grid = np.stack([axis.ravel() for axis in mesh], axis=1)
    return Tables(levels, grid, positive, log_positive, log_negative, noise)


class QuestPlus(AdaptivePolicy):
    """Shows the level whose answer lowers the expected entropy of the posterior most.

    The posterior of threshold, width and lapse rate starts flat. It depends on the answers at
    each level and on nothing else, so any host computes it anew from what is stored.

    References
    ----------
    .. [1] Watson, A. B. (2017). QUEST+: A general multidimensional Bayesian adaptive psychometric
       method. Journal of Vision 17(3):10.
    """

    name = "quest_plus"
    Parameters = QuestPlusParameters
    parameters: QuestPlusParameters

    def choose(
        self, pool: Sequence[Candidate], history: Sequence[Past], rng: random.Random
    ) -> Candidate:
        track, past, _ = self.track(pool, history, rng)
        known = self.tables(track)
        gain = self.gain(known, self.posterior(known, past))
        # Levels with gains that differ by rounding only are equally good: the lowest is shown.
        best = int(np.flatnonzero(gain >= gain.max() - 1e-9)[0])
        return self.at_level(track, known.levels[best], history, rng)

    def faults(self, pool: Sequence[Candidate], trials: int) -> list[str]:
        faults, given = super().faults(pool, trials), self.parameters
        if any(width <= 0 for width in given.widths):
            faults.append(f"widths {list(given.widths)} must all be above 0")
        if any(not 0 <= lapse <= 0.5 for lapse in given.lapses):
            faults.append(f"lapses {list(given.lapses)} must be from 0 to 0.5")
        if given.threshold is not None:
            low, high = given.threshold
            if low >= high or (given.log and low <= 0):
                least = "above 0, and " if given.log else ""
                faults.append(f"threshold [{low:g}, {high:g}] must be {least}rising")
        if not faults:
            functions = given.thresholds * len(given.widths) * len(given.lapses)
            cells = functions * len({self.level(each) for each in pool})
            if cells > MOST_CELLS:
                faults.append(
                    f"{functions} functions at {cells // functions} levels are {cells} "
                    f"probabilities; at most {MOST_CELLS} are allowed"
                )
        return faults

    def tables(self, pool: Sequence[Candidate]) -> Tables:
        """Return the tables for the levels of a pool."""
        given = self.parameters
        levels = tuple(sorted({self.level(each) for each in pool}))
        low, high = self._range or (levels[0], levels[-1])
        thresholds = tuple(float(at) for at in np.linspace(low, high, given.thresholds))
        return tables(levels, thresholds, given.widths, given.lapses, given.guess)

    @cached_property
    def _range(self) -> tuple[float, float] | None:
        given = self.parameters
        if given.threshold is None or not given.log:
            return given.threshold
        return math.log(given.threshold[0]), math.log(given.threshold[1])

    def posterior(self, known: Tables, history: Sequence[Past]) -> Floats:
        """Return the probability of each function after the answers of a track.

        Parameters
        ----------
        known : Tables
            The tables of the policy.
        history : sequence of Past
            The trials of the track, in any order.

        Returns
        -------
        ndarray of shape (n_functions,)
            Sums to 1 (Watson 2017, eq. 7).
        """
        place = {level: number for number, level in enumerate(known.levels)}
        counts = np.zeros((2, len(known.levels)))
        for past in history:
            positive, at = self.positive(past), place.get(self.level(past.candidate))
            if positive is not None and at is not None:
                counts[int(positive), at] += 1
        log = counts[1] @ known.log_positive + counts[0] @ known.log_negative
        weights: Floats = np.exp(log - log.max())
        return np.asarray(weights / weights.sum())

    def gain(self, known: Tables, posterior: Floats) -> Floats:
        """Return the expected loss of entropy for each level, in nats.

        The loss of the posterior's entropy equals the mutual information of answer and function:
        the entropy of the answer less its mean entropy within the functions.

        Returns
        -------
        ndarray of shape (n_levels,)
            At least 0.
        """
        p = np.clip(known.positive @ posterior, 1e-12, 1 - 1e-12)
        answer = -(p * np.log(p) + (1 - p) * np.log1p(-p))
        return np.asarray(answer - known.noise @ posterior)

    def estimate(self, known: Tables, history: Sequence[Past]) -> tuple[float, float, float]:
        """Return the posterior means of threshold, width and lapse rate, on the policy's axis."""
        threshold, width, lapse = self.posterior(known, history) @ known.grid
        return float(threshold), float(width), float(lapse)
