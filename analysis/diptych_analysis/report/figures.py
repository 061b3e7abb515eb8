"""The figures of the report: what people (or simulations, or machines) answered."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from diptych_analysis.charts import INK, PALETTE, PHASE_LINE, QUIET, classes_scale
from diptych_analysis.intervals import wilson

PERCENT = alt.Axis(format=".0%")
UNIT_RANGE = alt.Scale(domain=[0, 1])


def learning_curves(trials: pd.DataFrame, window: int = 2) -> Any:
    """Draw accuracy on each class over trials, pooled over `window` trials either side (Wilson)."""
    known = trials[trials["correct"].notna() & trials["phase"].isin(["training", "test"])]
    curve = smoothed_accuracy(known, window)
    change = first_test_trial(known)
    # once a panel, or the dashes of many rules would fill each other's gaps
    curve["change"] = np.where(curve["label"].duplicated(), np.nan, change or np.nan)
    classes = sorted(curve["label"].unique())
    colour = alt.Color("label:N", scale=classes_scale(classes), legend=None)
    base = alt.Chart(curve)
    x = alt.X("trial:Q", title="trial", scale=alt.Scale(nice=False))
    band = base.mark_area(opacity=0.22, line=False).encode(
        x=x,
        y=alt.Y("low:Q", title="right answers", axis=PERCENT, scale=UNIT_RANGE),
        y2="high:Q",
        color=colour,
    )
    line = base.mark_line(strokeWidth=2.2).encode(
        x=x,
        y=alt.Y("accuracy:Q", scale=UNIT_RANGE),
        color=colour,
        tooltip=[
            alt.Tooltip("label:N", title="class"),
            "trial:Q",
            alt.Tooltip("accuracy:Q", format=".0%"),
            alt.Tooltip("n:Q", title="answers pooled"),
        ],
    )
    layers = [band, line]
    if change is not None:
        rule = base.mark_rule(strokeDash=[5, 3], strokeWidth=1.5, color=PHASE_LINE)
        layers.append(rule.encode(x="change:Q"))
    width = max(120, 820 // max(1, min(len(classes), 5)) - 30)
    return (
        alt.layer(*layers)
        .properties(width=width, height=190)
        .facet(facet=alt.Facet("label:N", title=None, sort=classes), columns=5)
    )


def first_test_trial(trials: pd.DataFrame) -> float | None:
    """Return where training gives way to test, as most sessions have it (trials count from 1)."""
    last = trials[trials["phase"] == "training"].groupby("session_id")["trial_index"].max()
    if last.empty or not (trials["phase"] == "test").any():
        return None
    return float(last.mode().iloc[0]) + 1.5


def smoothed_accuracy(trials: pd.DataFrame, window: int) -> pd.DataFrame:
    """Compute label, trial (from 1), accuracy, low, high, n; windows end at the phase change."""
    rows = []
    right = trials.assign(right=trials["correct"].astype(float))
    counts = right.groupby(["phase", "label", "trial_index"])["right"].agg(["sum", "count"])
    for (phase, label), part in counts.groupby(level=[0, 1]):
        part = part.droplevel([0, 1]).sort_index()
        for trial in part.index:
            near = part.loc[trial - window : trial + window]
            rows.append((phase, label, int(trial) + 1, near["sum"].sum(), near["count"].sum()))
    found = pd.DataFrame(rows, columns=["phase", "label", "trial", "right", "n"])
    found["accuracy"] = found["right"] / found["n"]
    found["low"], found["high"] = wilson(found["right"], found["n"])
    return found.sort_values(["label", "trial"])


def session_scores(trials: pd.DataFrame) -> pd.DataFrame:
    """Count right answers of every session by phase: phase, session_id, right, of."""
    known = trials[trials["correct"].notna() & trials["phase"].isin(["training", "test"])]
    right = known.assign(right=known["correct"].astype(int))
    found = right.groupby(["phase", "session_id"])["right"].agg(right="sum", of="count")
    return found.reset_index()


def skewness(values: pd.Series) -> float:
    """Return the third standardised moment; NaN where it is not defined."""
    x = values.to_numpy(dtype=float)
    spread = x.std()
    return float((((x - x.mean()) / spread) ** 3).mean()) if spread > 0 else float("nan")


def score_histograms(trials: pd.DataFrame) -> Any:
    """Draw sessions by their number of right answers, in training and test; median and skewness."""
    scores = session_scores(trials)
    panels = []
    for phase, colour in (("training", PALETTE[5]), ("test", PALETTE[0])):
        part = scores[scores["phase"] == phase]
        if part.empty:
            continue
        most = int(part["of"].max())
        counts = part.groupby("right").size().reindex(range(most + 1), fill_value=0)
        data = pd.DataFrame({"right": counts.index, "sessions": counts.to_numpy()})
        title = f"{phase}: median {part['right'].median():g} of {most}"
        subtitle = f"skewness {skewness(part['right']):+.2f}, {len(part)} sessions"
        bars = (
            alt.Chart(data)
            .mark_bar(color=colour, size=max(4, 320 // (most + 2)))
            .encode(
                x=alt.X(
                    "right:Q",
                    title="right answers",
                    axis=alt.Axis(tickMinStep=1, grid=False),
                    scale=alt.Scale(domain=[-0.6, most + 0.6], nice=False),
                ),
                y=alt.Y("sessions:Q", axis=alt.Axis(tickMinStep=1)),
                tooltip=["right:Q", "sessions:Q"],
            )
        )
        median = (
            alt.Chart(pd.DataFrame({"right": [float(part["right"].median())]}))
            .mark_rule(color=INK, strokeDash=[4, 3])
            .encode(x="right:Q")
        )
        heading = alt.TitleParams(title, subtitle=subtitle)
        panels.append((bars + median).properties(width=360, height=190, title=heading))
    return alt.hconcat(*panels, spacing=40)


def confusion_matrix(trials: pd.DataFrame) -> Any:
    """Draw the share of each answer to each true class, training beside test."""
    known = trials[trials["response"].notna() & trials["label"].notna()]
    panels = []
    for phase in ("training", "test"):
        part = known[known["phase"] == phase]
        if part.empty:
            continue
        share = pd.crosstab(part["label"], part["response"], normalize="index")
        cells = share.reset_index().melt("label", var_name="response", value_name="share")
        order = sorted(set(known["label"]) | set(known["response"]))
        base = alt.Chart(cells).encode(
            x=alt.X(
                "response:N", sort=order, title="answer", axis=alt.Axis(labelAngle=-35, grid=False)
            ),
            y=alt.Y("label:N", sort=order, title="true class", axis=alt.Axis(grid=False)),
        )
        boxes = base.mark_rect(stroke="white", strokeWidth=2).encode(
            color=alt.Color("share:Q", scale=alt.Scale(scheme="blues", domain=[0, 1]), legend=None),
            tooltip=["label:N", "response:N", alt.Tooltip("share:Q", format=".1%")],
        )
        text = base.mark_text(fontSize=12).encode(
            text=alt.Text("share:Q", format=".0%"),
            color=alt.condition("datum.share > 0.55", alt.value("white"), alt.value(INK)),
        )
        size = max(170, 48 * len(order))
        panels.append((boxes + text).properties(width=size, height=size * 0.8, title=phase))
    return alt.hconcat(*panels, spacing=40)


def proportions(trials: pd.DataFrame, by: str) -> pd.DataFrame:
    """Return `by`, accuracy, low, high, n of the answered trials."""
    known = trials[trials["correct"].notna() & trials[by].notna()]
    found = known.assign(right=known["correct"].astype(float)).groupby(by)["right"]
    table = found.agg(right="sum", n="count").reset_index()
    table["accuracy"] = table["right"] / table["n"]
    table["low"], table["high"] = wilson(table["right"], table["n"])
    return table


def _dots(data: pd.DataFrame, position: Any, horizontal: bool) -> Any:
    """Draw the points with intervals, chance marked."""
    share = "x" if horizontal else "y"
    base = alt.Chart(data)
    tip = [
        position.shorthand,
        alt.Tooltip("accuracy:Q", format=".1%"),
        alt.Tooltip("low:Q", format=".1%"),
        alt.Tooltip("high:Q", format=".1%"),
        "n:Q",
    ]
    channel = alt.X if horizontal else alt.Y
    at = {"y": position} if horizontal else {"x": position}
    low = channel("low:Q", title="right answers", axis=PERCENT, scale=UNIT_RANGE)
    bars = base.mark_rule(strokeWidth=2, color=PALETTE[0], opacity=0.55).encode(
        **at, **{share: low, share + "2": "high:Q"}
    )
    points = base.mark_point(filled=True, size=70, color=PALETTE[0], opacity=1).encode(
        **at, **{share: channel("accuracy:Q")}, tooltip=tip
    )
    chance = alt.Chart(pd.DataFrame({"accuracy": [0.5]})).mark_rule(color=QUIET, strokeDash=[4, 3])
    return chance.encode(**{share: channel("accuracy:Q")}) + bars + points


def by_unit(trials: pd.DataFrame) -> Any:
    """Draw the share of right answers per unit, best first, with Wilson 95 % intervals."""
    table = proportions(trials, "unit").sort_values("accuracy", ascending=False)
    order = list(table["unit"])
    y = alt.Y("unit:N", sort=order, title=None, axis=alt.Axis(labelLimit=220))
    return _dots(table, y, horizontal=True).properties(width=380, height=max(120, 22 * len(order)))


def by_difficulty(trials: pd.DataFrame) -> Any | None:
    """Draw the share right by the items' difficulty (at most eight equal groups), if known."""
    if "difficulty" not in trials.columns:
        return None
    values = pd.to_numeric(trials["difficulty"], errors="coerce")
    part = trials.assign(difficulty=values)[values.notna()]
    if part.empty:
        return None
    if part["difficulty"].nunique() > 8:
        part["difficulty"] = pd.qcut(part["difficulty"], 8, duplicates="drop").map(
            lambda interval: round(interval.mid, 3)
        )
    table = proportions(part.assign(difficulty=part["difficulty"].astype(float)), "difficulty")
    x = alt.X(
        "difficulty:Q", title="difficulty of the item", scale=alt.Scale(zero=False, padding=14)
    )
    return _dots(table, x, horizontal=False).properties(width=330, height=230)


