"""Figures of agreement, after Fig. 2 of the MIS paper, and the curve to plan a study by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from diptych_analysis.agreement import noise
from diptych_analysis.agreement.compare import Agreement
from diptych_analysis.agreement.correlation import Correlation, Estimate
from diptych_analysis.agreement.faults import AgreementFault
from diptych_analysis.agreement.groups import ORDER, Groups
from diptych_analysis.charts import INK, PALETTE, PHASE_LINE, QUIET

GROUP_COLOURS = {"hardest": PALETTE[1], "random": QUIET, "easiest": PALETTE[2]}
SHAPES = ("circle", "square", "triangle-up")
SIZE = 340
TOP = 1.02  # room for points at 1
Scales = tuple[alt.Scale, alt.Scale]


def named_rows(frame: pd.DataFrame) -> Iterator[Any]:
    """Yield the rows with their cells by name, whatever the type of the rows."""
    yield from frame.itertuples(index=False)


def who(found: Agreement) -> str:
    """Return whose answers HIS is of: people, or simulated."""
    return " and ".join({"person": "people"}.get(kind, kind) for kind in sorted(found.kinds))


def his_word(found: Agreement) -> str:
    """Return the name of the human score that is compared."""
    return "weighted HIS" if found.choices.weighted else "HIS"


def units_figure(found: Agreement) -> Any:
    """Draw HIS against MIS, a point per unit, with the units' intervals (Fig. 2B)."""
    title = alt.TitleParams(f"{len(found.compared)} units", subtitle=_told(found))
    plot = _scatter(found.units, "mis", found, "MIS (machine)")
    return plot.properties(width=SIZE, height=SIZE, title=title)


def machines_figure(found: Agreement) -> Any | None:
    """Draw HIS against the score of every machine that took the study; None without machines."""
    if found.machine_units.empty:
        return None
    panels = []
    for place, row in enumerate(named_rows(found.machines)):
        part = found.machine_units[found.machine_units["machine"] == row.machine]
        r = "not defined" if np.isnan(row.pearson_his) else minus(f"{row.pearson_his:.2f}")
        told = [f"Pearson with HIS {r}", f"right in {row.accuracy:.0%} of {row.n:,} answers"]
        title = alt.TitleParams(short(row.machine, 40), subtitle=told)
        score = "mean probability of the right query"
        panel = _scatter(part, "machine_mis", found, score, legend=place == 0)
        panels.append(panel.properties(width=SIZE - 60, height=SIZE - 60, title=title))
    return alt.concat(*panels, columns=2, spacing=36)


def _scatter(
    units: pd.DataFrame, x: str, found: Agreement, x_title: str, legend: bool = True
) -> Any:
    y = found.choices.score
    low, high = ("low", "high") if y == "his" else ("weighted_low", "weighted_high")
    data = units[units[x].notna()].copy()
    data["name"] = _names(data)
    scales = _scale(data[x]), _scale(data[low].clip(upper=0.5))
    column, colour = _colour(data, legend)
    horizontal = alt.X(f"{x}:Q", title=x_title, axis=_axis(scales[0]), scale=scales[0])
    up: dict[str, Any] = {
        "title": f"{his_word(found)} ({who(found)})",
        "axis": _axis(scales[1]),
        "scale": scales[1],
    }
    tip = [
        alt.Tooltip("name:N", title="unit"),
        *([alt.Tooltip(f"{column}:N")] if column else []),
        alt.Tooltip(f"{x}:Q", title="MIS", format=".3f"),
        alt.Tooltip(f"{y}:Q", title="HIS", format=".3f"),
        alt.Tooltip(f"{low}:Q", title="from", format=".3f"),
        alt.Tooltip(f"{high}:Q", title="to", format=".3f"),
        alt.Tooltip("n:Q", title="answers"),
    ]
    base = alt.Chart(data).encode(x=horizontal, color=colour)
    many = len(data) > 40
    bars = base.mark_rule(strokeWidth=1 if many else 1.6, opacity=0.28 if many else 0.5).encode(
        y=alt.Y(f"{low}:Q", **up), y2=f"{high}:Q"
    )
    points = base.mark_point(size=42 if many else 75, strokeWidth=1.4, opacity=0.85).encode(
        y=alt.Y(f"{y}:Q", **up), tooltip=tip
    )
    fill = colour
    if "calibrated_on" in data.columns and bool(data["calibrated_on"].any()):
        fill = alt.condition("datum.calibrated_on", alt.value("white"), colour)
    return _guides(scales) + bars + points.encode(fill=fill)


