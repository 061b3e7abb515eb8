"""What a table of tracing models says in one sentence: who predicts better than the baseline."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

#: Models that every other one should beat; the first that was fitted is the baseline.
BASELINES = ("static", "gt")


def baseline_of(results: Mapping[str, Any]) -> str | None:
    """Return the name of the baseline among the models; None without one."""
    return next((name for name in BASELINES if name in results["models"]), None)


def scores_of(model: Mapping[str, Any], phase: str, measure: str) -> list[float]:
    """Return a measure of each split; NaN where it is not defined."""
    values = [split[phase][measure] for split in model["splits"]]
    return [math.nan if value is None else float(value) for value in values]


def t_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the mean of some splits with its 95 % t interval; NaN ends for a single split."""
    from scipy.stats import t

    known = np.asarray([value for value in values if not math.isnan(value)], dtype=float)
    if not len(known):
        return math.nan, math.nan, math.nan
    mean = float(known.mean())
    if len(known) < 2:
        return mean, math.nan, math.nan
    half = float(t.ppf(0.975, len(known) - 1) * known.std(ddof=1) / math.sqrt(len(known)))
    return mean, mean - half, mean + half


def verdict(results: Mapping[str, Any]) -> str:
    """Say which models predict better or worse than the baseline, beyond the noise of the splits.

    The test is the 95 % t interval of the difference in average precision (micro, test), split by
    split.

    Parameters
    ----------
    results : mapping
        What `trace_folder` returns.

    Returns
    -------
    str
        One or two sentences; empty without a baseline or without another model.
    """
    baseline = baseline_of(results)
    models = results["models"]
    others = [name for name in models if name not in BASELINES]
    if baseline is None or not others:
        return ""
    better, worse = [], []
    for name in others:
        pairs = zip(scores_of(models[name], "test", "micro"),
                    scores_of(models[baseline], "test", "micro"), strict=True)  # fmt: skip
        _, low, high = t_interval([a - b for a, b in pairs])
        if low > 0:
            better.append(name)
        elif high < 0:
            worse.append(name)
    learners = int(results["learners"])
    few = f"{learners} learners may be too few for models that learn from each response."
    if better:
        verb = "predicts" if len(better) == 1 else "predict"
        return f"Beyond the noise of the splits, {', '.join(better)} {verb} better than {baseline}."
    if worse:
        verb = "predicts" if len(worse) == 1 else "predict"
        return (
            f"No model predicts better than {baseline}, and {', '.join(worse)} {verb} worse beyond "
            f"the noise of the splits. {few}"
        )
    return f"No model predicts better than {baseline} beyond the noise of the splits. {few}"
