"""Models beside one another (MIS paper, Fig. 3, 4B, 16, 22)."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from diptych_analysis.charts import INK, PALETTE, QUIET
from diptych_analysis.mis.analyses.frames import MEASURES, usable
from diptych_analysis.mis.analyses.ranking import GROUPS, by_variability, unit_distribution
from diptych_analysis.mis.figures.parts import SOFT, WIDE, chance_line, legend, span

FEW = 40  # so many models have a line of their own, with a name
STEPS = (0.001, 0.002, 0.005, 0.01, 0.02)  # widths of a histogram's bars
KINDS = alt.Scale(domain=["network", "untrained control"], range=[PALETTE[0], PALETTE[1]])


def model_ranking(ranked: pd.DataFrame, measure: str = "mis") -> Any:
    """Draw mean over units and 5th to 95th percentile of all models of `rank_models` (Fig. 3)."""
    title = f"{MEASURES[measure]} of units: mean, 5th to 95th percentile"
    data = ranked.assign(kind=ranked["control"].map({False: "network", True: "untrained control"}))
    return _named(data, "mean", title) if len(data) <= FEW else _many(data, "mean", title)


def worst_units(ranked: pd.DataFrame, measure: str = "mis") -> Any:
    """Draw the 5th percentile over units per model, of `rank_models(..., by="low")` (Fig. 22)."""
    title = f"5th percentile over units of {MEASURES[measure]}"
    data = ranked.assign(kind=ranked["control"].map({False: "network", True: "untrained control"}))
    return _named(data, "low", title) if len(data) <= FEW else _many(data, "low", title)


def _tip(ranked: pd.DataFrame) -> list[Any]:
    shown = ["mean", "low", "median", "high"]
    return ["rank:Q", "model:N", "units:Q", "left_out:Q"] + [
        alt.Tooltip(f"{name}:Q", format=".3f") for name in shown if name in ranked
    ]


def _named(data: pd.DataFrame, column: str, title: str) -> Any:
    """Draw one line per model, the best on top."""
    columns = ["low", "mean", "high"] if column == "mean" else [column]
    scale = span(data, columns)
    order = data.sort_values("rank", ascending=False)["model"].tolist()
    y = alt.Y("model:N", sort=order, title=None, axis=alt.Axis(labelLimit=320, grid=False))
    base = alt.Chart(data).encode(y=y, tooltip=_tip(data))
    shown = legend() if data["control"].any() and not data["control"].all() else None
    colour = alt.Color("kind:N", scale=KINDS, legend=shown)
    dots = base.mark_circle(size=75, opacity=1).encode(
        x=alt.X(f"{column}:Q", title=title, scale=scale, axis=alt.Axis(tickCount=7)),
        color=colour,
    )
    layers = [chance_line("x", scale), dots]
    if column == "mean":
        bars = base.mark_rule(strokeWidth=5, opacity=0.3, strokeCap="round").encode(
            x=alt.X("low:Q", scale=scale), x2="high:Q", color=colour
        )
        layers.insert(1, bars)
    else:
        stems = base.mark_rule(strokeWidth=1.5, opacity=0.5).encode(
            x=alt.X(f"{column}:Q", scale=scale), x2=alt.datum(0.5), color=colour
        )
        layers.insert(1, stems)
    return alt.layer(*layers).properties(width=480, height=max(60, 22 * len(data)))


def _many(data: pd.DataFrame, column: str, title: str) -> Any:
    """Draw a curve over the models' ranks, as in the paper, and name its ends."""
    columns = ["low", "mean", "high"] if column == "mean" else [column]
    scale = span(data, columns)
    x = alt.X("rank:Q", title="model, sorted", scale=alt.Scale(nice=False))
    base = alt.Chart(data).encode(x=x)
    layers = [chance_line("y", scale)]
    if column == "mean":
        layers.append(
            base.mark_area(color=SOFT, opacity=0.35).encode(
                y=alt.Y("low:Q", title=title, scale=scale), y2="high:Q"
            )
        )
    y = alt.Y(f"{column}:Q", title=title, scale=scale)
    layers.append(base.mark_line(color=PALETTE[0], strokeWidth=2).encode(y=y))
    layers.append(
        base.mark_circle(size=18, opacity=1).encode(
            y=y, color=alt.Color("kind:N", scale=KINDS, legend=None), tooltip=_tip(data)
        )
    )
    first = alt.Chart(data.iloc[[0]]).encode(x=x, y=y, text="model:N")
    last = alt.Chart(data.iloc[[-1]]).encode(x=x, y=y, text="model:N")
    layers.append(first.mark_text(align="left", dx=6, dy=16, color=INK, fontSize=11))
    layers.append(last.mark_text(align="right", dx=-6, dy=-14, color=INK, fontSize=11))
    return alt.layer(*layers).properties(width=WIDE, height=260)


