"""One look for every figure: colour-blind-safe, readable in print, the same in every format."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import altair as alt
import vl_convert as vlc

#: Okabe and Ito's colours: told apart with any colour vision.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8A7A00")
INK, QUIET, GRID = "#1d2733", "#5b6875", "#e4e8ec"
PHASE_LINE = "#8a1c3c"
FONT = "Inter, 'Helvetica Neue', Arial, sans-serif"


def styled(chart: Any) -> Any:
    """Apply the house style to a chart. Only the outermost chart may be styled."""
    return (
        chart.configure(font=FONT, background="white", padding=8)
        .configure_view(stroke=None)
        .configure_axis(
            gridColor=GRID,
            domainColor="#9aa5b1",
            tickColor="#9aa5b1",
            labelColor=INK,
            titleColor=INK,
            titleFontWeight=500,
            labelFontSize=11,
            titleFontSize=12,
        )
        .configure_header(
            labelColor=INK,
            labelFontSize=12,
            labelFontWeight=600,
            titleColor=QUIET,
            titleFontSize=11,
        )
        .configure_legend(labelColor=INK, titleColor=QUIET, labelFontSize=12, titleFontSize=11)
        .configure_title(color=INK, fontSize=14, anchor="start", subtitleColor=QUIET)
        .configure_range(category=list(PALETTE))
    )


def spec_of(chart: Any) -> dict[str, Any]:
    """Return the Vega-Lite specification, data included."""
    with alt.data_transformers.enable("default", max_rows=None):
        found: dict[str, Any] = styled(chart).to_dict()
    return found


def svg_of(spec: dict[str, Any]) -> str:
    """Draw the figure as SVG."""
    return str(vlc.vegalite_to_svg(json.dumps(spec)))


#: Pixels of a chart per millimetre, at the 96 pixels per inch of CSS.
PIXELS_PER_MM = 96 / 25.4


def save(chart: Any, file: Path, scale: float = 2.0, *, width_mm: float | None = None) -> Path:
    """Write the figure by its suffix: .png, .svg, .pdf, .json, or .html that loads nothing.

    `width_mm` is the width of an SVG or PDF on paper, in millimetres. Raises ValueError for another
    suffix, or a width for another format.
    """
    spec = spec_of(chart)
    if width_mm is not None and (file.suffix not in (".svg", ".pdf") or width_mm <= 0):
        raise ValueError(f"{file}: a width of {width_mm:g} mm; allowed is above 0, of .svg or .pdf")
    file.parent.mkdir(parents=True, exist_ok=True)
    match file.suffix:
        case ".png":
            file.write_bytes(vlc.vegalite_to_png(json.dumps(spec), scale=scale))
        case ".svg":
            file.write_text(sized(svg_of(spec), width_mm), encoding="utf-8")
        case ".pdf":
            file.write_bytes(pdf_of(sized(svg_of(spec), width_mm)))
        case ".json":
            file.write_text(json.dumps(spec), encoding="utf-8")
        case ".html":
            file.write_text(vlc.vegalite_to_html(json.dumps(spec), bundle=True), encoding="utf-8")
        case other:
            raise ValueError(f"{file}: {other!r}; use .png, .svg, .pdf, .json or .html")
    return file


def sized(svg: str, width_mm: float | None) -> str:
    """Set the width of an SVG on paper, in millimetres; its height follows."""
    if width_mm is None:
        return svg
    width, height = size_of(svg)
    pixels = width_mm * PIXELS_PER_MM
    size = f'width="{pixels:g}" height="{height * pixels / width:g}"'
    return re.sub(r'width="[\d.]+" height="[\d.]+"', size, svg, count=1)


def size_of(svg: str) -> tuple[float, float]:
    """Return width and height of an SVG, in pixels; ValueError where it has none."""
    found = re.match(r'<svg [^>]*?width="([\d.]+)" height="([\d.]+)"', svg)
    if found is None:
        raise ValueError(f"an SVG without width and height: {svg[:80]}")
    return float(found[1]), float(found[2])


def pdf_of(svg: str) -> bytes:
    """Return an SVG as a PDF of one page."""
    return bytes(vlc.svg_to_pdf(svg))


def script() -> str:
    """Return Vega, Vega-Lite and vega-embed in one script, for a page that loads nothing."""
    return str(vlc.javascript_bundle("window.embed = vegaEmbed;"))


def classes_scale(classes: list[str]) -> alt.Scale:
    """Give a class the same colour in every figure."""
    return alt.Scale(domain=classes, range=[PALETTE[i % len(PALETTE)] for i in range(len(classes))])
