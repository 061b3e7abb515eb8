"""Interpretability against classification accuracy (MIS paper, Fig. 4A)."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from diptych_analysis.charts import INK, PALETTE
from diptych_analysis.mis.analyses.performance import accuracy_correlation
from diptych_analysis.mis.figures.parts import WIDE, legend, span


def against_accuracy(against: pd.DataFrame) -> Any:
    """Draw the mean MIS of the models over their accuracy; the Pareto-optimal ones are named."""
    data = against.assign(
        kind=against["pareto"].map({True: "Pareto-optimal", False: "other models"})
    )
    kinds = alt.Scale(domain=["other models", "Pareto-optimal"], range=[PALETTE[5], PALETTE[1]])
    room = max(float(data["accuracy"].max() - data["accuracy"].min()) * 0.08, 0.01)
    ends = [max(0, data["accuracy"].min() - room), min(1, data["accuracy"].max() + 2.5 * room)]
    x = alt.X(
        "accuracy:Q",
        title="classification accuracy (top-1)",
        axis=alt.Axis(format=".0%", tickCount=7),
        scale=alt.Scale(domain=ends, nice=True, zero=False),
    )
    y = alt.Y("mean:Q", title="mean MIS of units", scale=span(data, ["mean"], chance=False))
    base = alt.Chart(data).encode(x=x, y=y)
    tip = ["model:N", alt.Tooltip("accuracy:Q", format=".1%"), alt.Tooltip("mean:Q", format=".3f")]
    dots = base.mark_circle(size=70, opacity=0.9).encode(
        color=alt.Color("kind:N", scale=kinds, legend=legend()), tooltip=tip
    )
    front = alt.Chart(data[data["pareto"]]).encode(x=x, y=y)
    step = front.mark_line(color=PALETTE[1], strokeWidth=1.2, opacity=0.6)
    # nothing can stand to the upper right of a Pareto-optimal point, so its name does
    names = front.mark_text(align="left", dx=7, dy=-8, color=INK, fontSize=11).encode(
        text="model:N"
    )
    layers = [step, dots, names]
    found = accuracy_correlation(against)
    heading = alt.TitleParams(
        f"{len(data)} models", subtitle=found.words, fontSize=12, subtitleFontSize=11
    )
    return alt.layer(*layers).properties(width=WIDE - 160, height=300, title=heading)
