"""Charts of the 2-AFC task."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from diptych.figures.theme import histogram, scores, share_words, told, whole
from diptych_analysis.charts import INK, PALETTE, QUIET
from diptych_analysis.intervals import wilson

ROW = 22
NAMED = 40  # units that are named; more stand in rank order
TIPS: list[Any] = [
    alt.Tooltip("his:Q", title="HIS", format=".3f"),
    alt.Tooltip("low:Q", format=".3f"),
    alt.Tooltip("high:Q", format=".3f"),
    "answers:Q",
    "sessions:Q",
]


def his_units(frame: pd.DataFrame) -> Any:
    """Draw units by HIS with intervals: in named rows, or in rank order where there are many."""
    data = frame.copy()
    data["rank"] = range(1, len(data) + 1)
    data["name"] = data["unit"] if "model" not in data else data["model"] + " · " + data["unit"]
    n, answers = len(data), int(data["answers"].sum())
    mean = data["his"].mean()
    title = told(
        f"{answers:,} answers about {n:,} unit{'s' if n > 1 else ''}",
        f"mean HIS {mean:.2f}, {data['his'].min():.2f} to {data['his'].max():.2f}",
    )
    least = _least(data)
    if n <= NAMED:
        return _rows(data, "name", least).properties(height=ROW * len(data), title=title)
    base = alt.Chart(data).encode(
        x=alt.X("rank:Q", title="units, by HIS", scale=alt.Scale(domain=[0, n + 1], nice=False)),
        tooltip=["name", *TIPS],
    )
    y = {"title": "HIS", **scores(least)}
    rules = base.mark_rule(color=PALETTE[0], opacity=0.3).encode(y=alt.Y("low:Q", **y), y2="high:Q")
    size = 30 if n <= 200 else 10
    dots = base.mark_point(filled=True, color=PALETTE[0], opacity=1, size=size)
    chance = alt.Chart(pd.DataFrame({"his": [0.5]})).mark_rule(color=QUIET, strokeDash=[4, 3])
    layers = rules + dots.encode(y=alt.Y("his:Q", **y)) + chance.encode(y=alt.Y("his:Q", **y))
    return layers.properties(height=320, title=title)


def his_groups(frame: pd.DataFrame) -> Any:
    """Draw groups in rows, those of one attribute together and in one colour."""
    data = frame.copy()
    data["name"] = [
        "all test trials" if by == "all" else f"{by}: {group}"
        for by, group in zip(data["by"], data["group"], strict=True)
    ]
    whole_study = data[data["by"] == "all"].iloc[0] if bool((data["by"] == "all").any()) else None
    lines = [f"{int(data['sessions'].max()):,} sessions"]
    if whole_study is not None:
        words = "{his:.2f} ({low:.2f} to {high:.2f})".format(**whole_study)
        lines = [f"{int(whole_study['answers']):,} test answers in {lines[0]}", f"HIS {words}"]
    chart = _rows(data, "name", _least(data), by=True)
    return chart.properties(height=ROW * len(data), title=told(*lines))


def _least(data: pd.DataFrame) -> float:
    """Return where the axis begins: at 0.3 or so where nothing is lower."""
    return min(0.4, max(0.0, float(data["low"].min()) // 0.1 / 10))


def _rows(data: pd.DataFrame, name: str, least: float, by: bool = False) -> Any:
    y = alt.Y(f"{name}:N", sort=list(data[name]), title=None,
              axis=alt.Axis(labelLimit=150, grid=False))  # fmt: skip
    colour: Any = alt.value(PALETTE[0])
    if by:
        kinds = list(dict.fromkeys(data["by"]))
        ink = [INK, *PALETTE[:6]]
        colours = [ink[i % len(ink)] for i in range(len(kinds))]
        colour = alt.Color("by:N", scale=alt.Scale(domain=kinds, range=colours), legend=None)
    base = alt.Chart(data).encode(y=y, color=colour, tooltip=[name, *TIPS])
    x = {"title": "HIS: share of right answers", **scores(least)}
    bars = base.mark_rule(strokeWidth=2, opacity=0.6).encode(x=alt.X("low:Q", **x), x2="high:Q")
    dots = base.mark_point(filled=True, size=60, opacity=1).encode(x=alt.X("his:Q", **x))
    chance = alt.Chart(pd.DataFrame({"his": [0.5]})).mark_rule(color=QUIET, strokeDash=[4, 3])
    return chance.encode(x=alt.X("his:Q", **x)) + bars + dots


def catch_trials(frame: pd.DataFrame, needed: float) -> Any:
    """Draw the sessions by share of right catch trials, beside the share that is asked for."""
    data = frame.groupby("share", as_index=False).agg(
        sessions=("sessions", "sum"), passed=("passed", "first")
    )
    steps = max(int(frame["of"].max()), 1)
    half = 0.4 / min(steps, 20)
    data["from"], data["to"] = data["share"] - half, data["share"] + half
    data["outcome"] = data["passed"].map({True: "passed", False: "not passed"})
    scale = alt.Scale(domain=[-half * 1.2, 1 + half * 1.2], nice=False)
    bars = histogram(
        data,
        alt.X("from:Q", title="share of right catch trials", scale=scale,
              axis=alt.Axis(format=".0%", values=[0, 0.2, 0.4, 0.6, 0.8, 1], grid=False)),
        "to:Q",
        alt.Y("sessions:Q", title="sessions", axis=whole(data["sessions"])),
        color=alt.Color(
            "outcome:N",
            scale=alt.Scale(domain=["passed", "not passed"], range=[PALETTE[0], PALETTE[1]]),
            legend=alt.Legend(title=None, orient="top", symbolOpacity=1),
        ),
        tooltip=[alt.Tooltip("share:Q", format=".0%"), "sessions:Q", "outcome"],
    )  # fmt: skip
    at = pd.DataFrame({"x": [needed - 0.5 / min(steps, 20)]})
    rule = alt.Chart(at).mark_rule(color=INK, strokeDash=[5, 3], strokeWidth=1.5)
    n = int(frame["sessions"].sum())
    passed = int(frame.loc[frame["passed"], "sessions"].sum())
    right = int((frame["right"] * frame["sessions"]).sum())
    of = int((frame["of"] * frame["sessions"]).sum())
    low, high = (float(v) for v in wilson(passed, n))
    title = told(
        f"{n:,} sessions; {share_words(passed / n, low, high)} reach {needed:.0%}".replace(
            "%", " %"
        ).replace("  ", " "),
        f"{right:,} of {of:,} catch trials right",
    )
    return (bars + rule.encode(x=alt.X("x:Q", scale=scale))).properties(height=230, title=title)


def position_bias(frame: pd.DataFrame) -> Any:
    """Draw the sessions by their share of answers `top`."""
    data = frame[frame["measure"] == "sessions"]
    said = {row["measure"]: row for _, row in frame[frame["measure"] != "sessions"].iterrows()}
    scale = alt.Scale(domain=[0, 1], nice=False)
    bars = histogram(
        data,
        alt.X("from:Q", title="share of answers that chose the top image", scale=scale,
              axis=alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1])),
        "to:Q",
        alt.Y("sessions:Q", title="sessions", axis=whole(data["sessions"])),
        tooltip=[alt.Tooltip("from:Q", format=".1%"), alt.Tooltip("to:Q", format=".1%"),
                 "sessions:Q"],
    )  # fmt: skip
    half = alt.Chart(pd.DataFrame({"x": [0.5]})).mark_rule(color=INK, strokeDash=[5, 3])
    top = said["top chosen"]
    lines = [
        f"{int(top['sessions']):,} sessions",
        f"top chosen in {share_words(top['share'], top['low'], top['high'])} of answers",
    ]
    right = [
        f"{share_words(row['share'], row['low'], row['high'])} where the {side} was right"
        for side in ("top", "bottom")
        if (row := said.get(f"right where the {side} was right")) is not None
    ]
    if right:
        lines += [f"right: {right[0]}", *right[1:]]
    layers = bars + half.encode(x=alt.X("x:Q", scale=scale))
    return layers.properties(height=230, title=told(*lines))
