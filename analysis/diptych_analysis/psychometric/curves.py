"""Figures of psychometric functions: curves of people and groups, and their estimates."""

from __future__ import annotations

import math
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from diptych_analysis.charts import PALETTE, QUIET
from diptych_analysis.psychometric.fit_tables import threshold_word
from diptych_analysis.psychometric.fitted_study import FittedStudy

#: Curves of single people that are drawn in a panel, evenly taken.
MOST_PEOPLE = 60
#: Levels in a panel; more are gathered into as many groups of neighbours.
MOST_LEVELS = 16
_POINTS = 80
_GREY = "#aeb6bf"
PERCENT = alt.Axis(format=".0%")


def curves(found: FittedStudy) -> Any:
    """Share of positive answers by level: people grey, the group bold, points sized by answers."""
    shape, frame = found.settings.shape, found.judgements.frame
    data = pd.DataFrame(_rows(found))
    values: Any = alt.InlineData(values=_records(data))
    names = [group.name for group in found.groups]
    colour = alt.Color("group:N", scale=alt.Scale(domain=names, range=list(PALETTE)), legend=None)
    scale = alt.Scale(type="log" if shape.log else "linear", nice=False, zero=False, padding=6)
    low, high = float(frame["level"].min()), float(frame["level"].max())
    axis = alt.Axis(format="~g", grid=False)
    if shape.log:
        axis = alt.Axis(format="~g", grid=False, values=[*_ticks(low, high)])
    x = alt.X("level:Q", title=_level_word(found), scale=scale, axis=axis)
    word = f"answered “{found.judgements.positive}”" if found.judgements.positive else "right"
    y = alt.Y("share:Q", title=f"share {word}", axis=PERCENT, scale=alt.Scale(domain=[0, 1]))
    base = alt.Chart()
    people = base.transform_filter("datum.what === 'person'").mark_line(
        strokeWidth=1, color=_GREY, opacity=0.6, clip=True
    ).encode(x=x, y=y, detail="name:N", tooltip=["name:N"])  # fmt: skip
    group = base.transform_filter("datum.what === 'group'").mark_line(
        strokeWidth=3.5, clip=True
    ).encode(x=x, y=y, color=colour)  # fmt: skip
    dots = base.transform_filter("datum.what === 'answers'").mark_point(
        filled=True, opacity=0.9, stroke="white", strokeWidth=1
    ).encode(
        x=x, y=y, color=colour,
        size=alt.Size("n:Q", title="answers", scale=alt.Scale(range=[25, 260], zero=True),
                      legend=alt.Legend(orient="right", format=",d", values=_sizes(data))),
        tooltip=[alt.Tooltip("level:Q", format=".4g"), alt.Tooltip("share:Q", format=".1%"), "n:Q"],
    )  # fmt: skip
    layers = [people, _half(found), group, dots]
    if np.isfinite(found.judgements.standard):
        at = alt.Chart().mark_rule(strokeDash=[4, 3], color=QUIET).encode(x=alt.X("standard:Q"))
        layers.insert(0, at.transform_filter("datum.what === 'standard'"))
    columns = min(3, len(names))
    panel = alt.layer(*layers).properties(width=380 if columns == 1 else 260, height=260)
    if len(names) == 1:
        return panel.properties(data=values)
    return panel.properties(data=values).facet(
        facet=alt.Facet("group:N", title=None, sort=names), columns=columns
    )


def estimates(found: FittedStudy) -> Any:
    """Threshold and Weber fraction of each person with intervals, and of the group."""
    panels = []
    for quantity, title in (("threshold", threshold_word(found)), ("weber", "Weber fraction")):
        data = pd.DataFrame(_estimate_rows(found, quantity))
        data = data[np.isfinite(data["value"])]
        log = quantity == "weber" or found.settings.shape.log
        scale = alt.Scale(type="log" if log and (data["value"] > 0).all() else "linear",
                          zero=False, nice=False, padding=10)  # fmt: skip
        base = alt.Chart(data).encode(
            y=alt.Y("rank:O", title="people, in order", axis=alt.Axis(labels=False, ticks=False,
                                                                     grid=False)),
            tooltip=["name:N", *(alt.Tooltip(f"{n}:Q", format=".3g") for n in _ENDS)],
        )  # fmt: skip
        x = alt.X("value:Q", title=title, scale=scale, axis=alt.Axis(format="~g"))
        bars = base.transform_filter("datum.what === 'person'").mark_rule(color=_GREY).encode(
            x=alt.X("low:Q", scale=scale, title=title), x2="high:Q")  # fmt: skip
        dots = base.mark_point(filled=True, opacity=1).encode(
            x=x,
            size=alt.Size("what:N", legend=None,
                          scale=alt.Scale(domain=["person", "group"], range=[30, 110])),
            color=alt.Color("what:N", legend=None, scale=alt.Scale(
                domain=["person", "group"], range=["#6b7682", PALETTE[0]])),
        )  # fmt: skip
        wide = base.transform_filter("datum.what === 'group'").mark_rule(
            strokeWidth=4, color=PALETTE[0]
        ).encode(x="low:Q", x2="high:Q")  # fmt: skip
        rows = max(data.groupby("group").size().max(), 5)
        panel = alt.layer(bars, wide, dots).properties(width=300, height=float(min(12 * rows, 420)))
        if len(found.groups) > 1:
            panel = panel.facet(
                row=alt.Row("group:N", title=None, sort=[g.name for g in found.groups])
            ).resolve_scale(y="independent")
        panels.append(panel)
    return alt.hconcat(*panels, spacing=30)


