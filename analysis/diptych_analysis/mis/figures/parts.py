"""What the figures share: scales, colours of layer types, the chance line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import altair as alt
import pandas as pd

from diptych_analysis.charts import PALETTE, QUIET
from diptych_analysis.mis.analyses.frames import CHANCE, FAMILIES, LAYER_TYPES, in_order

WIDE = 640
SOFT = "#9fb6c9"
#: A mark for each place in a list, beside its colour.
SHAPES = (
    "circle",
    "square",
    "triangle-up",
    "diamond",
    "cross",
    "triangle-down",
    "triangle-right",
    "triangle-left",
)


def type_colours(types: Iterable[str]) -> alt.Scale:
    """Give a layer type the same colour in every figure."""
    names = in_order(types, LAYER_TYPES)
    return alt.Scale(domain=names, range=[_colour(name, LAYER_TYPES) for name in names])


def family_colours(families: Iterable[str]) -> alt.Scale:
    """Give a family of layers the same colour in every figure: that of its first type."""
    names = in_order(families, FAMILIES)
    first = {"conv/linear": "conv"}
    colours = [_colour(first.get(name, name), LAYER_TYPES) for name in names]
    return alt.Scale(domain=names, range=colours)


def _colour(name: str, order: Sequence[str]) -> str:
    place = order.index(name) if name in order else len(order) - 1
    return PALETTE[place % len(PALETTE)]


def run_colours(names: Sequence[str]) -> alt.Scale:
    """Return the colours of things without a fixed colour."""
    return alt.Scale(
        domain=list(names), range=[PALETTE[i % len(PALETTE)] for i in range(len(names))]
    )


def span(frame: pd.DataFrame, columns: Sequence[str], chance: bool = True) -> alt.Scale:
    """Return a scale around all values of the columns, with chance on it on request."""
    low, high = float(frame[list(columns)].min().min()), float(frame[list(columns)].max().max())
    if chance:
        low, high = min(low, CHANCE), max(high, CHANCE)
    room = max(high - low, 0.02) * 0.05
    return alt.Scale(domain=[max(low - room, 0), min(high + room, 1)], nice=True, zero=False)


def chance_line(axis: str, scale: alt.Scale) -> Any:
    """Draw where guessing lies, dashed."""
    rule = alt.Chart(pd.DataFrame({"chance": [CHANCE]})).mark_rule(
        color=QUIET, strokeDash=[4, 3], strokeWidth=1.2
    )
    if axis == "x":
        return rule.encode(x=alt.X("chance:Q", scale=scale))
    return rule.encode(y=alt.Y("chance:Q", scale=scale))


def legend(title: str | None = None, **more: Any) -> alt.Legend:
    """Return a legend above the figure whose symbols are never faint."""
    return alt.Legend(title=title, orient="top", symbolOpacity=1, symbolStrokeWidth=2, **more)
