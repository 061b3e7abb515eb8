"""An estimate with its interval, and the settings that it comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from diptych_analysis.psychometric.fit import MOST_LAPSE, Shape


@dataclass(frozen=True)
class Estimate:
    """A value with its interval, and its standard error on the scale that groups average on."""

    value: float
    low: float = float("nan")
    high: float = float("nan")
    error: float = float("nan")

    def mapped(self, to: Callable[[float], float]) -> Estimate:
        """Return value and ends of the interval on another scale, in order."""
        low, high = sorted((to(self.low), to(self.high)))
        return Estimate(to(self.value), low, high, self.error)


@dataclass(frozen=True)
class Settings:
    """How functions are fitted.

    Attributes
    ----------
    shape : Shape
        Guessing rate, axis and direction.
    most_lapse : float
        The largest lapse rate.
    level : float
        Probability inside an interval.
    resamples : int
        Resamples of each person's answers, and of the people of a group.
    seed : int
        Seed of all draws.
    bayes : bool
        Whether psignifit fits each person; else by maximum likelihood.
    """

    shape: Shape = field(default_factory=Shape)
    most_lapse: float = MOST_LAPSE
    level: float = 0.95
    resamples: int = 1000
    seed: int = 0
    bayes: bool = False

    @property
    def tails(self) -> tuple[float, float]:
        """The quantiles at both ends of an interval."""
        return (1 - self.level) / 2, (1 + self.level) / 2
