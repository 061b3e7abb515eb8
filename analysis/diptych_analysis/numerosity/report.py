"""One page about trained and tested networks: tables and the figures of thesis ch. 7."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from diptych_analysis import charts
from diptych_analysis.numerosity import runs, tables
from diptych_analysis.numerosity.analyses.covariates import error_by_covariate
from diptych_analysis.numerosity.analyses.incongruent import HEADLINE
from diptych_analysis.numerosity.analyses.islands import SHOWN_SIZE
from diptych_analysis.numerosity.figures import (
    action_error,
    covariates,
    embedding,
    estimates,
    samples,
    topology,
)
from diptych_analysis.numerosity.findings import Tested
from diptych_analysis.report.page import Page

Figure = tuple[str, Any, str]


def write_report(folder: Path, to: Path) -> Path:
    """Write `to`/index.html, figures/*.png and *.svg, and tables/*.csv; return the page.

    Parameters
    ----------
    folder : Path
        Folder of tested runs.
    to : Path
        Folder of the page.

    Raises
    ------
    NumerosityFault
        If the folder holds no tested networks.
    """
    results = runs.read_results(folder)
    tests = [runs.read_tested(Path(folder) / run["name"]) for run in results["runs"]]
    page = Page()
    _about(page, results)
    page.add("<h2>Number or covariate?</h2>")
    page.add(tables.as_html(tables.incongruent_table(results)))
    _draw(page, _headline(results, tests), to)
    page.add("<h2>The networks</h2>")
    page.add(tables.as_html(tables.summary_table(runs.summary(results["runs"]))))
    page.picture(
        samples.sample_walk(tests[0].settings),
        "The first images of a training walk, inverted. The network never sees the numbers.",
    )
    _draw(page, _figures(tests), to)
    page.add("<h2>All observers</h2>")
    page.add(
        '<p class="about">Order, curve and Weber fraction of the controls: an observer that adds '
        "up pixels passes these tests too, so they do not show a sense of number.</p>"
    )
    page.add(tables.as_html(tables.observers_table(results)))
    _write_tables(results, to)
    file = to / "index.html"
    file.write_text(page.render("Number sense", simulated=False), encoding="utf-8")
    return file


def _about(page: Page, results: dict[str, Any]) -> None:
    probe = results["probe"]
    facts = [
        (str(len(results["runs"])), "networks"),
        (f"{(probe['most'] + 1) * probe['images']:,}", "test images"),
        (f"{probe['walk_actions']:,}", "test actions"),
    ]
    cards = "".join(f"<div><b>{value}</b><span>{name}</span></div>" for value, name in facts)
    page.add(f'<div class="cards">{cards}</div>')
    page.add(
        '<p class="about">Each network learned to tell put, take and shake from the images before '
        "and after. It never learned how many objects an image has. The test images have 0 to "
        f"{probe['most']} objects.</p>"
    )


def _draw(page: Page, figures: Iterator[Figure], to: Path) -> None:
    for name, chart, caption in figures:
        page.figure(chart, caption)
        for suffix in ("png", "svg"):
            charts.save(chart, to / "figures" / f"{name}.{suffix}")


def _headline(results: dict[str, Any], tests: list[Tested]) -> Iterator[Figure]:
    first = results["runs"][0]
    yield (
        "incongruent",
        covariates.incongruent(pd.DataFrame(first["incongruent"]), HEADLINE),
        f"Right answers in pairs of {HEADLINE[0]} and {HEADLINE[1]} objects ({first['name']}). "
        "Full points: incongruent pairs, in which the image with fewer objects has more of the "
        "covariate. Hollow points: congruent pairs. Bars: 95 % bootstrap intervals over images. "
        "The observer of a covariate is always wrong in its incongruent pairs. Dashed: chance.",
    )
    yield (
        "covariates",
        covariates.error_by_covariate(
            error_by_covariate(tests[0].perceived, tests[0].covariates, tests[0].counts)
        ),
        "Errors of the network in close comparisons along the relative difference of each "
        "covariate (appendix, Fig. 7.2). A flat line means that the covariate does not matter. "
        "Bands: 95 % intervals of the pairs; pairs share images, so they are too narrow.",
    )


def _figures(tests: list[Tested]) -> Iterator[Figure]:
    first = tests[0]
    name = first.settings.name
    yield (
        "action-error",
        action_error.action_errors(tests),
        "Wrong predictions of the action, by the number of objects before it (Fig. 7.3; all seeds "
        "pooled). Bands: 95 % posterior intervals. Grey: numbers that at least one of the networks "
        "never saw in training. Dashed: guessing.",
    )
    yield (
        "embedding",
        embedding.embedding(first),
        f"The embedding of test images by {name} (Fig. 7.4A), {embedding.SHOWN} images per number.",
    )
    yield (
        "islands",
        embedding.islands(first, SHOWN_SIZE),
        f"Clusters that HDBSCAN finds in it, least size {SHOWN_SIZE} (Fig. 7.4B and C). The "
        "colours of the matrix are logarithmic.",
    )
    yield (
        "comparison",
        estimates.comparison(first),
        "Share of test images judged to have more objects than a reference image with 16 (Fig. "
        f"7.5A), by {name} and by the controls. Lines: fitted curves.",
    )
    yield (
        "perceived",
        estimates.perceived(tests),
        f"Perceived numbers (Fig. 7.5B): distributions and means of {name}, and the power fits of "
        "all networks (orange). Dashed: perfect. Green: people's exponents, 0.83 +- 0.2 (Krueger "
        "1982).",
    )
    yield (
        "topology",
        topology.topology(first),
        "Left: puts lead to the next island, takes to the one before, and shakes stay (appendix, "
        "Fig. 7.5, where arrows show this). Right: how far each action moves an image.",
    )
    yield (
        "lines",
        embedding.lines(tests),
        "Embedding and linear error of each network (appendix, Fig. 7.7).",
    )


def _write_tables(results: dict[str, Any], to: Path) -> None:
    (to / "tables").mkdir(parents=True, exist_ok=True)
    runs.summary(results["runs"]).to_csv(to / "tables" / "networks.csv", index=False)
    parts = [pd.DataFrame(r["incongruent"]).assign(run=r["name"]) for r in results["runs"]]
    pd.concat(parts).to_csv(to / "tables" / "incongruent.csv", index=False)
