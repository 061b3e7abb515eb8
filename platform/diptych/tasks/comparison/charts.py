"""Charts of the comparison task."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from diptych.figures.theme import percent, told
from diptych_analysis.charts import PALETTE, QUIET
from diptych_analysis.psychometric import PsychometricFault
from diptych_analysis.psychometric.fit import Counts, Psychometric, fit

STEPS = 100  # points of the line


def curve(frame: pd.DataFrame, attribute: str) -> Any:
    """Shares that chose the test display, by level, and the function fitted to all answers.

    Parameters
    ----------
    frame : DataFrame
        Columns level, sessions, answers, chosen, share, low and high.
    attribute : str
        Name of the level, for the axis.
    """
    found = fitted(frame)
    logarithmic = bool((frame["level"] > 0).all())
    lines = [f"{int(frame['answers'].sum()):,} answers at {len(frame)} levels"]
    if isinstance(found, Psychometric):
        lines.append(
            f"PSE {found.threshold:.3g}, Weber fraction {found.weber:.2f}, "
            f"lapse rate {found.lapse:.1%}".replace("%", " %")
        )
    else:
        lines.append(f"no function: {found}")
    kind: Any = "log" if logarithmic else "linear"
    x: dict[str, Any] = {
        "title": attribute,
        "scale": alt.Scale(type=kind, nice=False, padding=12, zero=False),
        "axis": alt.Axis(values=sorted(frame["level"]), labelOverlap=True, format="~g"),
    }
    y: dict[str, Any] = {"title": "test chosen", **percent()}
    base = alt.Chart(frame).encode(
        x=alt.X("level:Q", **x),
        tooltip=["level", alt.Tooltip("share:Q", format=".1%"), "answers:Q", "sessions:Q"],
    )
    rules = base.mark_rule(color=PALETTE[0], strokeWidth=2, opacity=0.6).encode(
        y=alt.Y("low:Q", **y), y2="high:Q"
    )
    dots = base.mark_point(filled=True, size=60, opacity=1, color=PALETTE[0])
    half = alt.Chart(pd.DataFrame({"share": [0.5]})).mark_rule(color=QUIET, strokeDash=[4, 3])
    layers = half.encode(y=alt.Y("share:Q", **y)) + rules + dots.encode(y=alt.Y("share:Q", **y))
    if isinstance(found, Psychometric):
        ends = float(frame["level"].min()), float(frame["level"].max())
        level = np.geomspace(*ends, STEPS) if logarithmic else np.linspace(*ends, STEPS)
        line = pd.DataFrame({"level": level, "share": found.probability(level)})
        layers += (
            alt.Chart(line)
            .mark_line(color=PALETTE[0], strokeWidth=2)
            .encode(x=alt.X("level:Q", **x), y=alt.Y("share:Q", **y))
        )
    return layers.properties(height=300, title=told(*lines))


def fitted(frame: pd.DataFrame) -> Psychometric | str:
    """Return the function of all answers, on a logarithmic axis if it has one; or why there's none.

    Parameters
    ----------
    frame : DataFrame
        Columns level, answers and chosen.
    """
    level, total, chosen = (
        frame[name].to_numpy(dtype=float) for name in ("level", "answers", "chosen")
    )
    order = np.argsort(level)
    counts = Counts(level[order], chosen[order], total[order])
    try:
        return fit(counts, log=bool((level > 0).all()))
    except PsychometricFault as fault:
        return str(fault)
