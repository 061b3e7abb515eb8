"""The page of `diptych agree --report`."""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from diptych_analysis import charts
from diptych_analysis.behaviour import figures
from diptych_analysis.behaviour.findings import Findings
from diptych_analysis.behaviour.findings_json import stimuli_table
from diptych_analysis.behaviour.findings_tables import PlainTable, about, lists, tables
from diptych_analysis.report.page import Page


def write_report(found: Findings, to: Path) -> Path:
    """Write `to`/index.html, figures/*.png and *.svg, and stimuli.csv; return the page."""
    page = Page()
    page.add(f'<p class="about">{html.escape(about(found))}</p>')
    for table in tables(found):
        page.add(_html(table))
    for name, chart, caption in _figures(found):
        page.figure(chart, caption)
        for suffix in ("png", "svg"):
            charts.save(chart, to / "figures" / f"{name}.{suffix}")
    for table in lists(found):
        page.add(_html(table))
    for note in found.notes:
        page.add(f"<p>{html.escape(note)}</p>")
    to.mkdir(parents=True, exist_ok=True)
    stimuli_table(found).to_csv(to / "stimuli.csv", index=False)
    file = to / "index.html"
    simulated = found.kinds == ["simulated"]
    file.write_text(page.render("Agreement", simulated), encoding="utf-8")
    return file


def _figures(found: Findings) -> Iterator[tuple[str, Any, str]]:
    n = len(found.responses.raters)
    yield (
        "agreement",
        figures.agreement_histogram(found),
        f"Agreement of {n:,} raters about each stimulus (Cheung et al., Eq. 1). Dashed: mean.",
    )
    if found.chosen is not None:
        yield (
            "halves",
            figures.halves(found),
            f"The {found.k:,} stimuli that {int(found.chosen.first_half.sum())} raters agree on "
            "least, and how much the other raters agree about them. The difference is what "
            "choosing and scoring on the same raters exaggerates. Dashed: mean of the other raters "
            f"over all stimuli. Seed of the halves: {found.options.seed}.",
        )
    if found.bins is not None:
        yield (
            "kappa-by-accuracy",
            figures.kappa_by_accuracy(found.bins),
            f"Fleiss' kappa of raters of similar accuracy (Cheung et al., Fig. 3), {n:,} raters, "
            f"k = {found.k:,}.",
        )
        yield (
            "agreement-map",
            figures.agreement_map(found.bins),
            "Agreement about each stimulus from low (yellow) to high (purple) among raters of "
            f"similar accuracy (Cheung et al., Fig. 4). More than "
            f"{figures.MOST_COLUMNS} stimuli are averaged.",
        )


def _html(table: PlainTable) -> str:
    head = "".join(f"<th>{html.escape(name)}</th>" for name in table.head)
    rows = "".join(
        f"<tr><th>{html.escape(row[0])}</th>"
        + "".join(f"<td>{html.escape(cell)}</td>" for cell in row[1:])
        + "</tr>"
        for row in table.rows
    )
    return (
        f"<h3>{html.escape(table.title)}</h3><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )
