"""The figure of several observers of the same comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from diptych_analysis.charts import QUIET, classes_scale
from diptych_analysis.psychometric.fit import count
from diptych_analysis.psychometric.side_by_side import PAIRS, Comparisons, function_of

STEPS = 80  # points of a line
HEIGHT = 300


def beside_each_other(
    observers: Sequence[Comparisons], found: pd.DataFrame, names: Sequence[str]
) -> Any:
    """Draw psychometric curves, weights, and right answers of all observers.

    Parameters
    ----------
    observers : sequence of Comparisons
        The observers.
    found : DataFrame
        What `side_by_side` found of them.
    names : sequence of str
        Columns whose ratios were used: the number first.
    """
    order = [each.observer for each in observers]
    colour = alt.Color(
        "observer:N",
        scale=classes_scale(order),
        sort=order,
        legend=alt.Legend(title=None, orient="top", columns=4, labelLimit=260),
    )
    weights = _part(found, "weight ", names)
    right = _part(found, "right ", PAIRS)
    panels = [_curves(observers, names[0], colour)]
    if len(names) > 1:
        panels.append(_dots(weights, "weight", order, colour, [-1.0, 1.0], 0.0, "~g"))
    if len(right):
        panels.append(_dots(right, "right answers", order, colour, [0.0, 1.0], 0.5, ".0%"))
    return alt.hconcat(*panels, spacing=28)


def _part(found: pd.DataFrame, start: str, names: Sequence[str]) -> pd.DataFrame:
    part = found[found["quantity"].str.startswith(start) & found["value"].notna()]
    part = part.assign(of=part["quantity"].str.removeprefix(start))
    place = part["of"].map({name: at for at, name in enumerate(names)})
    return part.assign(place=place).sort_values("place")


def _curves(observers: Sequence[Comparisons], name: str, colour: alt.Color) -> Any:
    dots, lines = [], []
    logarithmic = all(bool((each.level > 0).all()) for each in observers)
    for each in observers:
        counts = count(each.level, each.chosen)
        shares = counts.positive / counts.total
        dots.append(
            pd.DataFrame({"level": counts.level, "share": shares, "observer": each.observer})
        )
        function = function_of(each)
        if function is not None:
            space = np.geomspace if logarithmic else np.linspace
            level = space(counts.level[0], counts.level[-1], STEPS)
            share = function.probability(level)
            lines.append(pd.DataFrame({"level": level, "share": share, "observer": each.observer}))
    points = pd.concat(dots)
    kind: Any = "log" if logarithmic else "linear"
    x = alt.X(
        "level:Q",
        title=name,
        scale=alt.Scale(type=kind, nice=False, padding=10, zero=False),
        axis=alt.Axis(values=sorted(points["level"].unique()), labelOverlap=True, format="~g"),
    )
    y = alt.Y(
        "share:Q",
        title="test chosen",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(format=".0%"),
    )
    layers = (
        alt.Chart(points)
        .mark_point(filled=True, size=34, opacity=0.75)
        .encode(
            x=x,
            y=y,
            color=colour,
            tooltip=["observer", "level", alt.Tooltip("share:Q", format=".1%")],
        )
    )
    if lines:
        layers += (
            alt.Chart(pd.concat(lines)).mark_line(strokeWidth=2).encode(x=x, y=y, color=colour)
        )
    return layers.properties(width=270, height=HEIGHT)


def _dots(
    frame: pd.DataFrame,
    title: str,
    order: list[str],
    colour: alt.Color,
    domain: list[float],
    middle: float,
    form: str,
) -> Any:
    """Draw a dot with its interval for each observer, in groups along x."""
    names = list(dict.fromkeys(frame["of"]))
    x = alt.X("of:N", sort=names, title=None, axis=alt.Axis(labelAngle=0, grid=False))
    offset = alt.XOffset("observer:N", sort=order)
    scale = alt.Scale(domain=domain, clamp=True)
    base = alt.Chart(frame).encode(x=x, xOffset=offset, color=colour)
    bars = base.mark_rule(strokeWidth=2, opacity=0.6).encode(
        y=alt.Y("low:Q", title=title, scale=scale, axis=alt.Axis(format=form)), y2="high:Q"
    )
    dots = base.mark_point(filled=True, size=55, opacity=1).encode(
        y=alt.Y("value:Q", scale=scale), tooltip=["observer", "of", "value", "low", "high"]
    )
    line = alt.Chart(pd.DataFrame({"value": [middle]})).mark_rule(color=QUIET, strokeDash=[4, 3])
    width = max(180, 14 * len(order) * len(names))
    return (line.encode(y=alt.Y("value:Q", scale=scale)) + bars + dots).properties(
        width=min(width, 300), height=HEIGHT
    )
