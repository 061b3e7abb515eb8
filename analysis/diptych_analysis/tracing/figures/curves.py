"""Calibration and early warning as curves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from diptych_analysis.charts import PALETTE, QUIET


def _diagonal() -> Any:
    ends = pd.DataFrame({"x": [0, 1], "y": [0, 1]})
    line = alt.Chart(ends).mark_line(color=QUIET, strokeDash=[4, 3], strokeWidth=1)
    return line.encode(x="x:Q", y="y:Q")


def reliability_curves(curves: Mapping[str, pd.DataFrame]) -> Any:
    """Observed against predicted probability of every class decision, a line a model."""
    names = list(curves)
    data = pd.concat([curve.assign(model=name) for name, curve in curves.items()])
    unit = alt.Scale(domain=[0, 1])
    base = alt.Chart(data).encode(
        x=alt.X("predicted:Q", title="predicted probability", scale=unit),
        y=alt.Y("observed:Q", title="how often it was so", scale=unit),
        color=alt.Color(
            "model:N",
            sort=names,
            scale=alt.Scale(domain=names, range=[PALETTE[i % 8] for i in range(len(names))]),
        ),
        tooltip=["model:N", "n:Q", alt.Tooltip("predicted:Q", format=".2f")],
    )
    dots = base.mark_circle(opacity=0.9).encode(
        size=alt.Size("n:Q", scale=alt.Scale(range=[10, 160]), legend=None)
    )
    return (_diagonal() + base.mark_line(strokeWidth=1.8) + dots).properties(width=320, height=320)


def roc_by_seen(curves: pd.DataFrame) -> Any:
    """A ROC curve for each number of trials seen, darker the more was seen."""
    unit = alt.Scale(domain=[0, 1])
    lines = (
        alt.Chart(curves)
        .mark_line(interpolate="step-after", strokeWidth=1.8)
        .encode(
            x=alt.X("false_alarms:Q", title="good learners suspected", scale=unit),
            y=alt.Y("found:Q", title="poor learners found", scale=unit),
            order="found:Q",
            color=alt.Color(
                "seen:O", scale=alt.Scale(scheme="viridis", reverse=True), title="trials seen"
            ),
        )
    )
    return (_diagonal() + lines).properties(width=300, height=300)


def auc_over_trials(aucs: pd.DataFrame) -> Any:
    """Area under the ROC against the number of trials seen; the model beside the plain count."""
    words = {"probability": "tracing model", "by_count": "right answers so far"}
    data = aucs.assign(by=aucs["by"].map(words))
    scale = alt.Scale(domain=list(words.values()), range=[PALETTE[0], PALETTE[1]])
    colour = alt.Color(
        "by:N",
        sort=list(words.values()),
        scale=scale,
        legend=alt.Legend(title=None, orient="bottom"),
    )
    chart = alt.Chart(data).encode(
        x=alt.X("seen:Q", title="trials seen"),
        y=alt.Y("auc:Q", title="area under the ROC", scale=alt.Scale(domain=[0.4, 1])),
        color=colour,
        strokeDash=alt.StrokeDash("by:N", sort=list(words.values()), legend=None),
        tooltip=["seen:Q", "by:N", alt.Tooltip("auc:Q", format=".2f"), "n:Q"],
    )
    return (chart.mark_line(strokeWidth=2) + chart.mark_circle(size=40)).properties(
        width=320, height=300
    )
