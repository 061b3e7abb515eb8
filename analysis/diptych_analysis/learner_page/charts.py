"""Charts of the page about learners."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from diptych_analysis.charts import INK, PALETTE, QUIET, classes_scale
from diptych_analysis.learner_page.knowledge import Knowledge
from diptych_analysis.learner_page.lessons import Lessons

PERCENT = alt.Axis(format=".0%")
UNIT = alt.Scale(domain=[0, 1])
SHADES = ["#eef4f9", "#0071B1"]
WIDTH = 560
NONE = "no gap named"
MOST_CANDIDATES = 15


def knowledge_over_time(lessons: Lessons, knowledge: Knowledge) -> Any:
    """Draw P(true) of each class over the trials, with the answers as marks below."""
    chance = 1 / len(lessons.classes)
    rows = [
        (trial, name, float(p))
        for trial, after in enumerate(knowledge.right)
        for name, p in zip(lessons.classes, after, strict=True)
    ]
    frame = pd.DataFrame(rows, columns=["trial", "class", "p"])
    colour = alt.Color("class:N", scale=classes_scale(list(lessons.classes)), title=None,
                       legend=alt.Legend(orient="top", columns=4))  # fmt: skip
    x = alt.X("trial:Q", title="answered trials", scale=alt.Scale(nice=False))
    line = (
        alt.Chart(frame)
        .mark_line(strokeWidth=2.2)
        .encode(
            x=x,
            y=alt.Y("p:Q", title="P(true)", axis=PERCENT, scale=UNIT),
            color=colour,
            tooltip=["trial:Q", "class:N", alt.Tooltip("p:Q", format=".0%")],
        )
    )
    rule = alt.Chart(pd.DataFrame({"p": [chance]})).mark_rule(color=QUIET, strokeDash=[4, 3])
    answers = pd.DataFrame(
        [
            (n + 1, lessons.classes[trial.label], "right" if trial.response == trial.label
             else "wrong", "missed" if trial.response is None else lessons.classes[trial.response])
            for n, trial in enumerate(knowledge.lesson.trials)
        ],
        columns=["trial", "class", "answer", "response"],
    )  # fmt: skip
    shape = alt.Shape("answer:N", title=None, legend=alt.Legend(orient="top"),
                      scale=alt.Scale(domain=["right", "wrong"],
                                      range=["circle", "cross"]))  # fmt: skip
    marks = (
        alt.Chart(answers)
        .mark_point(size=34, strokeWidth=1.6)
        .encode(
            x=x,
            y=alt.Y("class:N", title=None, scale=alt.Scale(domain=list(lessons.classes)),
                    axis=alt.Axis(grid=True, labelLimit=90)),
            shape=shape,
            color=colour,
            tooltip=["trial:Q", "class:N", "response:N"],
        )
    )  # fmt: skip
    above = (line + rule.encode(y="p:Q")).properties(width=WIDTH, height=190)
    below = marks.properties(width=WIDTH, height=max(60, 20 * len(lessons.classes)))
    return alt.vconcat(above, below, spacing=6).resolve_scale(x="shared")


def confusions_chart(lessons: Lessons, shares: Any) -> Any:
    """Draw the predicted answers to each class, (n_classes, n_classes)."""
    names = list(lessons.classes)
    rows = [
        (names[a], names[b], float(shares[a, b]))
        for a in range(len(names))
        for b in range(len(names))
    ]
    frame = pd.DataFrame(rows, columns=["label", "response", "share"])
    axis = alt.Axis(grid=False, domain=False, ticks=False, labelLimit=110, labelAngle=0)
    base = alt.Chart(frame).encode(
        x=alt.X("response:N", title="predicted answer", scale=alt.Scale(domain=names), axis=axis),
        y=alt.Y("label:N", title="true class", scale=alt.Scale(domain=names), axis=axis),
        tooltip=["label", "response", alt.Tooltip("share:Q", format=".0%")],
    )
    cells = base.mark_rect(cornerRadius=2).encode(
        alt.Color("share:Q", scale=alt.Scale(domain=[0, 1], range=SHADES), legend=None)
    )
    size = 62 if len(names) <= 8 else 34
    if len(names) <= 12:
        cells += base.mark_text(fontSize=12).encode(
            text=alt.Text("share:Q", format=".0%"),
            color=alt.condition("datum.share > 0.7", alt.value("#ffffff"), alt.value(INK)),
        )
    return cells.properties(width=size * len(names), height=max(120, 40 * len(names)))


def evidence_chart(knowledge: Knowledge, claim: float) -> Any:
    """Draw the evidence of each gap; the rule is where a gap is named."""
    gaps = knowledge.diagnosis.gaps[:12]
    frame = pd.DataFrame(
        [(" or ".join(gap.names), gap.kind, gap.evidence) for gap in gaps],
        columns=["gap", "kind", "evidence"],
    )
    frame["kind"] = frame["kind"].map({"attribute": "attribute", "pair": "two classes"})
    bars = (
        alt.Chart(frame)
        .mark_bar(height=13)
        .encode(
            x=alt.X("evidence:Q", title="evidence (nats)"),
            y=alt.Y("gap:N", title=None, sort=list(frame["gap"]), axis=alt.Axis(labelLimit=220)),
            color=alt.Color("kind:N", title=None, legend=alt.Legend(orient="top"),
                            scale=alt.Scale(domain=["attribute", "two classes"],
                                            range=[PALETTE[0], PALETTE[4]])),
            tooltip=["gap", "kind", alt.Tooltip("evidence:Q", format="+.1f")],
        )
    )  # fmt: skip
    rule = alt.Chart(pd.DataFrame({"x": [claim]})).mark_rule(color=PALETTE[1], strokeDash=[5, 3])
    return (bars + rule.encode(x="x:Q")).properties(width=460, height=20 * len(frame) + 10)


def gaps_chart(everyone: Sequence[Knowledge]) -> Any:
    """Draw the number of learners by the gap that is named."""
    counts = pd.Series([each.gap or NONE for each in everyone]).value_counts()
    order = [*(name for name in counts.index if name != NONE), *([NONE] * (NONE in counts.index))]
    frame = pd.DataFrame({"gap": order, "learners": [int(counts[name]) for name in order]})
    colour = alt.condition(alt.datum.gap == NONE, alt.value("#9aa5b1"), alt.value(PALETTE[0]))
    base = alt.Chart(frame).encode(
        x=alt.X("learners:Q", axis=alt.Axis(tickMinStep=1, format="d")),
        y=alt.Y("gap:N", title=None, sort=order, axis=alt.Axis(labelLimit=220)),
    )
    bars = base.mark_bar(height=15).encode(color=colour, tooltip=["gap", "learners"])
    text = base.mark_text(align="left", dx=4, color=INK).encode(text="learners:Q")
    return (bars + text).properties(width=420, height=26 * len(frame) + 8)


def class_curves(lessons: Lessons, everyone: Sequence[Knowledge]) -> Any:
    """Draw the median and the quartiles over learners of mean P(true), one panel per class."""
    longest = max(len(each.right) for each in everyone)
    rows = []
    for trial in range(longest):
        there = np.array([each.right[trial] for each in everyone if len(each.right) > trial])
        low, middle, high = np.quantile(there, [0.25, 0.5, 0.75], axis=0)
        for n, name in enumerate(lessons.classes):
            rows.append((trial, name, low[n], middle[n], high[n], len(there)))
    columns = ["trial", "class", "low", "median", "high", "learners"]
    base = alt.Chart(pd.DataFrame(rows, columns=columns)).encode(
        x=alt.X("trial:Q", title="answered trials", scale=alt.Scale(nice=False)),
        color=alt.Color("class:N", scale=classes_scale(list(lessons.classes)), legend=None),
    )
    y = alt.Y("low:Q", title="P(true)", axis=PERCENT, scale=UNIT)
    band = base.mark_area(opacity=0.2, line=False).encode(y=y, y2="high:Q")
    line = base.mark_line(strokeWidth=2.2).encode(
        y="median:Q",
        tooltip=["class:N", "trial:Q", alt.Tooltip("median:Q", format=".0%"), "learners:Q"],
    )
    columns_ = min(len(lessons.classes), 4)
    return (
        alt.layer(band, line)
        .properties(width=max(120, 780 // columns_ - 40), height=150)
        .facet(facet=alt.Facet("class:N", title=None, sort=list(lessons.classes)), columns=columns_)
    )


def warning_chart(own: pd.DataFrame) -> Any:
    """Draw the probability of finishing above the median by trials seen."""
    return (
        alt.Chart(own)
        .mark_line(point=True, color=PALETTE[0], strokeWidth=2.2)
        .encode(
            x=alt.X("seen:Q", title="trials seen", axis=alt.Axis(tickMinStep=1)),
            y=alt.Y("probability:Q", title="P(score above the median)", axis=PERCENT, scale=UNIT),
            tooltip=["seen", alt.Tooltip("probability:Q", format=".0%")],
        )
        .properties(width=420, height=170)
    )


def scores_chart(scores: pd.DataFrame) -> Any:
    """Draw the scores of a trial's candidates, the chosen one marked."""
    best = scores.sort_values("score", ascending=False)
    frame = best.head(MOST_CANDIDATES)
    order = list(frame["candidate"])
    return (
        alt.Chart(frame)
        .mark_point(filled=True, size=70, opacity=1)
        .encode(
            x=alt.X("score:Q", scale=alt.Scale(zero=False)),
            y=alt.Y("candidate:N", title=None, sort=order, axis=alt.Axis(labelLimit=200)),
            color=alt.condition("datum.chosen", alt.value(PALETTE[1]), alt.value("#9aa5b1")),
            tooltip=["candidate", "label", alt.Tooltip("score:Q", format=".4f"), "chosen"],
        )
        .properties(width=420, height=18 * len(frame) + 10)
    )
