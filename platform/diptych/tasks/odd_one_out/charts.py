"""Charts of the odd-one-out task."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from diptych.figures.theme import percent, told
from diptych_analysis.charts import PALETTE, QUIET

ROW = 22
MOST = 40  # items that are drawn; the table has all


def choices(frame: pd.DataFrame) -> Any:
    """Draw the items as bars of their choices, those with the most agreement first."""
    items = list(dict.fromkeys(frame["item"]))
    drawn = items[:MOST]
    data = frame[frame["item"].isin(drawn)].copy()
    data["until"] = data.groupby("item", sort=False)["share"].cumsum()
    data["from"] = data["until"] - data["share"]
    ranks = sorted(int(rank) for rank in data["rank"].unique())
    colours = [PALETTE[(rank - 1) % len(PALETTE)] for rank in ranks]
    agreed = frame.loc[frame["rank"] == 1, "share"]
    lines = [
        f"{int(frame['answers'].sum()):,} answers about {len(items):,} items",
        f"on average {agreed.mean():.0%} of an item's answers agree".replace("%", " %"),
    ]
    if len(items) > MOST:
        lines.append(f"drawn are the {MOST} items with the most agreement")
    chart = (
        alt.Chart(data)
        .mark_bar(opacity=0.85, height={"band": 0.7})
        .encode(
            y=alt.Y("item:N", sort=drawn, title=None, axis=alt.Axis(labelLimit=150, grid=False)),
            x=alt.X("from:Q", title="share of answers", **percent()),
            x2="until:Q",
            color=alt.Color(
                "rank:O",
                scale=alt.Scale(domain=ranks, range=colours),
                legend=alt.Legend(title="choice, by frequency", orient="top"),
            ),
            tooltip=["item", "image", "answers:Q", alt.Tooltip("share:Q", format=".1%")],
        )
    )
    return chart.properties(height=ROW * len(drawn), title=told(*lines))


def shares(data: pd.DataFrame, title: str, chance: float) -> Any:
    """Draw the shares in rows with their intervals, beside chance.

    Parameters
    ----------
    data : DataFrame
        Columns name, by, sessions, answers, share, low and high.
    title : str
        What the share is, for the axis.
    chance : float
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
    at = alt.Chart(pd.DataFrame({"share": [chance]})).mark_rule(color=QUIET, strokeDash=[4, 3])
    said = told(
        f"{int(data['sessions'].max()):,} sessions; chance is {chance:.0%}".replace("%", " %")
    )
    layers = at.encode(x=alt.X("share:Q", **x)) + rules + dots
    return layers.properties(height=ROW * len(data), title=said)
