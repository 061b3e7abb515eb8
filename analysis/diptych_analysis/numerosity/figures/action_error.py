"""Errors of action prediction by number (thesis Fig. 7.3, appendix Fig. 7.3 and 7.6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from diptych_analysis.charts import PALETTE, PHASE_LINE
from diptych_analysis.intervals import bayesian
from diptych_analysis.numerosity.analyses.action_error import action_error, chance_error
from diptych_analysis.numerosity.findings import Tested


def pooled_errors(tests: Sequence[Tested]) -> pd.DataFrame:
    """Draw action error by number for each group of seeds, all their predictions pooled."""
    parts = [
        action_error(t.walk_counts, t.walk_actions, t.walk_predicted, t.settings.limit).assign(
            group=t.settings.group, limit=t.settings.limit
        )
        for t in tests
    ]
    by = ["group", "limit", "number"]
    found = pd.concat(parts).groupby(by, as_index=False)[["n", "wrong"]].sum()
    found["error"] = found["wrong"] / found["n"]
    found["low"], found["high"] = bayesian(found["wrong"], found["n"])
    return found


def action_errors(tests: Sequence[Tested]) -> Any:
    """Draw errors by the number of objects before the action; grey ground is beyond training."""
    data = pooled_errors(tests)
    most = int(data["number"].max())
    groups = sorted(data["group"].unique())
    scale = alt.Scale(domain=groups, range=[PALETTE[i % len(PALETTE)] for i in range(len(groups))])
    legend = alt.Legend(title=None, orient="top", labelLimit=400, columns=2)
    colour = alt.Color("group:N", scale=scale, legend=legend if len(groups) > 1 else None)
    x = alt.X(
        "number:Q",
        title="objects before the action",
        axis=alt.Axis(tickMinStep=1),
        scale=alt.Scale(domain=[0, most + 0.3], nice=False),
    )
    axis = alt.Axis(format=".0%")
    y = alt.Y("error:Q", title="wrong predictions", axis=axis, scale=alt.Scale(domain=[0, 0.8]))
    limits = pd.DataFrame({"from": [data["limit"].min() + 0.5], "to": [most + 0.3]})
    beyond = alt.Chart(limits).mark_rect(color="#eef1f4").encode(x="from:Q", x2="to:Q")
    chance = chance_error(tests[0].walk_counts, most)
    guess = alt.Chart(chance).mark_line(strokeDash=[5, 3], color=PHASE_LINE, strokeWidth=1.4)
    base = alt.Chart(data).encode(x=x, color=colour)
    band = base.mark_area(opacity=0.2).encode(y=alt.Y("low:Q"), y2="high:Q")
    tip = ["group:N", "number:Q", alt.Tooltip("error:Q", format=".2%"), "n:Q"]
    line = base.mark_line(strokeWidth=2.2, point=True).encode(y=y, tooltip=tip)
    drawn = beyond + guess.encode(x="number:Q", y="error:Q") + band + line
    return drawn.properties(width=460, height=260)
