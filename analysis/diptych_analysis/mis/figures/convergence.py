"""How the score settles as tasks are added (MIS paper, Fig. 14)."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from diptych_analysis.mis.figures.parts import legend, run_colours

BANDS = 3  # more would hide one another


def convergence(found: pd.DataFrame, title: str) -> Any:
    """Draw the mean absolute difference from the score of all tasks.

    Up to three runs have one standard deviation around.

    `found` is of `first_tasks` or `recreated`, of runs that one `model` name tells apart.
    """
    names = sorted(found["model"].unique())
    data = found.assign(low=(found["mean"] - found["sd"]).clip(lower=0))
    data["high"] = found["mean"] + found["sd"]
    colour = alt.Color(
        "model:N",
        scale=run_colours(names),
        sort=names,
        legend=legend(columns=2, labelLimit=230) if len(names) > 1 else None,
    )
    axis = alt.Axis(tickMinStep=1, grid=False)
    base = alt.Chart(data).encode(x=alt.X("n:Q", title="number of tasks", axis=axis), color=colour)
    y = alt.Y("mean:Q", title="absolute difference in MIS")
    tip = ["model:N", "n:Q", alt.Tooltip("mean:Q", format=".4f"), "units:Q"]
    band = base.mark_area(opacity=0.13).encode(y=alt.Y("low:Q", title=""), y2="high:Q")
    line = base.mark_line(strokeWidth=2).encode(y=y)
    dots = base.mark_circle(size=32, opacity=1).encode(y=y, tooltip=tip)
    heading = alt.TitleParams(title, fontSize=12)
    drawn = line + dots
    if len(names) <= BANDS:
        drawn = band + drawn
    return drawn.properties(width=330, height=220, title=heading)
