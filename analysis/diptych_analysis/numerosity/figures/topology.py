"""Put and take as steps between islands, and how long the steps are (appendix, Fig. 7.5)."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from diptych_analysis.charts import PALETTE
from diptych_analysis.numerosity.actions import PUT, SHAKE
from diptych_analysis.numerosity.analyses.action_error import distances_by_action
from diptych_analysis.numerosity.figures.embedding import plane
from diptych_analysis.numerosity.findings import Tested

ARROWS = 120
ACTION_COLOURS = {"put": PALETTE[1], "take": PALETTE[0], "shake": "#9aa5b1"}


def topology(tested: Tested) -> Any:
    """Left: puts and takes within the training limit. Right: step lengths by action."""
    limit = tested.settings.limit
    inside = (tested.walk_counts[:-1] <= limit) & (tested.walk_counts[1:] <= limit)
    steps = np.flatnonzero(inside & (tested.walk_actions != SHAKE))[:ARROWS]
    xy = plane(tested.walk_z)
    data = pd.DataFrame(
        {
            "x": xy[steps, 0],
            "y": xy[steps, 1],
            "x2": xy[steps + 1, 0],
            "y2": xy[steps + 1, 1],
            "action": np.where(tested.walk_actions[steps] == PUT, "put", "take"),
            "number": tested.walk_counts[steps],
        }
    )
    colour = alt.Color(
        "action:N",
        scale=alt.Scale(domain=list(ACTION_COLOURS), range=list(ACTION_COLOURS.values())),
        legend=alt.Legend(title=None, orient="top", symbolOpacity=1),
    )
    scale = alt.Scale(zero=False, padding=14)
    x, y = alt.X("x:Q", title="z1", scale=scale), alt.Y("y:Q", title="z2", scale=scale)
    base = alt.Chart(data)
    arrows = base.mark_rule(opacity=0.35).encode(x=x, y=y, x2="x2:Q", y2="y2:Q", color=colour)
    dots = base.mark_point(size=45, filled=True, opacity=0.9, color="#1d2733").encode(
        x=x, y=y, shape=alt.Shape("number:O", title="objects"), tooltip=["number:Q"]
    )
    left = (arrows + dots).properties(width=320, height=240)
    return alt.hconcat(left, _lengths(tested, inside, colour), spacing=30)


def _lengths(tested: Tested, inside: np.ndarray, colour: Any) -> Any:
    """Share of steps by their length, a line per action."""
    steps = distances_by_action(tested.walk_z, tested.walk_actions)[inside]
    edges = np.linspace(0, float(steps["distance"].quantile(0.995)), 41)
    rows = []
    for action, part in steps.groupby("action"):
        heights = np.histogram(part["distance"], edges)[0] / len(part)
        rows += [
            {"action": action, "distance": (a + b) / 2, "share": h}
            for a, b, h in zip(edges, edges[1:], heights, strict=False)
        ]
    chart = alt.Chart(pd.DataFrame(rows)).mark_area(opacity=0.35, line=True, interpolate="step")
    return chart.encode(
        x=alt.X("distance:Q", title="distance in the embedding"),
        y=alt.Y("share:Q", title="share of the action's steps", axis=alt.Axis(format=".0%")).stack(
            None
        ),
        color=colour,
    ).properties(width=320, height=240)
