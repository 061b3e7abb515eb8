"""One row a layer: what stands in the tables, and what depth and width are read from."""

from __future__ import annotations

import pandas as pd

from diptych_analysis.mis.analyses.frames import FAMILY, one_setting, require, usable
from diptych_analysis.mis.analyses.ranking import HIGH, LOW


def layer_table(scores: pd.DataFrame) -> pd.DataFrame:
    """Return every layer of every model, in execution order.

    Columns: model, layer, layer_type, family, layer_index, depth, width, relative_width,
    type_width (relative to the widest scored layer of the type in the model, Fig. 23B), units
    (scored), constant, left_out (constant, or without a score), mean, low, median, high, sd (MIS
    over units; sd of one unit is 0), accuracy, margin (means over units).
    Layers without a scored unit have NaN for all of these.
    """
    scores = one_setting(scores)
    require(scores, ("depth", "width", "relative_width", "margin"), "scores")
    keys = ["model", "layer"]
    all_rows = scores.groupby(keys, observed=True, sort=False)
    about = ["layer_type", "layer_index", "depth", "width", "relative_width"]
    found = all_rows[about].first()
    found["constant"] = all_rows["constant"].sum().astype(int)
    known = usable(scores).groupby(keys, observed=True, sort=False)
    found["units"] = known.size().reindex(found.index, fill_value=0)
    found["left_out"] = all_rows.size() - found["units"]
    mis = known["mis"]
    found["mean"], found["median"] = mis.mean(), mis.median()
    found["low"], found["high"] = mis.quantile(LOW), mis.quantile(HIGH)
    found["sd"] = mis.std(ddof=0)
    found["accuracy"], found["margin"] = known["accuracy"].mean(), known["margin"].mean()
    found = found.reset_index()
    found["family"] = found["layer_type"].map(lambda kind: FAMILY.get(kind, kind))
    widest = found.groupby(["model", "layer_type"])["width"].transform("max")
    found["type_width"] = found["width"] / widest
    order = found.sort_values(["model", "layer_index", "layer"], ignore_index=True)
    columns = [*keys, "layer_type", "family", *about[1:], "type_width", "units", "constant"]
    statistics = ["mean", "low", "median", "high", "sd", "accuracy", "margin"]
    return order[[*columns, "left_out", *statistics]]
