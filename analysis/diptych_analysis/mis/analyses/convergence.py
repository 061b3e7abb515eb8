"""How many tasks a score needs (MIS paper, App. D and Fig. 14)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from diptych_analysis.mis.analyses.frames import SETTING, require, usable
from diptych_analysis.networks.faults import MachineFault

RUN = ("model", "image_set", "similarity", "k", "queries")
UNIT = ("layer", "unit")


def first_tasks(items: pd.DataFrame) -> pd.DataFrame:
    """Compute setting (a): how far the MIS of the first i of N tasks lies from that of all N.

    `items` are the rows of items.parquet. Columns: model, image_set, similarity, k, queries, of
    (N), n (i = 1..N), mean and sd (over units) of the absolute difference, units. The difference
    at n = N is 0. Raises `MachineFault` where a unit does not have tasks 0..N-1 once each.
    """
    require(items, (*RUN, *UNIT, "n", "task", "probability"), "items")
    parts = []
    for _, part in items.groupby([*RUN, "n"], observed=True, sort=True, dropna=False):
        n = int(part["n"].iloc[0])
        tasks = _tasks(part, n)
        i = np.arange(1, tasks.shape[1] + 1)
        away = np.abs(np.cumsum(tasks, axis=1) / i - tasks.mean(1, keepdims=True))
        away[:, -1] = 0.0
        found = pd.DataFrame({"n": i, "mean": away.mean(0), "sd": away.std(0)})
        for name in RUN:
            found[name] = part[name].iloc[0]
        parts.append(found.assign(units=len(tasks), of=n))
    if not parts:
        raise MachineFault("items: no rows")
    return pd.concat(parts, ignore_index=True)[[*RUN, "of", "n", "mean", "sd", "units"]]


def _tasks(part: pd.DataFrame, n: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return the probabilities (units, n) in the order of the tasks."""
    ordered = part.sort_values([*UNIT, "task"])
    task = ordered["task"].to_numpy()
    whole = len(ordered) % n == 0 and np.array_equal(task, np.tile(np.arange(n), len(task) // n))
    if not whole or ordered[list(UNIT)].drop_duplicates().shape[0] != len(ordered) // n:
        counts = ordered.groupby(list(UNIT), observed=True)["task"].nunique()
        odd = counts[counts != n]
        where = f"{odd.index[0][0]}:{odd.index[0][1]} has {odd.iloc[0]}" if len(odd) else "repeated"
        raise MachineFault(f"items: tasks 0 to {n - 1} are needed once per unit; {where}")
    return ordered["probability"].to_numpy(dtype=float).reshape(-1, n)


def recreated(scores: pd.DataFrame | Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Compute setting (b): how far the MIS of n tasks, drawn again, lies from that of the most.

    `scores` are runs that differ in n: one frame, or several. Columns: model, image_set,
    similarity, k, queries, of (the largest n), n, mean, sd, units, left_out (units without a
    score in either). Models with a single n are left out. Raises `MachineFault` where no model
    has two.
    """
    frame = scores if isinstance(scores, pd.DataFrame) else pd.concat(list(scores))
    require(frame, (*SETTING, "model", *UNIT, "mis", "constant"), "scores")
    fixed = [name for name in ("model", *SETTING) if name != "n"]
    parts = []
    for _, part in frame.groupby(fixed, observed=True, sort=True, dropna=False):
        most = int(part["n"].max())
        if part["n"].nunique() < 2:
            continue
        keys = list(UNIT)
        known = usable(part)
        reference = known.loc[known["n"] == most, [*keys, "mis"]]
        for n, own in part.groupby("n", sort=True):
            both = usable(own)[[*keys, "mis"]].merge(reference, on=keys, suffixes=("", "_all"))
            away = (both["mis"] - both["mis_all"]).abs()
            row = {name: part[name].iloc[0] for name in RUN} | {"of": most, "n": n}
            row |= {"mean": away.mean(), "sd": away.std(ddof=0)}
            parts.append(row | {"units": len(both), "left_out": len(own) - len(both)})
    if not parts:
        raise MachineFault("convergence: no model is scored with two numbers of tasks")
    return pd.DataFrame(parts)


def pooled(found: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return `first_tasks` or `recreated` over all runs of one N, as one run of the model `name`.

    Mean and standard deviation are over the units of all runs together.
    """
    weighted = found.assign(
        total=found["mean"] * found["units"],
        squares=(found["sd"] ** 2 + found["mean"] ** 2) * found["units"],
    )
    sums = weighted.groupby(["of", "n"])[["units", "total", "squares"]].sum().reset_index()
    sums["mean"] = sums["total"] / sums["units"]
    variance = sums["squares"] / sums["units"] - sums["mean"] ** 2
    sums["sd"] = np.sqrt(variance.clip(lower=0))
    return sums.assign(model=name)[["model", "of", "n", "mean", "sd", "units"]]
