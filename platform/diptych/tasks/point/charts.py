"""The chart of the point task."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from diptych.figures.theme import percent, told
from diptych_analysis.charts import PALETTE

ROW = 22
COLOURS = (PALETTE[0], PALETTE[2], PALETTE[4], PALETTE[1])


def pointing(frame: pd.DataFrame) -> Any:
    """Draw the answers to each word as bars.

    Parameters
    ----------
    frame : DataFrame
        Columns word, shown, outcome, answers and share.
    """
    from diptych.tasks.point.figures import OUTCOMES

    data = frame.assign(order=frame["outcome"].map(OUTCOMES.index))
    n = int(frame["answers"].sum())
    right = int(frame.loc[frame["outcome"].isin(OUTCOMES[:2]), "answers"].sum())
    said = told(f"{n:,} test answers; {right / n:.0%} right".replace("%", " %") if n else "")
    bars = (
        alt.Chart(data)
        .mark_bar(height={"band": 0.7})
        .encode(
            y=alt.Y("word:N", title=None, axis=alt.Axis(labelLimit=150, grid=False)),
            x=alt.X("share:Q", title="share of answers", stack="zero", **percent()),
            order="order:Q",
            color=alt.Color(
                "outcome:N",
                scale=alt.Scale(domain=list(OUTCOMES), range=list(COLOURS)),
                legend=alt.Legend(title=None, orient="top", columns=2),
            ),
            tooltip=["word", "shown", "outcome", "answers:Q", alt.Tooltip("share:Q", format=".1%")],
        )
        .properties(height=alt.Step(ROW))
    )
    chart = bars.facet(row=alt.Row("shown:N", title=None)).resolve_scale(y="independent")
    return chart.properties(title=said)
