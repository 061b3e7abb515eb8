"""Charts of the odd-one-out task."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from diptych.figures.theme import percent, told
from diptych_analysis.charts import PALETTE

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