def by_confidence(trials: pd.DataFrame) -> Any | None:
    """Draw the proportion right at each confidence; None where no confidence was given."""
    table = proportions(trials, "confidence")
    if table.empty:
        return None
    table["confidence"] = table["confidence"].astype(int).astype(str)
    x = alt.X("confidence:N", title="confidence", axis=alt.Axis(labelAngle=0))
    return _dots(table, x, horizontal=False).properties(width=230, height=230)


def response_times(trials: pd.DataFrame) -> Any | None:
    """Draw cumulative response times of right and wrong answers, logarithmic, if known."""
    known = trials[trials["rt_ms"].notna() & (trials["rt_ms"] > 0) & trials["correct"].notna()]
    if known.empty:
        return None
    rows = []
    for answer, flag in (("right", True), ("wrong", False)):
        here = (known["correct"].astype(bool) == flag).to_numpy()
        seconds = np.sort(known["rt_ms"].to_numpy(dtype=float)[here] / 1000)
        points = np.linspace(
            0, 1, 101
        )  # a hundred quantiles draw the curve of any number of answers
        if len(seconds):
            at = np.quantile(seconds, points, method="inverted_cdf")
            rows += [(answer, x, p) for x, p in zip(at, points, strict=True)]
    data = pd.DataFrame(rows, columns=["answer", "seconds", "share"])
    scale = alt.Scale(domain=["right", "wrong"], range=[PALETTE[0], PALETTE[1]])
    return (
        alt.Chart(data)
        .mark_line(interpolate="step-after", strokeWidth=2.2)
        .encode(
            x=alt.X(
                "seconds:Q",
                title="response time (s)",
                scale=alt.Scale(type="log"),
                axis=alt.Axis(values=[0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000], format="~g"),
            ),
            y=alt.Y("share:Q", title="answers given by then", axis=PERCENT),
            color=alt.Color(
                "answer:N", scale=scale, title=None, legend=alt.Legend(orient="top-left")
            ),
            strokeDash=alt.StrokeDash("answer:N", legend=None),
            tooltip=["answer:N", alt.Tooltip("seconds:Q", format=".2f"), "share:Q"],
        )
        .properties(width=380, height=230)
    )
