"""Interpretability while a network learns (MIS paper, Fig. 7, 8, 20)."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from diptych_analysis.charts import INK, PALETTE, QUIET
from diptych_analysis.mis.figures.parts import WIDE, chance_line, legend, span, type_colours


def training_curve(curve: pd.DataFrame) -> Any:
    """Draw the mean MIS over epochs, with the 5th to 95th percentile of units (Fig. 7, left).

    Where the checkpoints' accuracies are known, MIS over accuracy stands beside it (right).
    """
    scale = span(curve, ["low", "mean", "high"])
    base = alt.Chart(curve).encode(
        x=alt.X("epoch:Q", title="training epoch", axis=alt.Axis(tickMinStep=1))
    )
    y = alt.Y("mean:Q", scale=scale)
    tip = ["epoch:Q", "model:N", "units:Q", alt.Tooltip("mean:Q", format=".3f")]
    band = base.mark_area(color=PALETTE[0], opacity=0.16).encode(
        y=alt.Y("low:Q", title="MIS of units", scale=scale), y2="high:Q"
    )
    line = base.mark_line(color=PALETTE[0], strokeWidth=2).encode(y=y)
    dots = base.mark_circle(color=PALETTE[0], size=45, opacity=1).encode(y=y, tooltip=tip)
    left = alt.layer(chance_line("y", scale), band, line, dots)
    known = "accuracy" in curve and curve["accuracy"].notna().sum() > 1
    left = left.properties(width=300 if known else WIDE - 140, height=230)
    return left | _over_accuracy(curve.dropna(subset=["accuracy"])) if known else left


def _over_accuracy(curve: pd.DataFrame) -> Any:
    x = alt.X("accuracy:Q", title="classification accuracy", axis=alt.Axis(format=".0%"))
    y = alt.Y("mean:Q", title="mean MIS", scale=span(curve, ["mean"], chance=False))
    base = alt.Chart(curve).encode(x=x, y=y)
    path = base.mark_line(color=QUIET, strokeWidth=1.2).encode(order="epoch:Q")
    dots = base.mark_circle(size=55, opacity=1).encode(
        color=alt.Color("epoch:Q", scale=alt.Scale(scheme="viridis", reverse=True), title="epoch"),
        tooltip=["epoch:Q", "model:N"],
    )
    return (path + dots).properties(width=250, height=230)


def layer_changes(changes: pd.DataFrame, title: str = "change in MIS") -> Any:
    """Draw the mean change of each layer, early to late, by type (Fig. 8); bars: sd of units."""
    data = changes.assign(
        place=range(1, len(changes) + 1),
        low=changes["change"] - changes["sd"],
        high=changes["change"] + changes["sd"],
    )
    axis = alt.Axis(tickMinStep=1, grid=False)
    ends = alt.Scale(domain=[0.5, len(data) + 0.5], nice=False)
    x = alt.X("place:Q", title="layer, from early to late", axis=axis, scale=ends)
    colour = alt.Color("layer_type:N", scale=type_colours(data["layer_type"]), legend=legend())
    base = alt.Chart(data).encode(x=x, color=colour)
    spread = base.mark_rule(opacity=0.35, strokeWidth=2).encode(
        y=alt.Y("low:Q", title=title), y2="high:Q"
    )
    tip = ["layer:N", "layer_type:N", "units:Q", alt.Tooltip("change:Q", format="+.3f")]
    dots = base.mark_circle(size=55, opacity=1).encode(
        y="change:Q", tooltip=[*tip, alt.Tooltip("dropped:Q", format=".0%")]
    )
    zero = alt.Chart(pd.DataFrame({"none": [0.0]})).mark_rule(color=INK, strokeWidth=1)
    return (zero.encode(y="none:Q") + spread + dots).properties(width=WIDE, height=220)


def dropping_units(changes: pd.DataFrame, most: int = 15) -> Any:
    """Draw the units whose MIS falls most from the first model to the second (cf. Fig. 25)."""
    data = changes[changes["change"] < 0].head(most)
    if data.empty:
        return None
    scale = span(data, ["before", "after"])
    y = alt.Y("name:N", sort=data["name"].tolist(), title=None, axis=alt.Axis(labelLimit=320))
    base = alt.Chart(data).encode(y=y)
    tip = ["name:N", "layer_type:N", alt.Tooltip("change:Q", format="+.3f")]
    line = base.mark_rule(color=QUIET, strokeWidth=1.5).encode(
        x=alt.X("before:Q", title="MIS", scale=scale, axis=alt.Axis(tickCount=7)), x2="after:Q"
    )
    ends = pd.concat(
        [
            data.assign(value=data[when], when=when)[
                ["name", "value", "when", "layer_type", "change"]
            ]
            for when in ("before", "after")
        ]
    )
    whens = alt.Scale(domain=["before", "after"], range=[PALETTE[5], PALETTE[1]])
    dots = (
        alt.Chart(ends)
        .mark_circle(size=65, opacity=1)
        .encode(
            x=alt.X("value:Q", scale=scale),
            y=y,
            color=alt.Color("when:N", scale=whens, sort=["before", "after"], legend=legend()),
            tooltip=tip,
        )
    )
    layered = chance_line("x", scale) + line + dots
    return layered.properties(width=460, height=max(60, 20 * len(data)))
