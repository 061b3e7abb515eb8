"""Charts of kept results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from diptych.domain.vocabulary import KIND_WORDS
from diptych.figures.theme import legend, percent, told
from diptych_analysis.charts import INK, PALETTE, PHASE_LINE, QUIET

OBSERVED = "observed"


def whose(kinds: Any) -> str:
    """Return whose answers a result is about."""
    return " and ".join(KIND_WORDS.get(kind, kind) for kind in sorted(kinds))


def predicted_learning(frame: pd.DataFrame, about: Mapping[str, Any]) -> Any:
    """Draw all classes together: observed as points with intervals, the models as lines."""
    data = frame[frame["class"] == "(all classes)"]
    observed, predicted = data[data["series"] == OBSERVED], data[data["series"] != OBSERVED]
    names = list(about["models"])
    colours = [PALETTE[i % 7] for i in range(len(names))]
    colour = alt.Color("series:N", scale=alt.Scale(domain=names, range=colours), legend=legend())
    x = alt.X("trial:Q", title="trial", scale=alt.Scale(nice=False, zero=False, padding=8),
              axis=alt.Axis(format="d", tickMinStep=1, grid=False))  # fmt: skip
    y = alt.Y("share:Q", title="share of right answers", **percent())
    tips = [
        "series",
        "phase",
        "trial:Q",
        alt.Tooltip("share:Q", format=".1%"),
        "sessions:Q",
    ]
    seen = alt.Chart(observed).encode(x=x)
    bars = seen.mark_rule(color=QUIET, opacity=0.5).encode(
        y=alt.Y("low:Q", **percent()), y2="high:Q"
    )
    dots = seen.mark_point(filled=True, color=INK, size=32, opacity=1).encode(y=y, tooltip=tips)
    lines = (
        alt.Chart(predicted)
        .mark_line(strokeWidth=2.2)
        .encode(x=x, y=y, color=colour, detail="phase:N", tooltip=tips)
    )
    layers = bars + lines + dots
    if data["phase"].nunique() > 1:
        at = float(data.loc[data["phase"] == "test", "trial"].min()) - 0.5
        base = alt.Chart(pd.DataFrame({"trial": [at], "word": ["test"]})).encode(x=x)
        word = base.mark_text(align="left", baseline="top", dx=5, dy=2, color=PHASE_LINE)
        rule = base.mark_rule(color=PHASE_LINE, strokeWidth=1.5)
        layers += rule + word.encode(y=alt.value(0), text="word")
    n = int(observed["sessions"].max())
    chance = alt.Chart(pd.DataFrame({"share": [1 / len(about["classes"])]}))
    layers += chance.mark_rule(color=QUIET, strokeDash=[4, 3]).encode(y=y)
    title = told(
        f"{n:,} of {about['sessions']:,} sessions held out in {about['split_count']} splits",
        f"points: {whose(about['participant_kinds'])}, observed; dashed: chance",
    )
    return layers.properties(height=300, title=title)


def his_against_mis(frame: pd.DataFrame, about: Mapping[str, Any]) -> Any:
    """Draw a point per unit with its interval, the diagonal, and how well the scores correlate."""
    data = frame[frame["mis"].notna()].copy()
    data["name"] = data["unit"] if "model" not in data else data["model"] + " · " + data["unit"]
    word = "HIS" if about["score"] == "HIS" else "weighted HIS"
    low_x = _floor(data["mis"].min())
    low_y = _floor(min(0.5, data["low"].min()))
    scales = (
        alt.Scale(domain=[low_x, 1], nice=False, padding=4),
        alt.Scale(domain=[low_y, 1.02], nice=False),
    )
    x = alt.X("mis:Q", title="MIS (machine)", scale=scales[0], axis=_axis(low_x))
    up: dict[str, Any] = {
        "title": f"{word} ({whose(about['participants'])})",
        "scale": scales[1],
        "axis": _axis(low_y),
    }
    colour = _colour(data)
    many = len(data) > 60
    base = alt.Chart(data).encode(x=x, color=colour)
    bars = base.mark_rule(strokeWidth=1 if many else 1.5, opacity=0.25 if many else 0.5).encode(
        y=alt.Y("low:Q", **up), y2="high:Q"
    )
    points = base.mark_point(filled=True, size=28 if many else 60, opacity=0.9).encode(
        y=alt.Y("his:Q", **up),
        shape=alt.condition("datum.fitted_on", alt.value("cross"), alt.value("circle")),
        tooltip=[
            "name",
            alt.Tooltip("mis:Q", title="MIS", format=".3f"),
            alt.Tooltip("his:Q", title=word, format=".3f"),
            alt.Tooltip("low:Q", format=".3f"),
            alt.Tooltip("high:Q", format=".3f"),
            "answers:Q",
        ],
    )
    ends = pd.DataFrame({"a": [max(low_x, low_y), 1.0]})
    same = alt.Chart(ends).mark_line(color=QUIET, strokeDash=[5, 3], strokeWidth=1.2)
    same = same.encode(x=alt.X("a:Q", scale=scales[0]), y=alt.Y("a:Q", **up))
    return (same + bars + points).properties(height=340, title=told(*_words(data, about)))


def _words(data: pd.DataFrame, about: Mapping[str, Any]) -> list[str]:
    lines = [f"{about['answers']:,} answers about {len(data):,} units"]
    found, ceilings = about["correlation"], about["ceilings"]
    if found is None:
        return [*lines, "too few units to correlate"]
    lines += [f"{name.title()} {_estimate(found[name])}" for name in ("pearson", "spearman")]
    if ceilings is not None and ceilings["oracle"]["mean"] is not None:
        oracle = ceilings["oracle"]
        lines.append(f"noise ceiling (Pearson) {_estimate({**oracle, 'value': oracle['mean']})}")
    return lines


def _estimate(found: Mapping[str, Any]) -> str:
    if found["value"] is None:
        return "not defined"
    text = f"{found['value']:.2f}"
    if found["low"] is not None and found["high"] is not None:
        text += f" ({found['low']:.2f} to {found['high']:.2f})"
    return text.replace("-", "−")


def _colour(data: pd.DataFrame) -> Any:
    """Colour groups, else models, where they are few enough to distinguish."""
    for column in ("group", "model"):
        if column in data and 1 < data[column].nunique() <= 7:
            names = sorted(set(data[column].dropna()))
            if column == "group" and set(names) <= {"easiest", "random", "hardest"}:
                names = [n for n in ("easiest", "random", "hardest") if n in names]
            scale = alt.Scale(domain=names, range=list(PALETTE[: len(names)]))
            return alt.Color(f"{column}:N", scale=scale, legend=legend())
    return alt.value(PALETTE[0])


def _floor(value: float) -> float:
    return max(0.0, float(value) // 0.1 / 10)


def _axis(low: float) -> alt.Axis:
    return alt.Axis(values=[round(low + 0.1 * i, 1) for i in range(11) if low + 0.1 * i < 1.01],
                    format=".1f")  # fmt: skip
