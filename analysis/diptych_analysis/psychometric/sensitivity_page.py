"""Sensitivity and criterion of people and groups on a page, with files of the figure."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd

from diptych_analysis import charts
from diptych_analysis.charts import PALETTE, QUIET
from diptych_analysis.psychometric import fit_tables, sensitivity
from diptych_analysis.psychometric.sensitivity import Sensitivities
from diptych_analysis.report.page import Page

CAPTION = (
    "Sensitivity and criterion. Small points: people. Large points: means of the groups with "
    "intervals over people. Dashed: no preference."
)


def sensitivity_figure(found: Sensitivities) -> Any:
    """Criterion against d', one point per person and a cross of intervals per group."""
    names = list(found.groups)
    people = pd.DataFrame([
        {"name": each.name, "group": each.group, "d": each.d_prime.value, "c": each.criterion.value}
        for each in found.people
    ])  # fmt: skip
    means = pd.DataFrame([
        {"group": name, "d": d.value, "d_low": d.low, "d_high": d.high,
         "c": c.value, "c_low": c.low, "c_high": c.high}
        for name, (_, d, c) in found.groups.items()
    ])  # fmt: skip
    legend = alt.Legend(title=None, orient="top") if len(names) > 1 else None
    colour = alt.Color("group:N", scale=alt.Scale(domain=names, range=list(PALETTE)), legend=legend)
    x = alt.X("d:Q", title="sensitivity d′", scale=alt.Scale(zero=True, padding=8))
    y = alt.Y("c:Q", title="criterion c", scale=alt.Scale(zero=True, padding=8))
    dots = alt.Chart(people).mark_point(filled=True, size=34, opacity=0.45).encode(
        x=x, y=y, color=colour,
        tooltip=["name:N", alt.Tooltip("d:Q", format=".2f"), alt.Tooltip("c:Q", format=".2f")],
    )  # fmt: skip
    base = alt.Chart(means).encode(color=colour)
    across = base.mark_rule(strokeWidth=3).encode(x="d_low:Q", x2="d_high:Q", y="c:Q")
    up = base.mark_rule(strokeWidth=3).encode(y="c_low:Q", y2="c_high:Q", x="d:Q")
    large = base.mark_point(filled=True, size=150, opacity=1, stroke="white").encode(
        x="d:Q", y="c:Q"
    )
    zero = alt.Chart(pd.DataFrame({"c": [0.0]})).mark_rule(strokeDash=[4, 3], color=QUIET)
    layers = alt.layer(zero.encode(y="c:Q"), dots, across, up, large)
    return layers.properties(width=380, height=280)


def write_sensitivity(found: Sensitivities, folder: Path) -> Path:
    """Write `folder`/index.html, figures/sensitivity.png and .svg; return the page."""
    page = Page()
    page.add("<h3>Sensitivity and criterion</h3>")
    page.add(f'<p class="about">{html.escape(sensitivity.about(found))}</p>')
    page.figure(sensitivity_figure(found), CAPTION)
    for table in sensitivity.tables_of(found):
        page.add(fit_tables.as_html(table, 4))
    if found.left_out:
        items = "".join(f"<li>{html.escape(line)}</li>" for line in found.left_out)
        page.add(f"<ul>{items}</ul>")
    for suffix in ("png", "svg"):
        charts.save(sensitivity_figure(found), folder / "figures" / f"sensitivity.{suffix}")
    file = folder / "index.html"
    simulated = set(found.kinds) == {"simulated"}
    file.write_text(page.render(f"Sensitivity: {found.name}", simulated), encoding="utf-8")
    return file
