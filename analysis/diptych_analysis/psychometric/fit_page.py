"""Fitted functions as a part of a page, or as a page with files of its figures."""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from diptych_analysis import charts
from diptych_analysis.psychometric import curves, fit_tables
from diptych_analysis.psychometric.fitted_study import FittedStudy
from diptych_analysis.report.page import Page


def figures(found: FittedStudy) -> Iterator[tuple[str, Any, str]]:
    """Yield name, chart and caption of each figure."""
    percent = fit_tables.percent(found)
    word = fit_tables.threshold_word(found)
    yield (
        "curves",
        curves.curves(found),
        f"Psychometric functions. Points: all answers at a level; larger points have more answers. "
        f"Thin lines: single people. Thick line: the function with the mean {word}, width and "
        "lapse rate of the people. Dashed: the reference, if there is one, and the share at the "
        f"{word} without lapses.",
    )
    yield (
        "estimates",
        curves.estimates(found),
        f"{word[0].upper()}{word[1:]} and Weber fraction of each person with {percent} intervals, "
        "in order. "
        "Large points: means of the people, with intervals over people.",
    )


def add_fits(page: Page, found: FittedStudy, heading: str = "Psychometric functions") -> None:
    """Add tables and figures to a page."""
    page.add(f"<h3>{html.escape(heading)}</h3>")
    page.add(f'<p class="about">{html.escape(fit_tables.about(found))}</p>')
    for _, chart, caption in figures(found):
        page.figure(chart, caption)
    for table in (
        fit_tables.groups_table(found),
        fit_tables.pooled_table(found),
        fit_tables.people_table(found),
    ):
        if table[2]:
            page.add(fit_tables.as_html(table, 4))
    if found.left_out:
        items = "".join(f"<li>{html.escape(line)}</li>" for line in fit_tables.left_out(found))
        page.add(f"<ul>{items}</ul>")


def write_fits(found: FittedStudy, folder: Path) -> Path:
    """Write `folder`/index.html, figures/*.png and figures/*.svg; return the page."""
    page = Page()
    add_fits(page, found)
    for name, chart, _ in figures(found):
        for suffix in ("png", "svg"):
            charts.save(chart, folder / "figures" / f"{name}.{suffix}")
    file = folder / "index.html"
    simulated = set(found.judgements.kinds) == {"simulated"}
    title = f"Psychometric functions: {found.name}"
    file.write_text(page.render(title, simulated), encoding="utf-8")
    return file
