"""How interpretability changes while a network learns (MIS paper, Fig. 7, 8, 20)."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from diptych_analysis.mis.analyses.frames import one_setting, require, unit_name, usable
from diptych_analysis.mis.analyses.performance import read_models
from diptych_analysis.mis.analyses.ranking import rank_models
from diptych_analysis.networks.faults import MachineFault


def read_checkpoints(file: Path) -> pd.DataFrame:
    """Read model, epoch from a CSV with these columns; epoch 0 is the network before training."""
    return read_models(file, "epoch")


def training_curve(
    scores: pd.DataFrame, checkpoints: pd.DataFrame, accuracy: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return one row per checkpoint: epoch, model, units, left_out, mean, low, high (Fig. 7).

    With the accuracies of the checkpoints also `accuracy` (NaN where it is not known). Raises
    `MachineFault` where none, or not all, of the checkpoints are scored, or epochs repeat.
    """
    require(checkpoints, ("model", "epoch"), "checkpoints")
    ranked = rank_models(scores)
    lacking = sorted(set(checkpoints["model"]) - set(ranked["model"]))
    if lacking or checkpoints.empty:
        raise MachineFault(f"checkpoints: no scores of {', '.join(lacking) or 'an empty list'}")
    if bool(checkpoints["epoch"].duplicated().any()):
        epoch = checkpoints.loc[checkpoints["epoch"].duplicated(), "epoch"].iloc[0]
        raise MachineFault(f"checkpoints: epoch {epoch:g} a second time")
    found = checkpoints[["model", "epoch"]].merge(ranked, on="model").sort_values("epoch")
    columns = ["epoch", "model", "units", "left_out", "mean", "low", "high"]
    if accuracy is not None:
        found = found.merge(accuracy[["model", "accuracy"]], on="model", how="left")
        columns.append("accuracy")
    return found[columns].reset_index(drop=True)


def unit_changes(scores: pd.DataFrame, before: str, after: str) -> pd.DataFrame:
    """Change of every unit from the model `before` to the model `after`, the deepest drop first.

    Columns: layer, layer_type, layer_index, unit, name, before, after, change (all MIS). Units
    that are constant or lack a score in either are left out; `attrs["left_out"]` counts them.
    Raises `MachineFault` where a model has no scores, or they share no unit.
    """
    scores = one_setting(scores)
    keys = ["layer", "unit"]
    parts = {}
    for name in (before, after):
        rows = scores[scores["model"] == name]
        if rows.empty:
            models = ", ".join(sorted(scores["model"].unique()))
            raise MachineFault(f"no scores of the model {name!r}; there are {models}")
        parts[name] = rows
    everywhere = parts[before][keys].merge(parts[after][keys], on=keys, how="outer")
    old, new = usable(parts[before]), usable(parts[after])
    found = old[[*keys, "layer_type", "layer_index", "mis"]].merge(
        new[[*keys, "mis"]], on=keys, suffixes=("_before", "_after")
    )
    if found.empty:
        raise MachineFault(f"{before!r} and {after!r} have no scored unit in common")
    found = found.rename(columns={"mis_before": "before", "mis_after": "after"})
    found["change"] = found["after"] - found["before"]
    names = zip(found["layer"], found["unit"], strict=True)
    found["name"] = [unit_name(layer, unit) for layer, unit in names]
    found = found.sort_values(["change", "layer_index", "layer", "unit"], ignore_index=True)
    columns = ["layer", "layer_type", "layer_index", "unit", "name", "before", "after", "change"]
    found = found[columns]
    found.attrs["left_out"] = len(everywhere) - len(found)
    return found


def layer_changes(changes: pd.DataFrame) -> pd.DataFrame:
    """Return `unit_changes` by layer in execution order (Fig. 8).

    layer, layer_type, layer_index, units, change (mean), sd (over units), dropped (share of the
    units that lost).
    """
    lost = changes.assign(dropped=changes["change"] < 0)
    grouped = lost.groupby(["layer", "layer_type", "layer_index"], observed=True)
    found = grouped.agg(
        units=("change", "size"), change=("change", "mean"), dropped=("dropped", "mean")
    )
    found["sd"] = grouped["change"].std(ddof=0)
    return found.reset_index().sort_values(["layer_index", "layer"], ignore_index=True)