def _colour(data: pd.DataFrame, legend: bool) -> tuple[str | None, Any]:
    """Colour groups by their own colours, else up to eight models, else one colour."""
    groups = set(data["group"].dropna()) if "group" in data.columns else set()
    if 0 < len(groups) <= len(PALETTE) - 1:
        names = [name for name in ORDER if name in groups]
        others = sorted(groups - set(names))
        free = [c for c in PALETTE if c not in GROUP_COLOURS.values()]
        colours = [GROUP_COLOURS[n] for n in names] + free[: len(others)]
        scale = alt.Scale(domain=names + others, range=colours)
        return "group", alt.Color("group:N", scale=scale, legend=_legend(groups, legend))
    models = set(data["model"].dropna()) if "model" in data.columns else set()
    if 1 < len(models) <= len(PALETTE):
        scale = alt.Scale(domain=sorted(models), range=list(PALETTE[: len(models)]))
        return "model", alt.Color("model:N", scale=scale, legend=_legend(models, legend))
    return None, alt.value(PALETTE[0])


def _legend(names: set[str], there: bool) -> alt.Legend | None:
    columns = 3 if max(map(len, names)) < 18 else 1
    look: dict[str, Any] = {"symbolOpacity": 1, "labelLimit": SIZE - 30, "columns": columns}
    return alt.Legend(title=None, orient="bottom", **look) if there else None


def _scale(values: pd.Series, room: float = 0.0) -> alt.Scale:
    """Return a scale from the tenth below the least value to 1."""
    least = np.floor((float(values.min()) - room) * 10) / 10
    return alt.Scale(domain=[round(min(0.8, max(0.0, least)), 1), TOP], nice=False)


def _axis(scale: alt.Scale) -> alt.Axis:
    low = scale.domain[0]
    step = 0.05 if low >= 0.8 else 0.1 if low > 0.2 else 0.2
    values = [round(float(v), 2) for v in np.arange(low, 1.001, step)]
    return alt.Axis(values=values, format=".2f" if step < 0.1 else ".1f")


def _vertical(title: str, scale: alt.Scale) -> dict[str, Any]:
    return {"title": title, "axis": _axis(scale), "scale": scale}


def _guides(scales: Scales) -> Any:
    """Draw chance, and where both scores are the same."""
    low = max(scales[0].domain[0], scales[1].domain[0])
    ends = pd.DataFrame({"a": [low, 1.0], "b": [low, 1.0]})
    same = alt.Chart(ends).mark_line(color="#c3cbd3", strokeWidth=1.2)
    same = same.encode(x=alt.X("a:Q", scale=scales[0]), y=alt.Y("b:Q", scale=scales[1]))
    return same + _chance(scales[1])


def _chance(scale: alt.Scale) -> Any:
    if scale.domain[0] > 0.5:
        return alt.layer()
    base = alt.Chart(pd.DataFrame({"b": [0.5], "word": ["chance"]}))
    at = base.encode(y=alt.Y("b:Q", scale=scale))
    word = at.mark_text(align="right", baseline="bottom", dx=-4, dy=-2, fontSize=10, color=QUIET)
    word = word.encode(x=alt.value("width"), text="word:N")
    return at.mark_rule(color=QUIET, strokeDash=[4, 3]) + word


def _told(found: Agreement) -> list[str]:
    if found.correlation is None:
        return ["no correlation: see the notes"]
    lines = _coefficients(found.correlation)
    if found.ceilings is not None:
        n = found.compared["n"]
        each = f"{n.min()}" if n.min() == n.max() else f"{n.min()} to {n.max()}"
        plain = " (plain HIS)" if found.choices.weighted else ""
        lines.append(
            f"noise ceiling{plain} {found.ceilings.oracle.mean:.2f} at {each} answers a unit"
        )
    return lines


def _coefficients(found: Correlation) -> list[str]:
    return [f"Pearson {estimate(found.pearson)}", f"Spearman {estimate(found.spearman)}"]


def estimate(found: Estimate) -> str:
    """Return `0.80 (0.72 to 0.86)`, with a true minus."""
    return minus(f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f})")


def minus(text: str) -> str:
    """Turn hyphens of numbers into minus signs."""
    return text.replace("-", "−")


