"""Calibration and early warning as curves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from diptych_analysis.charts import PALETTE, QUIET

UNIT = alt.Scale(domain=[0, 1])


def _diagonal() -> Any:
    ends = pd.DataFrame({"x": [0, 1], "y": [0, 1]})
    line = alt.Chart(ends).mark_line(color=QUIET, strokeDash=[4, 3], strokeWidth=1)
    return line.encode(x="x:Q", y="y:Q")


def reliability_curves(curves: Mapping[str, pd.DataFrame], least: int = 20) -> Any:
    """Draw observed against predicted probability of every class decision, a panel per model.

    Bins with fewer than `least` decisions are left out; a dot's area tells how many there were.
    """
    rows = []
    panels = []
    for place, (name, curve) in enumerate(curves.items()):
        base = alt.Chart(curve[curve["n"] >= least]).encode(
            x=alt.X("predicted:Q", title="predicted", scale=UNIT),
            y=alt.Y("observed:Q", title="observed", scale=UNIT),
            tooltip=["n:Q", alt.Tooltip("predicted:Q", format=".2f"), "observed:Q"],
        )
        size = alt.Size("n:Q", scale=alt.Scale(range=[12, 150]), legend=None)
        dots = base.mark_circle(opacity=0.9, color=PALETTE[0]).encode(size=size)
        line = base.mark_line(strokeWidth=1.6, color=PALETTE[0])
        panels.append((_diagonal() + line + dots).properties(width=130, height=130, title=name))
        if len(panels) == 5 or place == len(curves) - 1:
            rows.append(alt.hconcat(*panels))
            panels = []
    return alt.vconcat(*rows)


def roc_by_seen(curves: pd.DataFrame) -> Any:
    """Draw a ROC curve for each number of trials seen, darker with more trials."""
    data = curves.reset_index(drop=True).reset_index(names="order")
    lines = (
        alt.Chart(data)
        .mark_line(strokeWidth=1.8)
        .encode(
            x=alt.X("false_alarms:Q", title="good learners suspected", scale=UNIT),
            y=alt.Y("found:Q", title="poor learners found", scale=UNIT),
            order="order:Q",
            color=alt.Color(
                "seen:O", scale=alt.Scale(scheme="viridis", reverse=True), title="trials seen"
            ),
        )
    )
    return (_diagonal() + lines).properties(width=290, height=290)


def auc_over_trials(aucs: pd.DataFrame) -> Any:
    """Draw the area under the ROC against the number of trials seen, a line for each `by`."""
    names = list(dict.fromkeys(aucs["by"]))
    scale = alt.Scale(domain=names, range=[PALETTE[i % len(PALETTE)] for i in range(len(names))])
    colour = alt.Color(
        "by:N",
        sort=names,
        scale=scale,
        legend=alt.Legend(title=None, orient="bottom", symbolOpacity=1),
    )
    chart = alt.Chart(aucs).encode(
        x=alt.X("seen:Q", title="trials seen"),
        y=alt.Y("auc:Q", title="area under the ROC", scale=alt.Scale(domain=[0.4, 1])),
        color=colour,
        tooltip=["seen:Q", "by:N", alt.Tooltip("auc:Q", format=".2f"), "n:Q"],
    )
    chance = alt.Chart(pd.DataFrame({"auc": [0.5]})).mark_rule(color=QUIET, strokeDash=[4, 3])
    layered = (
        chance.encode(y=alt.Y("auc:Q", scale=alt.Scale(domain=[0.4, 1])))
        + chart.mark_line(strokeWidth=2)
        + chart.mark_circle(size=40)
    )
    return layered.properties(width=330, height=290)
