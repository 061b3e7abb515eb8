"""Correlations of two scores of the same units, with percentile bootstrap intervals.

Pearson's and Spearman's coefficients over units and over models: MIS paper, section 4.1, Fig. 2.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from diptych_analysis.agreement.faults import AgreementFault
from diptych_analysis.summary_display import Summarised, Table, interval, number

Floats = npt.NDArray[np.float64]
Method = Literal["pearson", "spearman"]
FEWEST = 3
CELLS = 2_000_000  # numbers held at once by a simulation


@dataclass(frozen=True)
class Estimate:
    """A coefficient with its interval; `used` resamples had a defined value."""

    value: float
    low: float
    high: float
    used: int


@dataclass(frozen=True, repr=False)
class Correlation(Summarised):
    """How two scores of the same `n` things go together."""

    pearson: Estimate
    spearman: Estimate
    n: int
    level: float
    resamples: int
    seed: int

    def summary(self) -> Table:
        """Return both coefficients with their intervals."""
        rows = [
            [name, number(found.value), interval(found.low, found.high)]
            for name, found in (("Pearson", self.pearson), ("Spearman", self.spearman))
        ]
        level = f"{100 * self.level:g} % interval"
        return f"Correlation of {self.n:,} pairs", ["coefficient", "value", level], rows

    def described(self) -> dict[str, object]:
        """Describe the correlation as --json has it."""
        return asdict(self)


def rows_correlation(x: npt.ArrayLike, y: npt.ArrayLike, method: Method = "pearson") -> Floats:
    """Correlate every row of `x` with that of `y`: (..., U) and (..., U) -> (...).

    NaN where a row is constant. Spearman's is Pearson's of the ranks, ties sharing their mean rank.
    """
    a, b = (np.asarray(values, dtype=np.float64) for values in (x, y))
    if method == "spearman":
        a, b = (rankdata(values, axis=-1) for values in (a, b))
    # a constant of many equal digits leaves a spread of rounding errors behind
    flat = (np.ptp(a, axis=-1) == 0) | (np.ptp(b, axis=-1) == 0)
    a = a - a.mean(axis=-1, keepdims=True)
    b = b - b.mean(axis=-1, keepdims=True)
    size = np.sqrt((a * a).sum(axis=-1) * (b * b).sum(axis=-1))
    with np.errstate(invalid="ignore", divide="ignore"):
        found = np.clip((a * b).sum(axis=-1) / size, -1.0, 1.0)
    return np.where(flat | (size == 0), np.nan, found)


def checked(**scores: npt.ArrayLike) -> list[Floats]:
    """Return the scores as arrays (U,); `AgreementFault` where they can't be correlated."""
    found = []
    lengths = {name: np.shape(values) for name, values in scores.items()}
    if len(set(lengths.values())) > 1 or any(len(shape) != 1 for shape in lengths.values()):
        told = ", ".join(f"{name} {shape}" for name, shape in lengths.items())
        raise AgreementFault(f"scores of the same units are needed, one number each; got {told}")
    for name, values in scores.items():
        numbers = np.asarray(values, dtype=np.float64)
        if len(numbers) < FEWEST:
            raise AgreementFault(
                f"{len(numbers)} units with both scores; a correlation needs at least {FEWEST}"
            )
        if not np.isfinite(numbers).all():
            place = int((~np.isfinite(numbers)).argmax())
            raise AgreementFault(f"{name} of unit number {place} is {numbers[place]}")
        if np.ptp(numbers) == 0:
            raise AgreementFault(
                f"{name} is {numbers[0]:g} for every one of {len(numbers)} units; "
                "a constant has no correlation"
            )
        found.append(numbers)
    return found


def correlate(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    names: tuple[str, str] = ("MIS", "HIS"),
    resamples: int = 10_000,
    level: float = 0.95,
    seed: int = 0,
) -> Correlation:
    """Correlate two scores (U,), Pearson and Spearman, with percentile intervals over units.

    Resamples in which a score is constant have no coefficient and are left out (`used` tells how
    many are left). The same seed gives the same interval. Raises `AgreementFault` for fewer than
    three units, a score that is constant or not finite, or unequal lengths.
    """
    a, b = checked(**dict(zip(names, (x, y), strict=True)))
    if not 0 < level < 1 or resamples < 1:
        raise AgreementFault(
            f"level {level}, {resamples} resamples: allowed are 0 < level < 1, >= 1"
        )
    drawn: dict[Method, list[Floats]] = {"pearson": [], "spearman": []}
    rng = np.random.default_rng(seed)
    left = resamples
    while left:
        rows = min(left, max(1, CELLS // len(a)))
        chosen = rng.integers(len(a), size=(rows, len(a)))
        for method, parts in drawn.items():
            parts.append(rows_correlation(a[chosen], b[chosen], method))
        left -= rows
    estimates = {}
    for method, parts in drawn.items():
        values = np.concatenate(parts)
        values = values[~np.isnan(values)]
        tails = (1 - level) / 2
        low, high = np.quantile(values, [tails, 1 - tails]) if len(values) else (np.nan, np.nan)
        point = float(rows_correlation(a, b, method))
        estimates[method] = Estimate(point, float(low), float(high), len(values))
    return Correlation(estimates["pearson"], estimates["spearman"], len(a), level, resamples, seed)
