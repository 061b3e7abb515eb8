"""Models by the interpretability of their units (MIS paper, Fig. 3, 4B, 16, 22)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from diptych_analysis.mis.analyses.frames import is_control, one_setting, require, usable
from diptych_analysis.networks.faults import MachineFault

LOW, HIGH = 0.05, 0.95
GROUPS = ("lowest", "medium", "highest")
ORDERS = ("mean", "low")


def rank_models(scores: pd.DataFrame, measure: str = "mis", by: str = "mean") -> pd.DataFrame:
    """Return one row per model, the worst first: how its units fare.

    Columns: rank (from 1), model, control, units (scored), left_out (constant, or without a
    score), mean, low, median, high (5th, 50th, 95th percentile over units), spread (high - low).
    `by` is "mean" (Fig. 3) or "low", the model's worst units (Fig. 22).
    Models without any scored unit are left out. Raises `MachineFault` on mixed settings.
    """
    if by not in ORDERS:
        raise MachineFault(f"ranking by {by!r}: allowed are {', '.join(ORDERS)}")
    scores = one_setting(scores)
    known = usable(scores, measure)
    grouped = known.groupby("model", observed=True)[measure]
    found = pd.DataFrame({"units": grouped.size(), "mean": grouped.mean()})
    found["median"] = grouped.median()
    found["low"], found["high"] = grouped.quantile(LOW), grouped.quantile(HIGH)
    found["spread"] = found["high"] - found["low"]
    everything = scores.groupby("model", observed=True).size()
    found["left_out"] = everything.reindex(found.index) - found["units"]
    found = found.reset_index().sort_values([by, "model"], ignore_index=True)
    found["control"] = [is_control(str(name)) for name in found["model"]]
    found["rank"] = np.arange(1, len(found) + 1)
    columns = ["rank", "model", "control", "units", "left_out"]
    return found[[*columns, "mean", "low", "median", "high", "spread"]]


def by_variability(ranked: pd.DataFrame, each: int = 5) -> pd.DataFrame:
    """Return `each` models of the lowest, medium and highest spread between percentiles (Fig. 4B).

    Adds `group` and `place` (0-based in the group, by spread). With fewer than 3 * each models
    the groups are smaller, never overlapping; one or two models are all "medium".
    """
    require(ranked, ("model", "spread"), "ranking")
    ordered = ranked.sort_values(["spread", "model"], ignore_index=True)
    n, each = len(ordered), min(each, len(ordered) // 3)
    if each == 0:
        return ordered.assign(group="medium", place=np.arange(n))
    middle = (n - each) // 2
    parts = {"lowest": slice(0, each), "highest": slice(n - each, n)}
    parts["medium"] = slice(middle, middle + each)
    return pd.concat(
        [ordered.iloc[parts[g]].assign(group=g, place=np.arange(each)) for g in GROUPS],
        ignore_index=True,
    )


def unit_distribution(
    scores: pd.DataFrame, models: list[str], measure: str = "mis", step: float = 0.02
) -> pd.DataFrame:
    """Count the units' scores of each model in bins: model, left, right, share (adds up to 1)."""
    known = usable(one_setting(scores), measure)
    bins = round(1 / step)
    edges = np.linspace(0, 1, bins + 1)
    parts = []
    for model in models:
        values = known.loc[known["model"] == model, measure].to_numpy(dtype=float)
        if len(values) == 0:
            raise MachineFault(f"model {model!r}: no scored unit")
        counts = np.histogram(values, edges)[0]
        parts.append(
            pd.DataFrame(
                {
                    "model": model,
                    "left": edges[:-1],
                    "right": edges[1:],
                    "share": counts / len(values),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def constant_units(scores: pd.DataFrame) -> pd.DataFrame:
    """Return model, units (all), constant, ratio: the fewest constant units first (Fig. 16).

    A unit is constant where the range of its activations over the images is below 1e-8 (App. F).
    """
    scores = one_setting(scores)
    flags = scores.assign(constant=scores["constant"].astype(bool))
    found = flags.groupby("model", observed=True)["constant"].agg(units="size", constant="sum")
    found["ratio"] = found["constant"] / found["units"]
    return found.reset_index().sort_values(["ratio", "model"], ignore_index=True)
