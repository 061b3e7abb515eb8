"""Distributions of the traits of simulated learners."""

from __future__ import annotations

import numpy as np

from diptych_analysis.teaching.worlds import Floats


def common_traits(rng: np.random.Generator, count: int, dimensions: int) -> dict[str, Floats]:
    """Draw attention (mean 1 over the features), forgetting and lapses, one row per learner."""
    return {
        "attention": rng.dirichlet(np.full(dimensions, 2.0), count) * dimensions,
        "forgetting": rng.beta(1.5, 40, count),
        "lapse": rng.beta(1.2, 25, count),
    }


def lognormal(rng: np.random.Generator, median: float, sigma: float, count: int) -> Floats:
    """Draw from a lognormal distribution: its median, and sigma of the logarithm."""
    return np.asarray(median * np.exp(rng.normal(0, sigma, count)))
