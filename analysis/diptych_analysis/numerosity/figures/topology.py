"""Put and take as steps between islands, and how long the steps are (appendix, Fig. 7.5)."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from diptych_analysis.charts import PALETTE
from diptych_analysis.numerosity.actions import ACTIONS
from diptych_analysis.numerosity.analyses.action_error import distances_by_action
from diptych_analysis.numerosity.analyses.line import along_the_line
from diptych_analysis.numerosity.findings import Tested

SHOWN = 400
ACTION_COLOURS = {"put": PALETTE[1], "take": PALETTE[0], "shake": "#8b97a3"}


def topology(tested: Tested) -> Any:
    """Draw where actions lead (left) and how long steps are (right), within the training limit.

    The thesis draws arrows in the embedding. On a straight line they would hide each other, so
    this shows the position after an action against the position before it.
    """
    limit = tested.settings.limit
    inside = (tested.walk_counts[:-1] <= limit) & (tested.walk_counts[1:] <= limit)
    scale = alt.Scale(domain=list(ACTION_COLOURS), range=list(ACTION_COLOURS.values()))
    legend = alt.Legend(title=None, orient="top", symbolOpacity=1)
    colour = alt.Color("action:N", scale=scale, legend=legend)
    return alt.hconcat(
        _steps(tested, inside, colour), _lengths(tested, inside, colour), spacing=30
    ).resolve_scale(shape="independent")


def _steps(tested: Tested, inside: np.ndarray, colour: Any) -> Any:
    steps = np.flatnonzero(inside)[:SHOWN]
    position = along_the_line(tested.walk_z)
    if position[tested.walk_counts == 0].mean() > position.mean():
        position = -position
    position = position - position[tested.walk_counts == 0].mean()
    data = pd.DataFrame(
        {
            "before": position[steps],
            "after": position[steps + 1],
            "action": np.array(ACTIONS)[tested.walk_actions[steps]],
            "number": tested.walk_counts[steps],
        }
    )
    shape = alt.Shape(
        "action:N",
        legend=None,
        scale=alt.Scale(
            domain=["put", "take", "shake"], range=["triangle-up", "triangle-down", "circle"]
        ),
    )
    return (
        alt.Chart(data)
        .mark_point(size=26, opacity=0.8)
        .encode(
            x=alt.X("before:Q", title="position on the line before the action"),
            y=alt.Y("after:Q", title="after the action"),
            color=colour,
            shape=shape,
            tooltip=["action:N", "number:Q"],
        )
        .properties(width=300, height=260)
    )


def _lengths(tested: Tested, inside: np.ndarray, colour: Any) -> Any:
    """Draw the share of steps by their length, an area per action."""
    steps = distances_by_action(tested.walk_z, tested.walk_actions)[inside]
    edges = np.linspace(0, float(steps["distance"].quantile(0.995)), 41)
    rows = []
    for action, part in steps.groupby("action"):
        heights = np.histogram(part["distance"], edges)[0] / len(part)
        rows += [
            {"action": action, "distance": (a + b) / 2, "share": h}
            for a, b, h in zip(edges[:-1], edges[1:], heights, strict=True)
        ]
    chart = alt.Chart(pd.DataFrame(rows)).mark_area(opacity=0.3, line=True, interpolate="step")
    share = alt.Y("share:Q", title="share of the action's steps", axis=alt.Axis(format=".0%"))
    return chart.encode(
        x=alt.X("distance:Q", title="distance in the embedding"),
        y=share.stack(None),
        color=colour,
    ).properties(width=320, height=260)
