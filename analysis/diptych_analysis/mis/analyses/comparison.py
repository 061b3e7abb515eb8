"""The same layers in several runs side by side: trained and untrained, real and shuffled."""

from __future__ import annotations

import numpy as np
import pandas as pd

from diptych_analysis.mis.analyses.frames import (
    MEASURES,
    NEEDED,
    SETTING,
    SHUFFLED,
    require,
    usable,
)
from diptych_analysis.mis.analyses.ranking import HIGH, LOW
from diptych_analysis.networks.faults import MachineFault
from diptych_analysis.networks.networks import UNTRAINED

#: Parts of the setting that change the trials or how they are judged; the scale does neither.
VARIES = ("similarity", "n", "k", "queries", "image_set")
TRAINED = "trained"
NAMED = {"n": "N = ", "k": "K = ", "queries": "queries ", "image_set": "images "}


def network_of(model: str) -> str:
    """Return the architecture behind a model's name; layers of one network share their names."""
    return model.replace(UNTRAINED, "").split("@")[0]


def run_labels(scores: pd.DataFrame) -> pd.Series:
    """Give each row's run a short name among the others: only what differs.

    E.g. "trained, efficientnet-lite2", "untrained, efficientnet-lite2", "trained, shuffled
    efficientnet-lite2".
    """
    require(scores, ("model", *VARIES), "scores")
    keys = ["model", *VARIES]
    runs = scores[keys].drop_duplicates(ignore_index=True)
    differ = [name for name in VARIES if runs[name].nunique(dropna=False) > 1]
    variants = [_variant(str(model)) for model in runs["model"]]
    if differ and set(variants) == {TRAINED}:
        variants = [""] * len(variants)  # it goes without saying
    words = []
    for variant, (_, run) in zip(variants, runs.iterrows(), strict=True):
        words.append(", ".join(filter(None, [variant, *(_part(name, run) for name in differ)])))
    named = runs.assign(run=words)
    return scores[keys].merge(named, on=keys, how="left")["run"].set_axis(scores.index)


def _variant(model: str) -> str:
    checkpoint = model.replace(UNTRAINED, "").partition("@")[2]
    return "untrained" if UNTRAINED in model else checkpoint or TRAINED


def _part(name: str, run: pd.Series) -> str:
    text = str(run[name])
    if text.startswith(SHUFFLED):
        text = "shuffled " + text.removeprefix(SHUFFLED)
    return NAMED.get(name, "") + text


def compare_runs(scores: pd.DataFrame, measure: str = "accuracy") -> pd.DataFrame:
    """Compare each layer of each run: no learning where a control is as good as the network.

    `measure` is "accuracy" (share of the tasks that the machine gets right; chance is 0.5; needs
    no scale) or "mis". Columns: network, run, model, similarity, layer, layer_type, layer_index,
    depth, units (scored), left_out, mean, low, high (5th and 95th percentile over units).
    """
    if measure not in MEASURES:
        raise MachineFault(f"measure {measure!r}: allowed are {', '.join(MEASURES)}")
    require(scores, (*NEEDED, "depth", *SETTING), "scores")
    if scores.empty:
        raise MachineFault("scores: no rows")
    twice = scores.duplicated(["model", *VARIES, "layer", "unit"])
    if measure == "mis" and bool(twice.any()):
        raise MachineFault("scores differ in their scale: choose one to compare MIS")
    frame = scores[~twice]  # judged on several scales, the answers are the same
    frame = frame.assign(
        network=[network_of(str(model)) for model in frame["model"]], run=run_labels(frame)
    )
    keys = ["network", "run", "model", "similarity", "layer"]
    every = frame.groupby(keys, observed=True)
    found = every[["layer_type", "layer_index", "depth"]].first()
    known = usable(frame, measure).groupby(keys, observed=True)[measure]
    found["units"] = known.size().reindex(found.index, fill_value=0)
    found["left_out"] = every.size() - found["units"]
    found["mean"] = known.mean()
    found["low"], found["high"] = known.quantile(LOW), known.quantile(HIGH)
    order = ["network", "run", "layer_index", "layer"]
    return found.reset_index().sort_values(order, ignore_index=True)


def run_summary(compared: pd.DataFrame) -> pd.DataFrame:
    """Summarise runs: network, run, layers, units, left_out, mean, lowest and highest layer."""
    rows = []
    for (network, run), part in compared.groupby(["network", "run"], observed=True, sort=True):
        scored = part[part["units"] > 0]
        rows.append(
            {
                "network": network,
                "run": run,
                "layers": len(scored),
                "units": int(part["units"].sum()),
                "left_out": int(part["left_out"].sum()),
                "mean": float(np.average(scored["mean"], weights=scored["units"]))
                if len(scored)
                else float("nan"),
                "lowest": float(scored["mean"].min()),
                "highest": float(scored["mean"].max()),
            }
        )
    return pd.DataFrame(rows)
