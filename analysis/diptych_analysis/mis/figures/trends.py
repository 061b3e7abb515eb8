"""Interpretability along depth and width (MIS paper, Fig. 6, 23, 24)."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from diptych_analysis.mis.analyses.correlation import Correlation
from diptych_analysis.mis.analyses.frames import FAMILIES, in_order
from diptych_analysis.mis.analyses.trends import Trend
from diptych_analysis.mis.figures.parts import SOFT, family_colours, span

STATISTIC = {
    "mean": "mean MIS of a layer's units",
    "low": "5th percentile of a layer's units",
    "median": "median of a layer's units",
    "high": "95th percentile of a layer's units",
}


def trend(
    found: Trend, along: str, statistic: str = "mean", *, variance: bool = False, least: int = 3
) -> Any:
    """Draw the means of bins along `along` ("relative depth", "relative width"), a panel a family.

    With `variance` also one standard deviation over layers, the single layers in grey, and the
    correlation of these instead of the bins' (Fig. 23). Families of fewer than `least` layers
    are left out.
    """
    told: dict[str, Any] = {row["family"]: row for _, row in found.correlations.iterrows()}
    names = [
        family
        for family in in_order(found.bins["family"], FAMILIES)
        if told[family]["layers"] >= least
    ]
    if not names:
        return None
    shown = found.bins[found.bins["family"].isin(names)]
    layers = found.layers[found.layers["family"].isin(names)]
    y_of = pd.concat([shown["value"], layers["value"]]) if variance else shown["value"]
    scale = span(pd.DataFrame({"value": y_of}), ["value"], chance=False)
    ends = _ends(layers["x"])
    panels: list[Any] = []
    for family in names:
        row = told[family]
        kind = ("pearson_layers", "spearman_layers") if variance else ("pearson", "spearman")
        count = int(row["layers"] if variance else row["bins"])
        words = Correlation(float(row[kind[0]]), float(row[kind[1]]), count).words
        heading = alt.TitleParams(
            family,
            subtitle=[words, f"{int(row['layers']):,} layers in {int(row['bins'])} bins"],
            fontSize=12,
            subtitleFontSize=11,
        )
        own = shown[shown["family"] == family]
        single = layers[layers["family"] == family] if variance else None
        first = not panels or len(panels) % 3 == 0
        drawn = _panel(
            own, single, names, along, STATISTIC[statistic] if first else None, scale, ends
        )
        panels.append(drawn.properties(width=205, height=180, title=heading))
    return alt.concat(*panels, columns=3)


def _ends(x: pd.Series) -> alt.Scale:
    """Return a scale from 0 to 1, unless only a small part of the network was scored."""
    low, high = float(x.min()), float(x.max())
    room = max(0.02, 0.08 * (high - low))
    domain = [0, 1] if high - low > 0.4 else [max(0, low - room), min(1, high + room)]
    return alt.Scale(domain=domain, nice=False)


def _panel(
    own: pd.DataFrame,
    single: pd.DataFrame | None,
    names: list[str],
    along: str,
    title: str | None,
    scale: alt.Scale,
    ends: alt.Scale,
) -> Any:
    x = alt.X("x:Q", title=along, scale=ends, axis=alt.Axis(tickCount=5))
    colour = alt.Color("family:N", scale=family_colours(names), legend=None)
    base = alt.Chart(own).encode(x=x, color=colour)
    y = alt.Y("value:Q", title=title, scale=scale)
    line = base.mark_line(strokeWidth=1.6, opacity=0.6).encode(y=y)
    tip = ["layers:Q", alt.Tooltip("x:Q", format=".2f"), alt.Tooltip("value:Q", format=".3f")]
    dots = base.mark_circle(size=42, opacity=1).encode(y=y, tooltip=[*tip, "sd:Q"])
    layers = [line, dots]
    if single is not None:
        clipped = alt.Y("low:Q", title=title, scale=scale)
        layers.insert(0, base.mark_area(opacity=0.2, clip=True).encode(y=clipped, y2="high:Q"))
        grey = alt.Chart(single).mark_circle(size=9, color=SOFT, opacity=0.6)
        layers.insert(0, grey.encode(x=x, y=y, tooltip=["model:N", "layer:N", "value:Q"]))
    return alt.layer(*layers)
