"""Charts of shares with intervals, one row each."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from diptych.figures.theme import legend, percent, told
from diptych_analysis.charts import PALETTE, QUIET

ROW = 24  # height of a row in pixels


def quality(frame: pd.DataFrame) -> Any:
    """Draw the share of the sessions that each rule flags, as bars with intervals."""
    kinds = ["asks for a look", "excludes alone"]
    y = alt.Y("rule:N", sort=list(frame["rule"]), title=None, axis=alt.Axis(labelLimit=150))
    most = max(0.1, float(frame["high"].max()))
    scale = alt.Scale(domain=[0, min(1.0, most)], nice=True)
    x = alt.X("share:Q", title="share of sessions flagged", scale=scale,
              axis=alt.Axis(format="~%", tickCount=5))  # fmt: skip
    base = alt.Chart(frame).encode(
        y=y,
        tooltip=[
            "rule",
            "decides",
            alt.Tooltip("share:Q", format=".1%"),
            "flagged:Q",
            "sessions:Q",
        ],
    )
    colour = alt.Color(
        "decides:N",
        scale=alt.Scale(domain=kinds, range=[PALETTE[0], PALETTE[1]]),
        legend=legend(columns=1, labelLimit=160),
    )
    bars = base.mark_bar(opacity=0.75, height={"band": 0.6}).encode(x=x, color=colour)
    ends = base.mark_rule(color=QUIET, strokeWidth=2).encode(
        x=alt.X("low:Q", scale=scale), x2="high:Q"
    )
    title = told(f"{int(frame['sessions'].max()):,} sessions, {len(frame)} rules")
    return (bars + ends).properties(height=ROW * len(frame), title=title)


def shares(data: pd.DataFrame, title: str, chance: float | None) -> Any:
    """Shares in rows with their intervals, beside chance.

    Parameters
    ----------
    data : DataFrame
        Columns name, by, sessions, answers, share, low and high.
    title : str
        What the share is, for the axis.
    chance : float or None
        The share that guessing gives.
    """
    kinds = list(dict.fromkeys(data["by"]))
    colours = [PALETTE[number % len(PALETTE)] for number in range(len(kinds))]
    base = alt.Chart(data).encode(
        y=alt.Y("name:N", sort=list(data["name"]), title=None, axis=alt.Axis(grid=False)),
        color=alt.Color("by:N", scale=alt.Scale(domain=kinds, range=colours), legend=None),
        tooltip=[
            "name",
            alt.Tooltip("share:Q", format=".1%"),
            alt.Tooltip("low:Q", format=".1%"),
            alt.Tooltip("high:Q", format=".1%"),
            "answers:Q",
            "sessions:Q",
        ],
    )
    x = {"title": title, **percent()}
    rules = base.mark_rule(strokeWidth=2, opacity=0.6).encode(x=alt.X("low:Q", **x), x2="high:Q")
    dots = base.mark_point(filled=True, size=60, opacity=1).encode(x=alt.X("share:Q", **x))
    lines = f"{int(data['sessions'].max()):,} sessions"
    layers = rules + dots
    if chance is not None:
        at = alt.Chart(pd.DataFrame({"share": [chance]})).mark_rule(color=QUIET, strokeDash=[4, 3])
        layers = at.encode(x=alt.X("share:Q", **x)) + layers
        lines += f"; chance is {chance:.0%}".replace("%", " %")
    return layers.properties(height=ROW * len(data), title=told(lines))
