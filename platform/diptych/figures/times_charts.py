"""Charts of times, on logarithmic axes."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from diptych.figures.bins import edges, log_bin, quantile
from diptych.figures.theme import histogram, legend, phases_scale, told, whole
from diptych_analysis.charts import INK, PALETTE

HEIGHT = 240


def response_times(frame: pd.DataFrame) -> Any:
    """Draw a phase's answers by response time, in steps, with the median of each phase."""
    phases = list(dict.fromkeys(frame["phase"]))
    steps = pd.concat([_steps(frame[frame["phase"] == phase], "share") for phase in phases])
    medians = pd.DataFrame(
        [{"phase": phase, "seconds": _median(frame[frame["phase"] == phase]) / 1000}
         for phase in phases]
    )  # fmt: skip
    colour = alt.Color("phase:N", scale=phases_scale(phases), legend=legend())
    x = alt.X(
        "seconds:Q",
        title="response time in seconds",
        scale=alt.Scale(type="log", nice=False),
        axis=seconds_axis(),
    )
    y = alt.Y(
        "share:Q", title="share of the phase's answers", axis=alt.Axis(format="~%"), stack=None
    )
    base = alt.Chart(steps).encode(x=x, color=colour)
    area = base.mark_area(interpolate="step-after", opacity=0.14).encode(y=y)
    line = base.mark_line(interpolate="step-after", strokeWidth=2).encode(
        y=y, tooltip=["phase", alt.Tooltip("share:Q", format=".1%"), "answers:Q"]
    )
    rules = (
        alt.Chart(medians)
        .mark_rule(strokeDash=[5, 3], strokeWidth=1.5)
        .encode(x=x, color=colour, tooltip=["phase", alt.Tooltip("seconds:Q", format=".2f")])
    )
    words = ", ".join(f"{m.phase} {m.seconds:.1f} s" for m in medians.itertuples())
    title = told(f"{int(frame['answers'].sum()):,} answers", f"medians: {words}")
    return (area + line + rules).properties(height=HEIGHT, title=title)


def _steps(frame: pd.DataFrame, value: str) -> pd.DataFrame:
    """Add the empty bins between and around the bins, by their lower end in seconds."""
    by_bin = {bin_of(low): row for low, row in zip(frame["from_ms"], frame.index, strict=True)}
    rows = []
    for number in range(min(by_bin) - 1, max(by_bin) + 2):
        row = frame.loc[by_bin[number]].to_dict() if number in by_bin else {}
        empty = {**frame.iloc[0].to_dict(), value: 0, "answers": 0}
        rows.append({**(row or empty), "seconds": edges(number)[0] / 1000})
    return pd.DataFrame(rows)


def bin_of(low: float) -> int:
    """Return the bin with this lower end."""
    return log_bin(low * 1.01)


def _median(frame: pd.DataFrame) -> float:
    bins = [bin_of(low) for low in frame["from_ms"]]
    return quantile(list(zip(bins, frame["answers"], strict=True)), 0.5) or float("nan")


def seconds_axis() -> alt.Axis:
    """Return the ticks at 1, 2, 5, 10, … in plain numbers."""
    values = [m * 10.0**e for e in range(-3, 5) for m in (1, 2, 5)]
    return alt.Axis(values=values, format="~g", grid=True, labelOverlap=True)


def durations(frame: pd.DataFrame, told_minutes: float) -> Any:
    """Draw sessions by duration, with their median and the duration that participants are told."""
    bins = [bin_of(low * 60_000) for low in frame["from_minutes"]]
    median = (quantile(list(zip(bins, frame["sessions"], strict=True)), 0.5) or 0) / 60_000
    scale = alt.Scale(type="log", nice=False)
    x = alt.X("from_minutes:Q", title="minutes from consent to end", scale=scale,
              axis=seconds_axis())  # fmt: skip
    y = alt.Y("sessions:Q", title="sessions", axis=whole(frame["sessions"]))
    tips = [alt.Tooltip(f"{name}:Q", format=".3g") for name in ("from_minutes", "to_minutes")]
    bars = histogram(frame, x, "to_minutes:Q", y, tooltip=[*tips, "sessions:Q"])
    lines = pd.DataFrame({"what": ["median", "told"], "minutes": [median, told_minutes]})
    rules = (
        alt.Chart(lines)
        .mark_rule(strokeWidth=2)
        .encode(
            x=alt.X("minutes:Q", scale=scale),
            color=alt.Color(
                "what:N",
                scale=alt.Scale(domain=["median", "told"], range=[PALETTE[1], INK]),
                legend=legend(symbolType="stroke"),
            ),
            strokeDash=alt.StrokeDash(
                "what:N",
                scale=alt.Scale(domain=["median", "told"], range=[[1, 0], [5, 3]]),
                legend=legend(symbolType="stroke"),
            ),
            tooltip=["what", alt.Tooltip("minutes:Q", format=".2f")],
        )
    )
    title = told(
        f"{int(frame['sessions'].sum()):,} sessions",
        f"median {minutes_words(median)}; the study announces {minutes_words(told_minutes)}",
    )
    return (bars + rules).properties(height=HEIGHT, title=title)


def minutes_words(minutes: float) -> str:
    """Return `9.5 minutes`; seconds below one minute."""
    if minutes < 1:
        return f"{minutes * 60:.2g} seconds"
    return f"{minutes:.0f} minutes" if minutes >= 20 else f"{round(minutes, 1):g} minutes"
