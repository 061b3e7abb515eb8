"""How well any score can agree with answers that are few: noise ceilings, and planning by them.

MIS paper, App. C: every answer about a unit is a draw from a Bernoulli distribution whose mean is
the unit's HIS; HIS is simulated so 1,000 times, and correlated with the score.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from diptych_analysis.agreement.correlation import (
    CELLS,
    Floats,
    Method,
    checked,
    rows_correlation,
)
from diptych_analysis.agreement.faults import AgreementFault

DRAWS = 1000


@dataclass(frozen=True)
class Ceiling:
    """Mean, standard deviation and 95 % range of the correlations over the draws.

    `used` of the `draws` had a defined correlation (a simulated HIS may come out constant).
    """

    mean: float
    sd: float
    low: float
    high: float
    draws: int
    used: int
    method: Method

    def described(self) -> dict[str, object]:
        """Describe the ceiling as --json has it."""
        return asdict(self)


def _probabilities(p: npt.ArrayLike) -> Floats:
    found = np.asarray(p, dtype=np.float64)
    if found.ndim != 1 or len(found) < 2:
        raise AgreementFault(f"HIS of at least two units is needed; got shape {found.shape}")
    if not ((found >= 0) & (found <= 1)).all():
        raise AgreementFault("HIS is a proportion: each unit needs a value from 0 to 1")
    return found


def _answers(n: npt.ArrayLike, units: int) -> npt.NDArray[np.int64]:
    found = np.asarray(n, dtype=np.float64)
    if found.ndim > 1 or (found.ndim == 1 and len(found) != units):
        raise AgreementFault(f"answers: one number, or one of each of the {units} units")
    if not (np.isfinite(found) & (found >= 1) & (found == np.round(found))).all():
        raise AgreementFault("answers per unit: a whole number of at least 1")
    return np.broadcast_to(found.astype(np.int64), (units,))


def simulated_his(
    p: npt.ArrayLike, n: npt.ArrayLike, draws: int, rng: np.random.Generator
) -> Floats:
    """Simulate HIS of `draws` experiments: p (U,), n one number or (U,) -> (draws, U)."""
    known = _probabilities(p)
    answers = _answers(n, len(known))
    return rng.binomial(answers, known, size=(draws, len(known))) / answers


def _experiments(p: Floats, n: npt.ArrayLike, draws: int, seed: int) -> Iterator[Floats]:
    """Yield the same draws for every score, a part at a time."""
    rng = np.random.default_rng(seed)
    while draws > 0:
        rows = min(draws, max(1, CELLS // len(p)))
        yield simulated_his(p, n, rows, rng)
        draws -= rows


def noise_ceiling(
    his: npt.ArrayLike,
    n: npt.ArrayLike,
    score: npt.ArrayLike | None = None,
    *,
    method: Method = "pearson",
    draws: int = DRAWS,
    seed: int = 0,
) -> Ceiling:
    """Correlate a score (U,) with HIS simulated from `his` (U,) and `n` answers per unit.

    Without a score it is the oracle, which knows `his` itself: what noise leaves to the best of
    all scores. Raises `AgreementFault` where no draw has a correlation.
    """
    known = _probabilities(his)
    against = known if score is None else np.asarray(score, dtype=np.float64)
    names = {"HIS": known} if score is None else {"HIS": known, "score": against}
    checked(**names)
    if draws < 1:
        raise AgreementFault(f"{draws} draws; at least one is needed")
    parts = [
        rows_correlation(np.broadcast_to(against, part.shape), part, method)
        for part in _experiments(known, n, draws, seed)
    ]
    values = np.concatenate(parts)
    values = values[~np.isnan(values)]
    if not len(values):
        raise AgreementFault(f"none of {draws} simulated experiments has a correlation")
    low, high = np.quantile(values, [0.025, 0.975])
    spread = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    return Ceiling(
        float(values.mean()), spread, float(low), float(high), draws, len(values), method
    )


def expected_ceiling(p: npt.ArrayLike, n: npt.ArrayLike) -> float:
    """Compute the oracle's Pearson ceiling in closed form, from p (U,) and n responses per unit.

        sqrt(var p / (var p + mean p (1 - p) / n))

    As the answers' errors are independent of p, cov(p, HIS) = var p and var HIS = var p + the mean
    error variance, both exactly so in expectation with variances over U - 1; the correlation's
    own expectation differs from their ratio by terms of order 1/U. 0 where all p are the same.
    A score that correlates r with p can be expected to correlate r times as much with HIS.
    """
    known = _probabilities(p)
    answers = _answers(n, len(known))
    signal = float(known.var(ddof=1))
    noise = float((known * (1 - known) / answers).mean())
    return math.sqrt(signal / (signal + noise)) if signal > 0 else 0.0


def true_variance(his: npt.ArrayLike, n: npt.ArrayLike) -> float:
    """Estimate of the units' true variance: that of HIS (U,) less what few answers add to it.

        var HIS - mean HIS (1 - HIS) / (n - 1), at least 0

    unbiased (but for the bound) for units of at least two answers; those of one answer say nothing
    about the noise and are left out of the mean.
    """
    known = _probabilities(his)
    answers = _answers(n, len(known))
    several = answers > 1
    if not several.any():
        raise AgreementFault(
            "one answer per unit: noise cannot be separated from the differences between units"
        )
    part = known[several]
    noise = float((part * (1 - part) / (answers[several] - 1)).mean())
    return max(0.0, float(known.var(ddof=1)) - noise)


def reliability_ceiling(his: npt.ArrayLike, n: npt.ArrayLike) -> float:
    """Correlate true and measured HIS: sqrt(true variance / variance of HIS).

    App. C simulates from the measured HIS, whose spread has noise in it already, and so comes out
    too high for few answers; this is the ceiling without that (the root of the reliability, as in
    classical test theory). 0 where HIS is constant.
    """
    spread = float(_probabilities(his).var(ddof=1))
    return math.sqrt(true_variance(his, n) / spread) if spread > 0 else 0.0


def without_noise(his: npt.ArrayLike, n: npt.ArrayLike) -> Floats:
    """Draw HIS (U,) towards its mean so far that its variance is `true_variance`.

    What to plan with: the spread that many answers would show, not that of few answers.
    """
    known = _probabilities(his)
    factor = reliability_ceiling(known, n)
    mean = float(known.mean())
    return mean + factor * (known - mean)


def answers_needed(p: npt.ArrayLike, wanted: float) -> int:
    """Find the fewest answers per unit for which `expected_ceiling` is at least `wanted`.

        n = mean p (1 - p) / var p * wanted^2 / (1 - wanted^2), rounded up

    Raises `AgreementFault` where `wanted` is not between 0 and 1, or the units do not differ.
    """
    known = _probabilities(p)
    if not 0 < wanted < 1:
        raise AgreementFault(f"a ceiling of {wanted:g}: allowed is more than 0 and less than 1")
    signal = float(known.var(ddof=1))
    if signal <= 1e-15:
        raise AgreementFault("the units do not differ, so no number of answers can separate them")
    exact = float((known * (1 - known)).mean()) / signal * wanted**2 / (1 - wanted**2)
    # rounding errors must not cost an answer of every unit
    return max(1, math.ceil(exact * (1 - 1e-12)))


def planning(
    p: npt.ArrayLike, numbers: Sequence[int], *, draws: int = 200, seed: int = 0
) -> pd.DataFrame:
    """Compute ceilings by responses: n, expected, mean, low, high (of `draws` simulations)."""
    rows = []
    for n in numbers:
        found = noise_ceiling(p, n, draws=draws, seed=seed)
        rows.append((n, expected_ceiling(p, n), found.mean, found.low, found.high))
    return pd.DataFrame(rows, columns=["n", "expected", "mean", "low", "high"])
