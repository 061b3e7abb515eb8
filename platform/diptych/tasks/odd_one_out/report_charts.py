"""Charts of the report of the odd-one-out task."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from diptych.tasks.odd_one_out.choice_agreement import similar_order
from diptych_analysis.charts import INK, PALETTE, QUIET
from diptych_analysis.report.figures import PERCENT, UNIT_RANGE

#: Items that are drawn; with more, those with most and least agreement.
MOST_ITEMS = 40


def choices(counts: pd.DataFrame) -> Any:
    """Draw the items as bars of their choices, from the table of `choice_counts`."""
    items = list(dict.fromkeys(counts["item"]))
    half = MOST_ITEMS // 2
    drawn = items if len(items) <= MOST_ITEMS else [*items[:half], *items[-half:]]
    data = counts[counts["item"].isin(drawn)].copy()
    data["rank"] = data.groupby("item", sort=False).cumcount() + 1
    data["until"] = data.groupby("item", sort=False)["share"].cumsum()
    data["from"] = data["until"] - data["share"]
    ranks = sorted(int(rank) for rank in data["rank"].unique())
    colours = [PALETTE[(rank - 1) % len(PALETTE)] for rank in ranks]
    left = f"; {half} each with most and least agreement of {len(items):,}"
    note = left if len(items) > MOST_ITEMS else ""
    return (
        alt.Chart(data)
        .mark_bar(opacity=0.85, height={"band": 0.72})
        .encode(
            y=alt.Y("item:N", sort=drawn, title=None, axis=alt.Axis(labelLimit=170, grid=False)),
            x=alt.X("from:Q", title=f"share of answers{note}", axis=PERCENT, scale=UNIT_RANGE),
            x2="until:Q",
            color=alt.Color(
                "rank:O",
                scale=alt.Scale(domain=ranks, range=colours),
                legend=alt.Legend(title="choice, by frequency", orient="top", columns=8),
            ),
            tooltip=["item:N", "image:N", "n:Q", alt.Tooltip("share:Q", format=".1%")],
        )
        .properties(width=480, height=18 * len(drawn))
    )


def similarity(pairs: pd.DataFrame) -> Any:
    """Draw the table of `kept_together` as a matrix; similar names are beside each other."""
    order = similar_order(pairs)
    turned = pairs.rename(columns={"first": "second", "second": "first"})
    cells = pd.concat([pairs, turned[turned["first"] != turned["second"]]], ignore_index=True)
    base = alt.Chart(cells).encode(
        x=alt.X("first:N", sort=order, title=None,
                axis=alt.Axis(labelLimit=110, labelAngle=-45 if len(order) > 6 else 0)),
        y=alt.Y("second:N", sort=order, title=None, axis=alt.Axis(labelLimit=140)),
    )  # fmt: skip
    boxes = base.mark_rect(stroke="white", strokeWidth=2).encode(
        color=alt.Color("share:Q", scale=alt.Scale(scheme="blues", domain=[0, 1]), legend=None),
        tooltip=["first:N", "second:N", "n:Q", alt.Tooltip("share:Q", format=".1%")],
    )
    text = base.mark_text(fontSize=11).encode(
        text=alt.Text("share:Q", format=".0%"),
        color=alt.condition("datum.share > 0.55", alt.value("white"), alt.value(INK)),
    )
    side = max(170, 40 * len(order))
    return (boxes + text).properties(width=side, height=side * 0.8)


def places(frame: pd.DataFrame, chance: float) -> Any:
    """Draw the share of each place with its interval: columns place, share, low, high, answers."""
    y = alt.Y("place:N", sort=list(frame["place"]), title=None, axis=alt.Axis(grid=False))
    base = alt.Chart(frame).encode(y=y)
    rules = base.mark_rule(strokeWidth=2, opacity=0.55, color=PALETTE[0]).encode(
        x=alt.X("low:Q", title="share of answers", axis=PERCENT, scale=UNIT_RANGE), x2="high:Q"
    )
    dots = base.mark_point(filled=True, size=70, opacity=1, color=PALETTE[0]).encode(
        x="share:Q", tooltip=["place:N", alt.Tooltip("share:Q", format=".1%"), "answers:Q"]
    )
    at = alt.Chart(pd.DataFrame({"share": [chance]})).mark_rule(color=QUIET, strokeDash=[4, 3])
    return (at.encode(x="share:Q") + rules + dots).properties(width=380, height=26 * len(frame))
