"""The chart of the identify task."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from diptych.figures.theme import told
from diptych_analysis.charts import INK

SHADES = ["#eef4f9", "#0071B1"]


def confusion(frame: pd.DataFrame, labels: list[str]) -> Any:
    """Answers by right answer, as shares of the rows.

    Parameters
    ----------
    frame : DataFrame
        Columns label, response, answers, share, low and high.
    labels : list of str
        All answers, in the order of their buttons.
    """
    axis = alt.Axis(labelLimit=130, grid=False, domain=False, ticks=False,
                    labelAngle=0 if len(labels) <= 6 else -45)  # fmt: skip
    base = alt.Chart(frame).encode(
        x=alt.X("response:N", title="answered", scale=alt.Scale(domain=labels), axis=axis),
        y=alt.Y("label:N", title="right answer", scale=alt.Scale(domain=labels),
                axis=alt.Axis(labelLimit=130, grid=False, domain=False, ticks=False)),
        tooltip=["label", "response", "answers:Q", alt.Tooltip("share:Q", format=".1%"),
                 alt.Tooltip("low:Q", format=".1%"), alt.Tooltip("high:Q", format=".1%")],
    )  # fmt: skip
    shades = alt.Scale(domain=[0, 1], range=SHADES)
    cells = base.mark_rect(cornerRadius=2).encode(alt.Color("share:Q", scale=shades, legend=None))
    text = base.mark_text(fontSize=13 if len(labels) <= 6 else 10).encode(
        text=alt.Text("share:Q", format=".0%"),
        color=alt.condition("datum.share > 0.7", alt.value("#ffffff"), alt.value(INK)),
    )
    right = int(frame.loc[frame["label"] == frame["response"], "answers"].sum())
    n = int(frame["answers"].sum())
    said = told(f"{n:,} test answers; {right / n:.0%} right".replace("%", " %") if n else "")
    height = max(180, min(460, 52 * len(labels)))
    return (cells + text).properties(height=height, title=said)
