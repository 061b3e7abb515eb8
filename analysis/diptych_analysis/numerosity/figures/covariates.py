"""Incongruent pairs, and errors by covariate (appendix, Fig. 7.2)."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from diptych_analysis.charts import PALETTE, QUIET
from diptych_analysis.numerosity.analyses.covariates import COVARIATES
from diptych_analysis.numerosity.figures.estimates import observer_scale
from diptych_analysis.numerosity.findings import NETWORK, UNTRAINED


def incongruent(pairs: pd.DataFrame, pair: tuple[int, int]) -> Any:
    """Draw right answers of all observers, a panel per covariate; hollow: congruent pairs."""
    data = pairs[(pairs["fewer"] == pair[0]) & (pairs["more"] == pair[1])].copy()
    data["pairs"] = data["congruent"].map({True: "congruent", False: "incongruent"})
    order = [NETWORK, "pixel sum", "area", "hull", UNTRAINED]
    panels: list[Any] = []
    for name in (n for n in COVARIATES if (data["covariate"] == n).any()):
        part = data[data["covariate"] == name]
        share = float(part[~part["congruent"]]["share"].iloc[0])
        first = not panels
        panels.append(
            _panel(part, order, first).properties(
                width=200,
                height=170,
                title=alt.TitleParams(
                    f"{name} against number",
                    subtitle=f"{share:.0%} of pairs are incongruent",
                    fontSize=12,
                ),
            )
        )
    return alt.hconcat(*panels, spacing=16)


def _panel(part: pd.DataFrame, order: list[str], named: bool) -> Any:
    y = alt.Y("observer:N", sort=order, title=None, axis=alt.Axis(labels=named, ticks=False))
    axis = alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1])
    x = alt.X("right:Q", title="right answers", axis=axis, scale=alt.Scale(domain=[-0.02, 1.02]))
    chance = alt.Chart(pd.DataFrame({"right": [0.5]})).mark_rule(strokeDash=[4, 3], color=QUIET)
    colour = alt.Color("observer:N", scale=observer_scale(), legend=None)
    base = alt.Chart(part).encode(y=y, color=colour)
    bars = base.mark_rule(strokeWidth=2, opacity=0.6).encode(x=alt.X("low:Q"), x2="high:Q")
    tip = [
        "observer:N",
        "pairs:N",
        alt.Tooltip("right:Q", format=".3f"),
        alt.Tooltip("low:Q", format=".3f"),
        alt.Tooltip("high:Q", format=".3f"),
        "n:Q",
    ]
    fill = alt.Fill("observer:N", scale=observer_scale(), legend=None)
    hollow = base.transform_filter("datum.congruent").mark_point(size=70, strokeWidth=1.6)
    full = base.transform_filter("!datum.congruent").mark_point(size=80, opacity=1)
    return (
        chance.encode(x=x)
        + bars
        + hollow.encode(x=x, tooltip=tip)
        + full.encode(x=x, fill=fill, tooltip=tip)
    )


def error_by_covariate(table: pd.DataFrame) -> Any:
    """Draw the errors of close comparisons along each covariate: a row per covariate (Fig. 7.2)."""
    data = table.copy()
    data["test"] = data["test"] - data["reference"]
    data["test"] = data["test"].map({-2: "two fewer", 2: "two more"})
    scale = alt.Scale(domain=["two fewer", "two more"], range=[PALETTE[0], PALETTE[1]])
    colour = alt.Color(
        "test:N", title="test image", scale=scale, legend=alt.Legend(orient="top", symbolOpacity=1)
    )
    rows = []
    for name in COVARIATES:
        part = data[data["covariate"] == name]
        base = alt.Chart(part).encode(
            x=alt.X(
                "difference:Q",
                title=f"relative difference in {name}",
                axis=alt.Axis(tickCount=4, labelSeparation=6),
            ),
            color=colour,
        )
        axis = alt.Axis(format=".0%")
        band = base.mark_area(opacity=0.2).encode(
            y=alt.Y("low:Q", title="errors", axis=axis), y2="high:Q"
        )
        tip = ["reference:Q", "test:N", alt.Tooltip("error:Q", format=".1%"), "n:Q"]
        line = base.mark_line(point=True, strokeWidth=1.8).encode(y="error:Q", tooltip=tip)
        rows.append(
            (band + line)
            .properties(width=165, height=130)
            .facet(column=alt.Column("reference:O", title="objects in the reference image"))
            .resolve_scale(x="independent")
        )
    return alt.vconcat(*rows)