_ENDS = ("value", "low", "high")


def _level_word(found: FittedStudy) -> str:
    told = found.judgements
    if not told.reference:
        return told.attribute
    return f"{told.attribute} {'/' if found.settings.shape.log else '−'} {told.reference}"


def _half(found: FittedStudy) -> Any:
    """Return the share of positive answers at the threshold, without lapses."""
    guess = found.settings.shape.guess
    half = pd.DataFrame({"share": [0.5 if guess is None else (1 + guess) / 2]})
    return (
        alt.Chart(half).mark_rule(strokeDash=[2, 3], color=QUIET, opacity=0.7).encode(y="share:Q")
    )


def _sizes(data: pd.DataFrame) -> list[int]:
    """Numbers of answers that the legend shows: about the fewest and the most of a point."""
    n = data.loc[data["what"] == "answers", "n"]
    return sorted({int(float(f"{at:.1g}")) for at in (n.min(), n.max())})


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers of a logarithmic axis."""
    steps: tuple[float, ...] = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8)
    if high / low > 5:
        steps = (1, 2, 3, 5)
    if high / low > 200:
        steps = (1,)
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    return [s * 10.0**p for p in powers for s in steps if low * 0.98 <= s * 10.0**p <= high * 1.02]


def _records(data: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows without the empty cells, which JSON does not know."""
    return [
        {
            str(key): value
            for key, value in row.items()
            if not (isinstance(value, float) and math.isnan(value))
        }
        for row in data.to_dict("records")
    ]


def _rows(found: FittedStudy) -> list[dict[str, Any]]:
    frame, rows = found.judgements.frame, list[dict[str, Any]]()
    low, high = float(frame["level"].min()), float(frame["level"].max())
    space = np.geomspace if found.settings.shape.log else np.linspace
    x = space(low, high, _POINTS)
    for group in found.groups:
        people = [p for p in found.people if p.group == group.name and p.function and not p.fault]
        step = max(1, -(-len(people) // MOST_PEOPLE))
        for person in people[::step]:
            assert person.function is not None
            rows += _curve("person", group.name, person.name, x, person.function.probability(x))
        rows += _curve("group", group.name, "group", x, group.function.probability(x))
        rows += [
            {"what": "answers", "group": group.name, **row}
            for row in _pooled(frame[frame["group"] == group.name], log=found.settings.shape.log)
        ]
        if np.isfinite(found.judgements.standard):
            rows.append(
                {"what": "standard", "group": group.name, "standard": found.judgements.standard}
            )
    return rows


def _curve(what: str, group: str, name: str, x: Any, share: Any) -> list[dict[str, Any]]:
    return [
        {"what": what, "group": group, "name": name, "level": float(at), "share": float(p)}
        for at, p in zip(x, share, strict=True)
    ]


def _pooled(frame: pd.DataFrame, *, log: bool) -> list[dict[str, Any]]:
    """Share of positive answers and number of answers by level, or by neighbouring levels."""
    levels = frame["level"]
    if levels.nunique() > MOST_LEVELS:
        axis = np.log(levels) if log else levels
        place = pd.cut(axis, MOST_LEVELS, labels=False)
        middle = axis.groupby(place).transform("mean")
        levels = np.exp(middle) if log else middle
    found = frame.assign(level=levels).groupby("level")["positive"].agg(["mean", "size"])
    return [
        {"level": at, "share": share, "n": int(n)}
        for at, share, n in zip(found.index.tolist(), found["mean"], found["size"], strict=True)
    ]


def _estimate_rows(found: FittedStudy, quantity: str) -> list[dict[str, Any]]:
    rows = []
    for group in found.groups:
        people = [p for p in found.people if p.group == group.name and not p.fault]
        people.sort(key=lambda person: person.estimates[quantity].value)
        for rank, person in enumerate(people, 1):
            each = person.estimates[quantity]
            rows.append({"what": "person", "group": group.name, "name": person.name, "rank": rank,
                         "value": each.value, "low": each.low, "high": each.high})  # fmt: skip
        each = group.estimates[quantity]
        rows.append({"what": "group", "group": group.name, "name": "group", "rank": 0,
                     "value": each.value, "low": each.low, "high": each.high})  # fmt: skip
    return rows
