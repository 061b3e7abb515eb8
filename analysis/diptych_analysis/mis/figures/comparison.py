"""Runs over the same layers side by side: what a network has over its controls."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from diptych_analysis.mis.analyses.frames import MEASURES
from diptych_analysis.mis.figures.parts import (
    SHAPES,
    WIDE,
    chance_line,
    legend,
    run_colours,
    span,
)


def comparison(compared: pd.DataFrame, measure: str = "accuracy") -> Any:
    """Draw the mean over units of each layer from early to late, a line a run, a panel a network.

    Bands reach from the 5th to the 95th percentile over units where at most two runs are shown.
    """
    data = compared[compared["units"] > 0]
    runs = sorted(data["run"].unique())
    scale = span(data, ["mean"])
    panels = []
    for network, own in data.groupby("network", observed=True, sort=True):
        panels.append(_panel(own, runs, scale, measure).properties(title=str(network)))
    return alt.vconcat(*panels)


def _panel(own: pd.DataFrame, runs: list[str], scale: alt.Scale, measure: str) -> Any:
    order = own[["layer_index", "layer"]].drop_duplicates().sort_values(["layer_index", "layer"])
    place = {name: i + 1 for i, name in enumerate(dict.fromkeys(order["layer"]))}
    data = own.assign(place=own["layer"].map(place), names=own["run"])
    shown = legend(columns=2, labelLimit=300) if len(runs) > 1 else None
    base = alt.Chart(data).encode(
        x=alt.X(
            "place:Q",
            title="layer, from early to late",
            axis=alt.Axis(tickMinStep=1, grid=False),
            scale=alt.Scale(domain=[0.5, len(place) + 0.5], nice=False),
        ),
        y=alt.Y("mean:Q", title=f"mean {MEASURES[measure]}", scale=scale),
        color=alt.Color("run:N", sort=runs, scale=run_colours(runs), legend=shown),
        shape=alt.Shape(
            "run:N",
            sort=runs,
            scale=alt.Scale(domain=runs, range=[SHAPES[i % len(SHAPES)] for i in range(len(runs))]),
            legend=shown,
        ),
        tooltip=[
            "run:N",
            "layer:N",
            "layer_type:N",
            "units:Q",
            alt.Tooltip("mean:Q", format=".3f"),
            alt.Tooltip("low:Q", format=".3f"),
            alt.Tooltip("high:Q", format=".3f"),
        ],
    )
    line = base.mark_line(strokeWidth=1.4, opacity=0.55)
    dots = base.mark_point(size=34, filled=True, opacity=1)
    return (chance_line("y", scale) + line + dots).properties(width=WIDE, height=230)