def variability(scores: pd.DataFrame, ranked: pd.DataFrame, each: int = 5) -> Any:
    """Draw histograms of units' MIS in the models whose units vary least, middling, most (Fig. 4B).

    Up to nine models are all shown, from the least varying to the most, without groups.
    """
    if len(ranked) <= 9:
        return _distributions(scores, ranked.sort_values(["spread", "model"]))
    chosen = by_variability(ranked, each)
    found = unit_distribution(scores, chosen["model"].tolist(), step=_step(scores))
    ends = _ends(found)
    top = float(found["share"].max())
    colours = dict(zip(GROUPS, (PALETTE[2], PALETTE[0], PALETTE[1]), strict=True))
    rows = []
    for group in GROUPS:
        panels = [
            _histogram(found, model, ends, top, colours[group], (120, 80))
            for _, model in chosen[chosen["group"] == group].iterrows()
        ]
        heading = alt.TitleParams(f"{group} variability", fontSize=12, color=colours[group])
        rows.append(alt.hconcat(*panels, title=heading))
    return alt.vconcat(*rows)


def _distributions(scores: pd.DataFrame, ranked: pd.DataFrame) -> Any:
    found = unit_distribution(scores, ranked["model"].tolist(), step=_step(scores))
    ends, top = _ends(found), float(found["share"].max())
    size = (WIDE - 160, 170) if len(ranked) == 1 else (195, 100)
    panels = [
        _histogram(found, model, ends, top, PALETTE[0], size) for _, model in ranked.iterrows()
    ]
    return alt.concat(*panels, columns=3)


def _step(scores: pd.DataFrame) -> float:
    """Return the width of the bars: at most forty for nearly all units."""
    known = usable(scores)["mis"]
    wide = float(known.quantile(0.99) - known.quantile(0.01))
    return next((step for step in STEPS if wide / step <= 40), STEPS[-1])


def _ends(found: pd.DataFrame) -> tuple[float, float]:
    """Return where the axis begins and ends: round all units, with chance on it."""
    filled = found[found["share"] > 0]
    room = float((found["right"] - found["left"]).iloc[0])
    low, high = float(filled["left"].min()), float(filled["right"].max())
    return max(0.0, min(low, 0.5) - room), min(1.0, max(high, 0.5) + room)


def _histogram(
    found: pd.DataFrame,
    model: pd.Series,
    ends: tuple[float, float],
    top: float,
    colour: str,
    size: tuple[int, int],
) -> Any:
    part = found[(found["model"] == model["model"]) & (found["share"] > 0)]
    axis = alt.Axis(tickCount=4, grid=False)
    domain = alt.Scale(domain=list(ends), nice=False)
    x = alt.X("left:Q", title=None, scale=domain, axis=axis)
    plain = alt.Axis(labels=False, ticks=False, grid=False, domain=False)
    y = alt.Y("share:Q", title=None, scale=alt.Scale(domain=[0, top]), axis=plain)
    tip = [alt.Tooltip(f"{name}:Q", format=".3f") for name in ("left", "right", "share")]
    bars = alt.Chart(part).mark_rect(color=colour, opacity=0.85)
    drawn = bars.encode(x=x, x2="right:Q", y=y, y2=alt.datum(0), tooltip=tip)
    heading = alt.TitleParams(
        str(model["model"]),
        subtitle=f"5th to 95th: {model['spread']:.2f} wide",
        fontSize=11,
        subtitleFontSize=10,
        limit=size[0] + 15,
    )
    rule = alt.Chart(pd.DataFrame({"chance": [0.5]})).mark_rule(color=QUIET, strokeDash=[4, 3])
    layered = drawn + rule.encode(x=alt.X("chance:Q", scale=domain))
    return layered.properties(width=size[0], height=size[1], title=heading)


def constant_ratio(constant: pd.DataFrame) -> Any:
    """Draw the share of constant units of every model of `constant_units` (Fig. 16)."""
    axis = alt.Axis(format=".1%", tickCount=6)
    tip: list[Any] = ["model:N", "units:Q", "constant:Q", alt.Tooltip("ratio:Q", format=".2%")]
    data = constant.assign(rank=range(1, len(constant) + 1))
    scale = alt.Scale(domain=[0, max(float(data["ratio"].max()) * 1.1, 0.01)], nice=True)
    x = alt.X("ratio:Q", title="constant units", axis=axis, scale=scale)
    if len(data) <= FEW:
        order = data.sort_values("rank", ascending=False)["model"].tolist()
        y = alt.Y("model:N", sort=order, title=None, axis=alt.Axis(labelLimit=320, grid=False))
        base = alt.Chart(data).encode(y=y, tooltip=tip)
        bars = base.mark_bar(color=PALETTE[0], height=12).encode(x=x)
        words = base.mark_text(align="left", dx=4, color=QUIET).encode(
            x=x, text=alt.Text("label:N")
        )
        data["label"] = [
            f"{c:,} of {u:,}" for c, u in zip(data["constant"], data["units"], strict=True)
        ]
        base.data = data
        return (bars + words).properties(width=420, height=max(60, 20 * len(data)))
    base = alt.Chart(data).encode(
        x=alt.X("rank:Q", title="model, sorted", scale=alt.Scale(nice=False)),
        y=alt.Y("ratio:Q", title="constant units", axis=axis, scale=scale),
        tooltip=tip,
    )
    line = base.mark_line(color=PALETTE[0], strokeWidth=2)
    return (line + base.mark_circle(size=20, opacity=1)).properties(width=WIDE, height=220)
