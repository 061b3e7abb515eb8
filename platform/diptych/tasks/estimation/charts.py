"""The chart of the estimation task."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from diptych.figures.theme import told
from diptych_analysis.charts import PALETTE, QUIET


def estimates(frame: pd.DataFrame) -> Any:
    """Median estimates by true number with their middle half, and a power function.

    Parameters
    ----------
    frame : DataFrame
        Columns number, answers, median, low and high.
    """
    lines = [f"{int(frame['answers'].sum()):,} estimates of {len(frame)} numbers"]
    power = power_of(frame)
    if power is not None:
        lines.append(f"medians follow {power[0]:.3g} N^{power[1]:.3g}")
    most = float(max(frame["number"].max(), frame["high"].max()))
    x: dict[str, Any] = {"title": "true number", "scale": alt.Scale(domain=[0, most], nice=True)}
    y: dict[str, Any] = {"title": "estimate", "scale": alt.Scale(domain=[0, most], nice=True)}
    base = alt.Chart(frame).encode(
        x=alt.X("number:Q", **x), tooltip=["number", "median", "low", "high", "answers:Q"]
    )
    rules = base.mark_rule(color=PALETTE[0], strokeWidth=2, opacity=0.6).encode(
        y=alt.Y("low:Q", **y), y2="high:Q"
    )
    dots = base.mark_point(filled=True, size=45, opacity=1, color=PALETTE[0])
    ends = pd.DataFrame({"number": [0, most], "estimate": [0, most]})
    same = alt.Chart(ends).mark_line(color=QUIET, strokeDash=[4, 3], strokeWidth=1)
    layers = same.encode(x=alt.X("number:Q", **x), y=alt.Y("estimate:Q", **y)) + rules
    layers += dots.encode(y=alt.Y("median:Q", **y))
    if power is not None:
        number = np.linspace(float(frame["number"].min()), float(frame["number"].max()), 100)
        number = number[number > 0]
        line = pd.DataFrame({"number": number, "estimate": power[0] * number ** power[1]})
        layers += (
            alt.Chart(line)
            .mark_line(color=PALETTE[1], strokeWidth=1.5)
            .encode(x=alt.X("number:Q", **x), y=alt.Y("estimate:Q", **y))
        )
    return layers.properties(height=320, title=told(*lines))


def power_of(frame: pd.DataFrame) -> tuple[float, float] | None:
    """Return a and b of estimate = a N^b by least squares on logarithms; None for too few numbers.

    Parameters
    ----------
    frame : DataFrame
        Columns number, answers (the weights) and median; numbers and medians of 0 are left out.
    """
    data = frame[(frame["number"] > 0) & (frame["median"] > 0)]
    if data["number"].nunique() < 3:
        return None
    x, y = np.log(data["number"].to_numpy(float)), np.log(data["median"].to_numpy(float))
    slope, intercept = np.polyfit(x, y, 1, w=np.sqrt(data["answers"].to_numpy(float)))
    return float(np.exp(intercept)), float(slope)
