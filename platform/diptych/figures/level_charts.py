"""The chart of a psychometric function over all answers of a condition."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from diptych.figures.theme import percent, told
from diptych_analysis.charts import PALETTE
from diptych_analysis.psychometric import PsychometricFault
from diptych_analysis.psychometric.fit import Counts, Psychometric, fit
from diptych_analysis.psychometric.people import is_falling
from diptych_analysis.tables.schema import Judged

_POINTS = 60


def function(frame: pd.DataFrame, attribute: str, judged: Judged) -> Any:
    """Points with intervals by level, and a fitted function per condition.

    Parameters
    ----------
    frame : DataFrame
        Columns condition, level, sessions, answers, positive, share, low and high.
    attribute : str
        Name of the level.
    judged : Judged
        Positive answer, guessing rate and axis.
    """
    log = judged.log and bool((frame["level"] > 0).all())
    names = list(dict.fromkeys(frame["condition"]))
    lines, said = [], [f"{int(frame['answers'].sum()):,} answers"]
    for name in names:
        part = frame[frame["condition"] == name]
        fitted = _fitted(part, judged, log=log)
        if fitted is None:
            continue
        lines.append(_curve(name, part, fitted))
        label = f"{name}: " if len(names) > 1 else ""
        word = "PSE" if judged.guess is None else "threshold"
        said.append(f"{label}{word} {fitted.threshold:.3g}, Weber fraction {fitted.weber:.2g}")
    title = f"share answered “{judged.positive}”" if judged.positive else "share of right answers"
    scale = alt.Scale(type="log" if log else "linear", zero=False, nice=False, padding=12)
    x: dict[str, Any] = {"title": attribute, "scale": scale}
    colour = alt.Color(
        "condition:N",
        scale=alt.Scale(domain=names, range=[PALETTE[i % len(PALETTE)] for i in range(len(names))]),
        legend=alt.Legend(title=None, orient="top") if len(names) > 1 else None,
    )
    base = alt.Chart(frame).encode(x=alt.X("level:Q", **x), color=colour)
    rules = base.mark_rule(opacity=0.5).encode(
        y=alt.Y("low:Q", title=title, **percent()), y2="high:Q"
    )
    dots = base.mark_point(filled=True, opacity=1).encode(
        y=alt.Y("share:Q", title=title, **percent()),
        size=alt.Size("answers:Q", legend=None, scale=alt.Scale(range=[20, 160], zero=True)),
        tooltip=["condition", "level:Q", alt.Tooltip("share:Q", format=".1%"), "answers:Q",
                 "sessions:Q"],
    )  # fmt: skip
    layers = [rules, dots]
    if lines:
        curve = alt.Chart(pd.concat(lines)).mark_line(strokeWidth=2.5)
        layers.insert(0, curve.encode(x=alt.X("level:Q", **x), color=colour,
                                      y=alt.Y("share:Q", title=title, **percent())))  # fmt: skip
    return alt.layer(*layers).properties(height=260, title=told(*said))


def _fitted(part: pd.DataFrame, judged: Judged, *, log: bool) -> Psychometric | None:
    """Return the function of a condition; None where its answers determine none."""
    part = part.sort_values("level")
    counts = Counts(*(part[n].to_numpy(dtype=float) for n in ("level", "positive", "answers")))
    answers = pd.DataFrame({"level": part["level"], "positive": part["share"]})
    try:
        return fit(counts, guess=judged.guess, log=log, falling=is_falling(answers, log=log))
    except PsychometricFault:
        return None


def _curve(name: str, part: pd.DataFrame, fitted: Psychometric) -> pd.DataFrame:
    low, high = part["level"].min(), part["level"].max()
    x = (np.geomspace if fitted.log else np.linspace)(low, high, _POINTS)
    return pd.DataFrame({"condition": name, "level": x, "share": fitted.probability(x)})
