"""The layers of a network one by one, from early to late."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from diptych_analysis.mis.analyses.frames import LAYER_TYPES, in_order
from diptych_analysis.mis.figures.parts import WIDE, chance_line, legend, span, type_colours


def layers(table: pd.DataFrame) -> Any:
    """Draw mean MIS of every layer of `layer_table` and 5th to 95th percentile, by model."""
    data = table[table["units"] > 0]
    types = in_order(data["layer_type"], LAYER_TYPES)
    scale = span(data, ["low", "mean", "high"])
    several = data["model"].nunique() > 1
    panels = []
    for model, own in data.groupby("model", observed=True, sort=True):
        drawn = _panel(own.assign(place=range(1, len(own) + 1)), types, scale)
        panels.append(drawn.properties(title=str(model)) if several else drawn)
    return alt.vconcat(*panels)


def _panel(own: pd.DataFrame, types: list[str], scale: alt.Scale) -> Any:
    ends = alt.Scale(domain=[0.5, len(own) + 0.5], nice=False)
    axis = alt.Axis(tickMinStep=1, grid=False)
    shown = legend() if len(types) > 1 else None
    base = alt.Chart(own).encode(
        x=alt.X("place:Q", title="layer, from early to late", axis=axis, scale=ends),
        color=alt.Color("layer_type:N", sort=types, scale=type_colours(types), legend=shown),
        tooltip=[
            "layer:N",
            "layer_type:N",
            "units:Q",
            *(alt.Tooltip(f"{name}:Q", format=".3f") for name in ("mean", "low", "high")),
            alt.Tooltip("accuracy:Q", title="machine accuracy", format=".3f"),
        ],
    )
    low = alt.Y("low:Q", title="MIS of units: mean, 5th to 95th", scale=scale)
    width = 4 if len(own) <= 60 else 2
    bars = base.mark_rule(strokeWidth=width, opacity=0.3, strokeCap="round")
    dots = base.mark_circle(size=45 if len(own) <= 60 else 22, opacity=1)
    drawn = chance_line("y", scale) + bars.encode(y=low, y2="high:Q")
    return (drawn + dots.encode(y=alt.Y("mean:Q", scale=scale))).properties(width=WIDE, height=230)
