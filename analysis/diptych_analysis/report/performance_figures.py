"""Figures about performance: over trials, per participant, by confidence."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from diptych_analysis.charts import PALETTE, PHASE_LINE, QUIET
from diptych_analysis.intervals import wilson
from diptych_analysis.report.figures import PERCENT, UNIT_RANGE, first_test_trial
from diptych_analysis.report.performance import scored

#: Participants of the panels; more would not be readable.
MOST_PANELS = 40
COLUMNS = 8


def _rule(value: float | None, channel: str, colour: str, dash: list[int]) -> list[Any]:
    if value is None:
        return []
    at = alt.X("value:Q") if channel == "x" else alt.Y("value:Q")
    data = pd.DataFrame({"value": [value]})
    return [alt.Chart(data).mark_rule(color=colour, strokeDash=dash).encode(**{channel: at})]


def overall_curve(trials: pd.DataFrame, chance: float | None, window: int = 2) -> Any | None:
    """Draw right responses over trials, all classes together, chance dashed; None without any."""
    known = scored(trials, "training", "test")
    if known["trial_index"].nunique() < 2:
        return None
    rows = []
    for phase, part in known.groupby("phase"):
        counts = part.groupby("trial_index")["right"].agg(["sum", "count"])
        for trial in counts.index:
            near = counts.loc[trial - window : trial + window]
            rows.append((phase, int(trial) + 1, near["sum"].sum(), near["count"].sum()))
    curve = pd.DataFrame(rows, columns=["phase", "trial", "right", "n"])
    curve["accuracy"] = curve["right"] / curve["n"]
    curve["low"], curve["high"] = wilson(curve["right"], curve["n"])
    base = alt.Chart(curve)
    x = alt.X("trial:Q", title="trial", scale=alt.Scale(nice=False))
    band = base.mark_area(opacity=0.22, color=PALETTE[0]).encode(
        x=x,
        y=alt.Y("low:Q", title="right responses", axis=PERCENT, scale=UNIT_RANGE),
        y2="high:Q",
        detail="phase:N",
    )
    line = base.mark_line(strokeWidth=2.2, color=PALETTE[0]).encode(
        x=x,
        y=alt.Y("accuracy:Q"),
        detail="phase:N",
        tooltip=["phase:N", "trial:Q", alt.Tooltip("accuracy:Q", format=".0%"), "n:Q"],
    )
    layers = [band, line, *_rule(chance, "y", QUIET, [2, 3])]
    layers += _rule(first_test_trial(known), "x", PHASE_LINE, [5, 3])
    return alt.layer(*layers).properties(width=400, height=220)


def times_by_trial(trials: pd.DataFrame) -> Any | None:
    """Draw the median response time at each trial, with the middle half; None without times."""
    known = trials[trials["rt_ms"].notna() & (trials["rt_ms"] > 0)]
    known = known[known["phase"].isin(["training", "test"])]
    if known["trial_index"].nunique() < 2:
        return None
    seconds = known.assign(seconds=known["rt_ms"].astype(float) / 1000)
    parts = seconds.groupby(["phase", "trial_index"])["seconds"]
    found = parts.quantile(np.array([0.25, 0.5, 0.75])).unstack().reset_index()
    found.columns = pd.Index(["phase", "trial", "low", "median", "high"])
    found["trial"] += 1
    base = alt.Chart(found)
    x = alt.X("trial:Q", title="trial", scale=alt.Scale(nice=False))
    scale = alt.Scale(type="log", nice=False, padding=4)
    axis = alt.Axis(
        values=[0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 7, 10, 20, 50, 100], format="~g"
    )
    band = base.mark_area(opacity=0.22, color=PALETTE[0]).encode(
        x=x,
        y=alt.Y("low:Q", title="response time (s)", scale=scale, axis=axis),
        y2="high:Q",
        detail="phase:N",
    )
    line = base.mark_line(strokeWidth=2.2, color=PALETTE[0]).encode(
        x=x,
        y="median:Q",
        detail="phase:N",
        tooltip=["phase:N", "trial:Q", alt.Tooltip("median:Q", format=".2f")],
    )
    rules = _rule(first_test_trial(known), "x", PHASE_LINE, [5, 3])
    return alt.layer(band, line, *rules).properties(width=400, height=220)


def participant_panels(trials: pd.DataFrame, chance: float | None) -> Any | None:
    """Draw right responses over trials of each participant, best in the test first.

    Each point pools the five trials around it. With more than 40 sessions, every n-th by score is
    shown. None without training or test trials.
    """
    known = scored(trials, "training", "test")
    if known["trial_index"].nunique() < 5:
        return None
    tested = known[known["phase"] == "test"]
    scores = (tested if len(tested) else known).groupby("session_id")["right"].mean()
    order = scores.sort_values(ascending=False, kind="stable").index
    places = np.linspace(0, len(order) - 1, min(len(order), MOST_PANELS)).astype(int)
    change = first_test_trial(known)
    rows = []
    for place in places:
        part = known[known["session_id"] == order[place]].sort_values("trial_index")
        share = f"{scores[order[place]]:.0%}".replace("%", " %")
        own = pd.DataFrame({"trial": part["trial_index"].astype(int) + 1})
        own["accuracy"] = part["right"].rolling(5, center=True, min_periods=1).mean()
        own["panel"] = f"{place + 1}: {share}"
        own["participant"] = str(part["participant_id"].iloc[0])
        # Once per panel, or the dashes of many rules would fill each other's gaps.
        own["change"] = [change or np.nan, *[np.nan] * (len(own) - 1)]
        own["chance"] = [chance or np.nan, *[np.nan] * (len(own) - 1)]
        rows.append(own)
    data = pd.concat(rows, ignore_index=True)
    few = alt.Axis(values=[0, 1], format=".0%", title=None, grid=False)
    base = alt.Chart(data)
    line = base.mark_line(strokeWidth=1.4, color=PALETTE[0]).encode(
        x=alt.X("trial:Q", title=None, axis=alt.Axis(tickCount=2, grid=False, labelFlush=True),
                scale=alt.Scale(nice=False)),
        y=alt.Y("accuracy:Q", axis=few, scale=UNIT_RANGE),
        tooltip=["participant:N", "panel:N"],
    )  # fmt: skip
    rules = [
        base.mark_rule(color=PHASE_LINE, strokeDash=[3, 3]).encode(x="change:Q"),
        base.mark_rule(color=QUIET, strokeDash=[2, 3]).encode(y="chance:Q"),
    ]
    header = alt.Header(labelFontSize=10, labelFontWeight=400, labelPadding=2)
    panel = alt.Facet("panel:N", title=None, sort=list(data["panel"].unique()), header=header)
    layers = alt.layer(*rules, line).properties(width=92, height=54)
    return layers.facet(facet=panel, columns=COLUMNS, spacing=12)


def sensitivity_dots(found: pd.DataFrame) -> Any | None:
    """Draw d' and criterion of each session, with their means; None without rows."""
    if found.empty:
        return None
    panels = []
    for column, title in (("d_prime", "d'"), ("criterion", "criterion")):
        x = alt.X(f"{column}:Q", title=title, scale=alt.Scale(zero=True, padding=8))
        y = alt.Y("signal:N", title=None, axis=alt.Axis(grid=False, labelLimit=140))
        base = alt.Chart(found)
        dots = base.mark_circle(size=34, opacity=0.45, color=PALETTE[0]).encode(
            x=x, y=y, tooltip=["session_id:N", "signal:N", alt.Tooltip(f"{column}:Q", format=".2f")]
        )
        mean = base.mark_tick(thickness=2.5, size=20, color=PALETTE[1]).encode(
            x=f"mean({column}):Q", y=y
        )
        zero = alt.Chart(pd.DataFrame({column: [0.0]})).mark_rule(color=QUIET, strokeDash=[4, 3])
        height = max(60, 34 * found["signal"].nunique())
        layer = alt.layer(zero.encode(x=f"{column}:Q"), dots, mean)
        panels.append(layer.properties(width=330, height=height))
    return alt.hconcat(*panels, spacing=36)