def models_figure(found: Agreement) -> Any | None:
    """Draw mean HIS against mean MIS, a point per model (Fig. 2A); None below two models."""
    if found.models is None:
        return None
    data = found.models
    scales = _scale(data["mis"], 0.03), _scale(data["low"].fillna(data["mean"]), 0.01)
    names = sorted(data["model"])
    colour: Any = alt.value(PALETTE[0])
    shape: Any = alt.value("circle")
    if len(names) <= len(PALETTE) * len(SHAPES):
        legend = alt.Legend(title=None, orient="right", labelLimit=330, symbolOpacity=1)
        colours = [PALETTE[i % len(PALETTE)] for i in range(len(names))]
        shapes = [SHAPES[i // len(PALETTE)] for i in range(len(names))]
        scale = alt.Scale(domain=names, range=colours)
        colour = alt.Color("model:N", scale=scale, legend=legend)
        shape = alt.Shape("model:N", scale=alt.Scale(domain=names, range=shapes), legend=legend)
    x = alt.X("mis:Q", title="mean MIS (machine)", axis=_axis(scales[0]), scale=scales[0])
    up: dict[str, Any] = {
        "title": f"mean {his_word(found)} ({who(found)})",
        "axis": _axis(scales[1]),
        "scale": scales[1],
    }
    base = alt.Chart(data).encode(x=x, color=colour)
    bars = base.mark_rule(opacity=0.5, strokeWidth=1.8).encode(y=alt.Y("low:Q", **up), y2="high:Q")
    points = base.mark_point(filled=True, size=95, opacity=1).encode(
        y=alt.Y("mean:Q", **up),
        shape=shape,
        tooltip=[
            "model:N",
            "units:Q",
            alt.Tooltip("mis:Q", title="MIS", format=".3f"),
            alt.Tooltip("mean:Q", title="HIS", format=".3f"),
            alt.Tooltip("n:Q", title="answers"),
        ],
    )
    few = ["too few to correlate"]
    told = _coefficients(found.models_correlation) if found.models_correlation else few
    title = alt.TitleParams(f"{len(data)} models", subtitle=told)
    return (_guides(scales) + bars + points).properties(width=SIZE, height=SIZE, title=title)


def groups_figure(found: Agreement) -> Any | None:
    """Draw HIS of the groups' units, mean and 95 % interval, beside their mean MIS (Fig. 2C)."""
    if found.groups is None:
        return None
    y = found.choices.score
    units = found.units[found.units["group"].notna()].copy()
    units["name"] = _names(units)
    # spread by place, so that the same data always give the same picture
    place = units.groupby("group").cumcount()
    units["aside"] = -0.24 + ((place * 0.618034) % 1 - 0.5) * 0.32
    order = list(found.groups.table["group"])
    scale = _scale(units[y].clip(upper=0.5))
    _, colour = _colour(units, legend=False)
    x = alt.X("group:N", sort=order, title=None, axis=alt.Axis(labelAngle=0, labelLimit=130))
    up = _vertical(f"{his_word(found)} ({who(found)})", scale)
    dots = (
        alt.Chart(units)
        .mark_circle(size=34, opacity=0.45)
        .encode(
            x=x,
            xOffset=_offset("aside"),
            y=alt.Y(f"{y}:Q", **up),
            color=colour,
            tooltip=[alt.Tooltip("name:N", title="unit"), alt.Tooltip(f"{y}:Q", format=".3f"), "n"],
        )
    )
    layers = _chance(scale) + dots + _means(found, x, up)
    title = alt.TitleParams("Groups of units", subtitle=_pairs(found.groups))
    return layers.properties(width=max(240, 110 * len(order)), height=280, title=title)


def _offset(column: str) -> alt.XOffset:
    return alt.XOffset(f"{column}:Q", scale=alt.Scale(domain=[-0.5, 0.5]))


def _means(found: Agreement, x: Any, up: dict[str, Any]) -> Any:
    """Draw the interval and mean of people, and the machine's mean beside it."""
    assert found.groups is not None
    table = found.groups.table.assign(here=0.08, beside=0.28)
    columns = {"mean": f"{who(found)}: mean {his_word(found)}"}
    if "mis" in table.columns:
        columns["mis"] = "machine: mean MIS"
    long = table.melt(["group", "units", "here", "beside"], list(columns), "who", "value")
    long["aside"] = long["here"].where(long["who"] == "mean", long["beside"])
    long["who"] = long["who"].map(columns)
    shapes = alt.Scale(domain=list(columns.values()), range=["circle", "diamond"][: len(columns)])
    legend = alt.Legend(title=None, orient="bottom", symbolFillColor=INK, symbolStrokeColor=INK)
    bars = alt.Chart(table).mark_rule(strokeWidth=2.6, color=INK)
    bars = bars.encode(x=x, xOffset=_offset("here"), y=alt.Y("low:Q", **up), y2="high:Q")
    means = (
        alt.Chart(long.dropna())
        .mark_point(filled=True, size=110, color=INK, opacity=1)
        .encode(
            x=x,
            xOffset=_offset("aside"),
            y=alt.Y("value:Q", **up),
            shape=alt.Shape("who:N", scale=shapes, legend=legend),
            tooltip=["group:N", "who:N", alt.Tooltip("value:Q", format=".3f"), "units:Q"],
        )
    )
    return bars + means


def _pairs(groups: Groups) -> list[str]:
    return [
        minus(f"{row.second} - {row.first}: {row.difference:+.2f}, {p_words(row.p_holm)}")
        for row in named_rows(groups.tests.head(3))
    ]


def p_words(p: float) -> str:
    """Return `p < 0.001`, `p = 0.012` or `p = 0.34`."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def planning_figure(found: Agreement) -> Any | None:
    """Draw the noise ceiling by answers per unit, in closed form and simulated.

    None where units are alike.
    """
    part = found.compared
    if found.ceilings is None or found.ceilings.needed is None:
        return None
    n = part["n"].to_numpy(int)
    try:
        p = noise.without_noise(part["his"], n)
    except AgreementFault:
        return None
    needed, wanted = found.ceilings.needed, found.choices.wanted
    most = max(60, int(1.5 * needed), int(1.2 * n.max()))
    simulated = noise.planning(p, _steps(most), seed=found.choices.seed).clip(lower=0)
    line = pd.DataFrame({"n": np.unique(np.r_[1 : min(most, 400) + 1, _steps(most)])})
    line["expected"] = [noise.expected_ceiling(p, int(k)) for k in line["n"]]
    x = alt.X("n:Q", title="answers a unit", scale=alt.Scale(domain=[0, most], nice=False))
    up: dict[str, Any] = {
        "title": "noise ceiling (Pearson)",
        "scale": alt.Scale(domain=[0, 1], nice=False),
    }
    base = alt.Chart(simulated).encode(x=x)
    band = base.mark_area(color=PALETTE[0], opacity=0.16).encode(
        y=alt.Y("low:Q", **up), y2="high:Q"
    )
    dots = base.mark_point(filled=True, size=32, color=PALETTE[0], opacity=1).encode(
        y=alt.Y("mean:Q", **up),
        tooltip=["n:Q", *(alt.Tooltip(f"{c}:Q", format=".3f") for c in ("mean", "expected"))],
    )
    curve = alt.Chart(line).mark_line(color=PALETTE[0], strokeWidth=2.2)
    curve = curve.encode(x=x, y=alt.Y("expected:Q", **up))
    goal = alt.Chart(pd.DataFrame({"n": [needed], "wanted": [wanted]}))
    rule = goal.mark_rule(color=PHASE_LINE, strokeDash=[5, 3])
    rules = rule.encode(y=alt.Y("wanted:Q", **up)) + rule.encode(x=x)
    title = alt.TitleParams(
        f"{needed:,} answers per unit for a ceiling of {wanted:g}",
        subtitle=f"{int(np.median(n))} answers per unit now (median)",
    )
    return (band + rules + curve + dots).properties(width=370, height=260, title=title)


def _steps(most: int) -> list[int]:
    """Return about a dozen whole numbers from 1 to `most`, closer together where curves bend."""
    return sorted({round(k) for k in np.geomspace(1, most, 14)})


def _names(units: pd.DataFrame) -> list[str]:
    if "model" not in units.columns:
        return [str(name) for name in units["unit"]]
    return [f"{m} {u}" for m, u in zip(units["model"], units["unit"], strict=True)]


def short(name: str, most: int) -> str:
    """Return the name, without its middle where it is too long for its place."""
    half = (most - 1) // 2
    return name if len(name) <= most else f"{name[:half]}…{name[-half:]}"
