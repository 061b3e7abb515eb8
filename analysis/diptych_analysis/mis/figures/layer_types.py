"""Layer types beside one another (MIS paper, Fig. 5 and 18)."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from diptych_analysis.charts import GRID, INK
from diptych_analysis.mis.analyses.frames import LAYER_TYPES, MEASURES, in_order
from diptych_analysis.mis.analyses.layer_types import stars
from diptych_analysis.mis.figures.parts import (
    SHAPES,
    WIDE,
    chance_line,
    legend,
    span,
    type_colours,
)
from diptych_analysis.mis.figures.ranking import FEW

LEVELS = ("p < 0.001", "p < 0.01", "p < 0.05", "not significant")
SHADES = ("#084c7c", "#3b86b8", "#a9cbe2", "#eef1f4")


def layer_types(means: pd.DataFrame, ranked: pd.DataFrame, measure: str = "mis") -> Any:
    """Draw the mean score of the units of each type in each model, in their ranking (Fig. 5)."""
    title = f"mean {MEASURES[measure]} of the type's units"
    data = means.merge(ranked[["model", "rank"]], on="model")
    names = in_order(data["layer_type"], LAYER_TYPES)
    scale = span(data, ["mean"], chance=False)
    colour = alt.Color("layer_type:N", scale=type_colours(names), legend=legend(), sort=names)
    shape = alt.Shape(
        "layer_type:N",
        scale=alt.Scale(domain=names, range=list(SHAPES[: len(names)])),
        legend=legend(),
        sort=names,
    )
    tip = ["model:N", "layer_type:N", "units:Q", alt.Tooltip("mean:Q", format=".3f")]
    if ranked["model"].nunique() <= FEW:
        order = ranked.sort_values("rank", ascending=False)["model"].tolist()
        dots = (
            alt.Chart(data)
            .mark_point(size=70, filled=True, opacity=0.95)
            .encode(
                x=alt.X("mean:Q", title=title, scale=scale, axis=alt.Axis(tickCount=7)),
                y=alt.Y(
                    "model:N", sort=order, title=None, axis=alt.Axis(labelLimit=320, grid=True)
                ),
                color=colour,
                shape=shape,
                tooltip=tip,
            )
        )
        return dots.properties(width=480, height=max(60, 22 * len(order)))
    dots = (
        alt.Chart(data)
        .mark_point(size=22, filled=True, opacity=0.8)
        .encode(
            x=alt.X("rank:Q", title="model, sorted", scale=alt.Scale(nice=False, zero=False)),
            y=alt.Y("mean:Q", title=title, scale=scale),
            color=colour,
            shape=shape,
            tooltip=tip,
        )
    )
    layered = dots if scale.domain[0] > 0.5 else chance_line("y", scale) + dots
    return layered.properties(width=WIDE, height=280)


def significance(p: pd.DataFrame) -> Any:
    """Draw the matrix of `conover`: how significant each pair's difference is (Fig. 18)."""
    names = list(p.columns)
    rows = []
    for place, one in enumerate(names):
        for other in names[:place]:
            value = float(p.loc[one, other])  # type: ignore[arg-type]
            rows.append({"one": one, "other": other, "p": value, "level": stars(value)})
    data = pd.DataFrame(rows)
    data["label"] = ["< 0.001" if v < 0.001 else f"{v:.3f}" for v in data["p"]]
    side = 62 * (len(names) - 1)
    base = alt.Chart(data).encode(
        x=alt.X(
            "other:N",
            sort=names,
            title=None,
            axis=alt.Axis(labelAngle=0, ticks=False, domain=False, labelPadding=8),
        ),
        y=alt.Y(
            "one:N",
            sort=names,
            title=None,
            axis=alt.Axis(ticks=False, domain=False, labelPadding=8),
        ),
    )
    cells = base.mark_rect(stroke=GRID, strokeWidth=2).encode(
        color=alt.Color(
            "level:N",
            sort=list(LEVELS),
            scale=alt.Scale(domain=list(LEVELS), range=list(SHADES)),
            legend=alt.Legend(title=None, orient="right"),
        ),
        tooltip=["one:N", "other:N", alt.Tooltip("p:Q", format=".2g")],
    )
    dark = (alt.datum.level == LEVELS[0]) | (alt.datum.level == LEVELS[1])
    words = base.mark_text(fontSize=11).encode(
        text="label:N", color=alt.condition(dark, alt.value("white"), alt.value(INK))
    )
    return (cells + words).properties(width=max(side, 70), height=max(side, 62) * 0.6)
