"""The chart of the caption task."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from diptych.figures.theme import percent, told
from diptych_analysis.charts import PALETTE

ROW, MOST = 20, 30


def named_words(frame: pd.DataFrame) -> Any:
    """Draw the most frequent words as bars.

    Parameters
    ----------
    frame : DataFrame
        Columns word, answers and share, the most frequent first.
    """
    drawn = frame.head(MOST)
    lines = [f"{len(frame):,} different words"]
    if len(frame) > MOST:
        lines.append(f"drawn are the {MOST} most frequent")
    return (
        alt.Chart(drawn)
        .mark_bar(color=PALETTE[0], height={"band": 0.7})
        .encode(
            y=alt.Y("word:N", sort=None, title=None, axis=alt.Axis(labelLimit=150, grid=False)),
            x=alt.X("share:Q", title="share of captions", **percent()),
            tooltip=["word", "answers:Q", alt.Tooltip("share:Q", format=".1%")],
        )
        .properties(height=ROW * max(len(drawn), 1), title=told(*lines))
    )
