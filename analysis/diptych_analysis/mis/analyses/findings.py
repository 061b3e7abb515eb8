"""All analyses that a set of scores allows, at once, for the page and for the terminal."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from diptych_analysis.mis.analyses import convergence as converging
from diptych_analysis.mis.analyses.comparison import compare_runs
from diptych_analysis.mis.analyses.frames import Setting, by_setting, one_setting, trained
from diptych_analysis.mis.analyses.layer_types import conover, type_means
from diptych_analysis.mis.analyses.layers import layer_table
from diptych_analysis.mis.analyses.performance import against_accuracy
from diptych_analysis.mis.analyses.ranking import constant_units, rank_models
from diptych_analysis.mis.analyses.training import training_curve, unit_changes
from diptych_analysis.mis.analyses.trends import Trend, by_depth, by_width
from diptych_analysis.mis.analyses.units import ITEM_SETTING
from diptych_analysis.networks.faults import MachineFault

SHOWN_RUNS = 6  # so many models have a line of their own where lines lie on each other


@dataclass(frozen=True)
class Findings:
    """What was found; None or empty where the data does not allow it.

    `pooled` are the rows that depth, width, types and accuracy are read from: without untrained
    networks, and of a training only its last checkpoint.
    """

    setting: Setting
    others: list[Setting]
    scores: pd.DataFrame
    pooled: pd.DataFrame
    ranked: pd.DataFrame
    worst: pd.DataFrame
    layers: pd.DataFrame
    constant: pd.DataFrame
    means: pd.DataFrame
    depth: Trend
    width: Trend
    significance: pd.DataFrame | None = None
    no_significance: str = ""
    against: pd.DataFrame | None = None
    curve: pd.DataFrame | None = None
    changes: dict[tuple[str, str], pd.DataFrame] = field(default_factory=dict)
    first_tasks: pd.DataFrame | None = None
    recreated: pd.DataFrame | None = None
    compared: pd.DataFrame | None = None
    items: pd.DataFrame | None = None


def examine(
    scores: pd.DataFrame,
    items: pd.DataFrame | None = None,
    accuracy: pd.DataFrame | None = None,
    checkpoints: pd.DataFrame | None = None,
) -> Findings:
    """Return everything that can be said of these scores.

    Where they were made in several settings, the leading one (`by_setting`) is examined, and the
    others stand beside it in the comparison. Raises `MachineFault` where columns are missing, no
    unit is scored, or accuracies or checkpoints name no scored model.
    """
    settings = by_setting(scores)
    if not settings:
        raise MachineFault("scores: no rows")
    setting, own = settings[0]
    own = one_setting(own)
    if rank_models(own).empty:
        raise MachineFault("scores: every unit is constant or without a score")
    pooled = trained(_last_checkpoint(own, checkpoints))
    means = type_means(pooled)
    try:
        significance, why = conover(means), ""
    except MachineFault as fault:
        significance, why = None, str(fault)
    tasks = _items_of(items, setting)
    curve = None if checkpoints is None else training_curve(own, checkpoints, accuracy)
    return Findings(
        setting=setting,
        others=[other for other, _ in settings[1:]],
        scores=own,
        pooled=pooled,
        ranked=rank_models(own),
        worst=rank_models(own, by="low"),
        layers=layer_table(own),
        constant=constant_units(own),
        means=means,
        depth=by_depth(pooled),
        width=by_width(pooled),
        significance=significance,
        no_significance=why,
        against=_against(pooled, accuracy, curve),
        curve=curve,
        changes={} if curve is None else _changes(own, curve["model"].tolist()),
        first_tasks=None if tasks is None else _few(converging.first_tasks(tasks)),
        recreated=_recreated([part for other, part in settings if not other.control]),
        compared=_compared(settings, checkpoints),
        items=tasks,
    )


def _last_checkpoint(scores: pd.DataFrame, checkpoints: pd.DataFrame | None) -> pd.DataFrame:
    if checkpoints is None or checkpoints.empty:
        return scores
    earlier = checkpoints.sort_values("epoch")["model"].iloc[:-1]
    return scores[~scores["model"].isin(earlier)]


def _against(
    pooled: pd.DataFrame, accuracy: pd.DataFrame | None, curve: pd.DataFrame | None
) -> pd.DataFrame | None:
    """Compare with accuracy; None also if all models of known accuracy are on the curve."""
    if accuracy is None:
        return None
    if curve is not None:
        named, drawn = set(accuracy["model"]), set(curve["model"])
        if named & drawn and not named & (set(pooled["model"]) - drawn):
            return None
    return against_accuracy(rank_models(pooled), accuracy)


def _items_of(items: pd.DataFrame | None, setting: Setting) -> pd.DataFrame | None:
    if items is None:
        return None
    own = pd.Series(True, index=items.index)
    for key in ITEM_SETTING:
        own &= items[key] == getattr(setting, key)
    return items[own] if bool(own.any()) else None


def _changes(scores: pd.DataFrame, models: list[str]) -> dict[tuple[str, str], pd.DataFrame]:
    """Compare the first checkpoint with the second, and the second with the last (Fig. 20)."""
    pairs = [(models[0], models[1])] if len(models) > 1 else []
    if len(models) > 2:
        pairs.append((models[1], models[-1]))
    return {pair: unit_changes(scores, *pair) for pair in pairs}


def _few(found: pd.DataFrame) -> pd.DataFrame:
    names = found["model"].nunique()
    return found if names <= SHOWN_RUNS else converging.pooled(found, f"all {names} models")


def _recreated(parts: list[pd.DataFrame]) -> pd.DataFrame | None:
    frame = pd.concat(parts)
    try:
        found = converging.recreated(frame)
    except MachineFault:  # all were scored with one number of tasks
        return None
    leading = (found["similarity"] == frame["similarity"].iloc[0]) & (found["units"] > 0)
    return _few(found[leading]) if bool(leading.any()) else None


def _compared(
    settings: list[tuple[Setting, pd.DataFrame]], checkpoints: pd.DataFrame | None
) -> pd.DataFrame | None:
    """Return the networks that were run twice or more, on tasks made in the same way."""
    leading = settings[0][0]
    parts = [
        part
        for other, part in settings
        if (other.image_set, other.n, other.k) == (leading.image_set, leading.n, leading.k)
    ]
    frame = _last_checkpoint(pd.concat(parts, ignore_index=True), checkpoints)
    compared = compare_runs(frame)
    runs = compared.groupby("network")["run"].nunique()
    found = compared[compared["network"].isin(runs.index[runs > 1])]
    return None if found.empty else found.reset_index(drop=True)
