"""The house style of the dashboard's figures: fits any width, light and dark, page and file."""

from __future__ import annotations

import json
from typing import Any, Literal

import altair as alt
import vl_convert as vlc

from diptych_analysis.charts import FONT, GRID, INK, PALETTE, PHASE_LINE, QUIET

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
WIDTH = 640  # of a figure in a file; on a page it is as wide as its place
AXIS = "#9aa5b1"
# On dark ground every colour has its counterpart; hues stay apart for any colour vision.
DARK = {
    INK: "#e4e9ee",
    QUIET: "#a3b1bf",
    GRID: "#333d47",
    AXIS: "#66727e",
    "#0072B2": "#4FA8DE",
    "#D55E00": "#F0803C",
    "#009E73": "#2FBF97",
    "#000000": "#F2F2F2",
    "#8A7A00": "#C9B840",
    PHASE_LINE: "#e77a98",
    "#eef4f9": "#1f2a35",
    "#0071B1": "#22689C",
}
GROUND = {"light": "#ffffff", "dark": "#161b21"}
#: The colour of a phase, the same in every figure.
PHASE_COLOURS = {
    "practice": PALETTE[3],
    "training": PALETTE[0],
    "test": PALETTE[1],
    "catch": PALETTE[2],
}


def told(*lines: str) -> alt.TitleParams:
    """Put lines above a figure: how many were counted, and the result in words."""
    return alt.TitleParams("", subtitle=list(lines))


def phases_scale(phases: list[str]) -> alt.Scale:
    """Return the colours of the phases that are there."""
    return alt.Scale(domain=phases, range=[PHASE_COLOURS[phase] for phase in phases])


def legend(**options: Any) -> alt.Legend:
    """Return a legend above the figure, in as many rows as a narrow page needs."""
    given = {"title": None, "orient": "top", "columns": 3, "symbolOpacity": 1, "labelLimit": 110}
    return alt.Legend(**{**given, **options})


def whole(counts: Any) -> alt.Axis:
    """Return an axis of counts: no ticks between whole numbers."""
    most = max(counts, default=1)
    return alt.Axis(format="d", tickMinStep=1) if most < 10 else alt.Axis(format="~s")


def percent(least: float = 0.0) -> dict[str, Any]:
    """Scale and axis of a share, from `least` to 1."""
    return {
        "scale": alt.Scale(domain=[least, 1], nice=False, clamp=True),
        "axis": alt.Axis(format=".0%", tickCount=5),
    }


def scores(least: float = 0.0) -> dict[str, Any]:
    """Scale and axis of a score between 0 and 1, as papers write it."""
    return percent(least) | {"axis": alt.Axis(format=".1f", tickCount=5)}


def share_words(share: float, low: float, high: float) -> str:
    """Return `81 % (78 to 84)`."""
    return f"{share:.0%} ({low * 100:.0f} to {high * 100:.0f})".replace("%", " %")


def histogram(data: Any, x: alt.X, x2: str, y: alt.Y, **encodings: Any) -> Any:
    """Draw the bars of a histogram from lower to upper ends of bins, on the ground line."""
    bars = alt.Chart(data.assign(ground=0)).mark_rect(color=PALETTE[0], opacity=0.8)
    return bars.encode(x=x, x2=x2, y=y, y2="ground:Q", **encodings)


def page_spec(chart: Any, theme: Theme) -> dict[str, Any]:
    """Return the Vega-Lite specification for a page: transparent, as wide as its container.

    Letters, axes and legends take the colours of the page; its heading stands there already.
    """
    spec = _spec(chart.properties(width="container").configure(padding=4), theme)
    spec["background"] = "transparent"
    lines = spec.get("title", {}).get("subtitle")
    if lines:
        soft = DARK[QUIET] if theme == "dark" else QUIET
        plain = {"fontSize": 12, "fontWeight": 400, "color": soft}
        spec["title"] = {**spec["title"], "text": lines, **plain}
        del spec["title"]["subtitle"]
    return spec


def file_spec(chart: Any, theme: Theme, title: str) -> dict[str, Any]:
    """Return the specification for a file: with its title, on a ground, of a fixed width."""
    spec = _spec(_coloured(chart.properties(width=WIDTH)), theme)
    spec["background"] = GROUND[theme]
    spec["title"] = {**spec.get("title", {}), "text": title}
    return spec


def png(spec: dict[str, Any]) -> bytes:
    """Draw the figure as PNG, two pixels to one of the page."""
    return bytes(vlc.vegalite_to_png(json.dumps(spec), scale=2))


def svg(spec: dict[str, Any]) -> str:
    """Draw the figure as SVG."""
    return str(vlc.vegalite_to_svg(json.dumps(spec)))


def _coloured(chart: Any) -> Any:
    """Add the colours that a page would give the figure."""
    return (
        chart.configure(font=FONT, padding=10)
        .configure_view(stroke=None)
        .configure_axis(
            gridColor=GRID,
            domainColor=AXIS,
            tickColor=AXIS,
            labelColor=INK,
            titleColor=INK,
            titleFontWeight=500,
            labelFontSize=11,
            titleFontSize=12,
        )
        .configure_legend(labelColor=INK, titleColor=QUIET, labelFontSize=12, titleFontSize=11)
        .configure_title(
            anchor="start",
            offset=12,
            color=INK,
            fontSize=15,
            subtitleColor=QUIET,
            subtitleFontSize=12,
            subtitlePadding=4,
        )
    )


def _spec(chart: Any, theme: Theme) -> dict[str, Any]:
    sized = chart.properties(autosize=alt.AutoSizeParams(type="fit-x", contains="padding"))
    with alt.data_transformers.enable("default", max_rows=None):
        # The tests hold every figure to the schema; here it would take most of the time.
        spec: dict[str, Any] = sized.to_dict(validate=False)
    config = spec.setdefault("config", {})
    config["range"] = {"category": list(PALETTE)}
    config.setdefault("title", {"anchor": "start", "offset": 12})
    config.setdefault("legend", {"labelFontSize": 12, "titleFontSize": 11})
    config.setdefault("axis", {"labelFontSize": 11, "titleFontSize": 12})
    return _darkened(spec) if theme == "dark" else spec


def _darkened(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _darkened(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_darkened(part) for part in value]
    return DARK.get(value, value) if isinstance(value, str) else value
