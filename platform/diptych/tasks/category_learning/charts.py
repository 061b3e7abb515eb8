"""Charts of category learning."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from diptych.figures.theme import histogram, legend, percent, share_words, told, whole
from diptych.tasks.category_learning.figures import ALL
from diptych_analysis.charts import INK, PALETTE, PHASE_LINE, QUIET, classes_scale

HEIGHT = 280
MOST_LINES = len(PALETTE) - 1  # classes that can be told apart by colour; black is for all
SHADES = ["#eef4f9", "#0071B1"]


def learning_curves(frame: pd.DataFrame, classes: list[str]) -> Any:
    """Draw the blocks of trials by class, with intervals; of many classes the pooled ones alone."""
    blocks = frame[frame["resolution"] == "block"].copy()
    blocks["trial"] = (blocks["first"] + blocks["last"]) / 2
    few = len(classes) <= MOST_LINES
    blocks = blocks[blocks["class"] != ALL] if few else blocks[blocks["class"] == ALL]
    shown = sorted(classes) if few else [ALL]
    scale = classes_scale(shown) if few else alt.Scale(domain=shown, range=[INK])
    colour = alt.Color("class:N", scale=scale, legend=legend())
    x = alt.X("trial:Q", title="trial", scale=alt.Scale(nice=False, zero=False, padding=8),
              axis=alt.Axis(tickMinStep=1, format="d", grid=False))  # fmt: skip
    base = alt.Chart(blocks).encode(x=x, color=colour, detail="phase:N")
    y = alt.Y("share:Q", title="share of right answers", **percent())
    band = base.mark_area(opacity=0.14).encode(y=alt.Y("low:Q", **percent()), y2="high:Q")
    line = base.mark_line(strokeWidth=2.2).encode(y=y)
    dots = base.mark_point(filled=True, size=42, opacity=1).encode(
        y=y,
        tooltip=[
            "class",
            "phase",
            "first:Q",
            "last:Q",
            alt.Tooltip("share:Q", format=".1%"),
            alt.Tooltip("low:Q", format=".1%"),
            alt.Tooltip("high:Q", format=".1%"),
            "answers:Q",
        ],
    )
    layers = _chance(1 / len(classes)) + band + line + dots
    if blocks["phase"].nunique() > 1:
        begins = blocks.loc[blocks["phase"] == "test", "first"].min() - 0.5
        layers += _test_begins(float(begins), x)
    pooled = frame[(frame["class"] == ALL) & (frame["resolution"] == "block")]
    answers, sessions = int(pooled["answers"].sum()), int(pooled["sessions"].max())
    length = int((blocks["last"] - blocks["first"]).max()) + 1
    words = f"points pool up to {length} trials" if length > 1 else "a point a trial"
    title = told(f"{answers:,} answers in {sessions:,} sessions; {words}")
    return layers.properties(height=HEIGHT, title=title)


def _chance(share: float) -> Any:
    base = alt.Chart(pd.DataFrame({"share": [share], "word": ["chance"]}))
    at = base.encode(y=alt.Y("share:Q", **percent()))
    word = at.mark_text(align="right", baseline="top", dx=-4, dy=3, fontSize=11, color=QUIET)
    return at.mark_rule(color=QUIET, strokeDash=[4, 3]) + word.encode(
        x=alt.value("width"), text="word"
    )


def _test_begins(at: float, x: alt.X) -> Any:
    base = alt.Chart(pd.DataFrame({"trial": [at], "word": ["test"]})).encode(x=x)
    rule = base.mark_rule(color=PHASE_LINE, strokeWidth=1.5)
    word = base.mark_text(align="left", baseline="top", dx=5, dy=2, fontSize=11, color=PHASE_LINE)
    return rule + word.encode(y=alt.value(0), text="word")


def confusion(frame: pd.DataFrame, classes: list[str]) -> Any:
    """Draw the answers of the test (or, without one, of the training) to each class."""
    phase = "test" if bool((frame["phase"] == "test").any()) else str(frame["phase"].iloc[-1])
    part = frame[frame["phase"] == phase]
    axis = alt.Axis(labelLimit=110, grid=False, domain=False, ticks=False)
    base = alt.Chart(part).encode(
        x=alt.X("response:N", title="answered", scale=alt.Scale(domain=classes),
                axis=alt.Axis(labelLimit=110, grid=False, domain=False, ticks=False,
                              labelAngle=0 if len(classes) <= 6 else -45)),
        y=alt.Y("label:N", title="true class", scale=alt.Scale(domain=classes), axis=axis),
        tooltip=["label", "response", "answers:Q", alt.Tooltip("share:Q", format=".1%"),
                 alt.Tooltip("low:Q", format=".1%"), alt.Tooltip("high:Q", format=".1%")],
    )  # fmt: skip
    shades = alt.Scale(domain=[0, 1], range=SHADES)
    named = len(classes) <= 12
    bar: Any = alt.Legend(title="share of the row", format="~%", orient="top", gradientLength=160)
    bar = None if named else bar
    cells = base.mark_rect(cornerRadius=2).encode(alt.Color("share:Q", scale=shades, legend=bar))
    layers = cells
    if named:
        text = base.mark_text(fontSize=13 if len(classes) <= 6 else 10).encode(
            text=alt.Text("share:Q", format=".0%"),
            color=alt.condition("datum.share > 0.7", alt.value("#ffffff"), alt.value(INK)),
        )
        layers = cells + text
    right = part.loc[part["label"] == part["response"], "answers"].sum()
    n = int(part["answers"].sum())
    title = told(f"{n:,} answers of the {phase}; {right / n:.0%} right".replace("%", " %"))
    return layers.properties(height=max(250, min(460, 52 * len(classes))), title=title)


def test_scores(frame: pd.DataFrame, chance: float) -> Any:
    """Draw sessions by right answers; of tests of several lengths by the share of right answers."""
    one = frame["of"].nunique() == 1
    data = frame.copy()
    data["place"] = data["right"] if one else (data["share"] * 20).round() / 20
    data = data.groupby("place", as_index=False)[["sessions", "expected_by_guessing"]].sum()
    of = int(frame["of"].max())
    half = 0.45 if one else 0.0225
    data["from"], data["to"] = data["place"] - half, data["place"] + half
    title = f"right answers of {of}" if one else "share of right answers"
    ends = [-0.5, of + 0.5] if one else [-0.025, 1.025]
    form = alt.Axis(format="d" if one else ".0%", tickMinStep=1 if one else 0.05, grid=False)
    scale = alt.Scale(domain=ends, nice=False)
    bars = histogram(
        data,
        alt.X("from:Q", title=title, scale=scale, axis=form),
        "to:Q",
        alt.Y("sessions:Q", title="sessions", axis=whole(data["sessions"])),
        tooltip=["place:Q", "sessions:Q"],
    )
    guess = (
        alt.Chart(data)
        .mark_line(color=PALETTE[1], strokeDash=[5, 3], strokeWidth=2, interpolate="monotone")
        .encode(x=alt.X("place:Q", scale=scale), y=alt.Y("expected_by_guessing:Q"))
    )
    n = frame["sessions"].sum()
    mean = float((frame["share"] * frame["sessions"]).sum() / n)
    spread = float(
        (((frame["share"] - mean) ** 2 * frame["sessions"]).sum() / max(n - 1, 1)) ** 0.5
    )
    half_width = 1.96 * spread / n**0.5
    words = share_words(mean, max(0, mean - half_width), min(1, mean + half_width))
    return (bars + guess).properties(
        height=240,
        title=told(f"{int(n):,} sessions, mean score {words}",
                   f"dashed: expected by guessing, mean {chance:.0%}".replace("%", " %")),
    )  # fmt: skip


def learner_gaps(frame: pd.DataFrame) -> Any:
    """Draw the share of learners with each gap, with intervals."""
    order = list(frame["gap"])
    y = alt.Y("gap:N", sort=order, title=None, axis=alt.Axis(labelLimit=170))
    scale = alt.Scale(domain=[0, max(0.1, float(frame["high"].max()))], nice=True)
    x = alt.X("share:Q", title="share of learners", scale=scale,
              axis=alt.Axis(format="~%", tickCount=5))  # fmt: skip
    base = alt.Chart(frame).encode(
        y=y,
        tooltip=["gap", "kind", "learners:Q", "of:Q", alt.Tooltip("share:Q", format=".1%"),
                 alt.Tooltip("low:Q", format=".1%"), alt.Tooltip("high:Q", format=".1%")],
    )  # fmt: skip
    colour = alt.condition(alt.datum.kind == "none", alt.value(QUIET), alt.value(PALETTE[0]))
    bars = base.mark_bar(opacity=0.75, height={"band": 0.6}).encode(x=x, color=colour)
    ends = base.mark_rule(color=QUIET, strokeWidth=2).encode(
        x=alt.X("low:Q", scale=scale), x2="high:Q"
    )
    learners = int(frame["of"].max())
    return (bars + ends).properties(
        height=max(60, 26 * len(frame)), title=told(f"{learners:,} learners")
    )
