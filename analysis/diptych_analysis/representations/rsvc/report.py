"""The page of a run of RSVC: tables, figures and grids."""

from __future__ import annotations

import html
from pathlib import Path

import pandas as pd

from diptych_analysis import charts
from diptych_analysis.report.page import Page
from diptych_analysis.representations.rsvc import figures
from diptych_analysis.representations.rsvc.comparison import SIDES, Side
from diptych_analysis.representations.rsvc.pictures import Gallery, draw_concept
from diptych_analysis.representations.rsvc.result_tables import ClassResult, Result, file_name

#: Concepts per network and class that the page shows: the least similar, and the most similar one.
_LEAST = 3


def write_grids(result: Result, to: Path) -> list[Path]:
    """Write the grids of each concept as CLASS-NETWORK-CONCEPT.png into a folder."""
    to.mkdir(parents=True, exist_ok=True)
    files, gallery = [], Gallery(result)
    for found in result.classes:
        for side, concept in found.grids:
            file = to / f"{file_name(found.wanted.name)}-{side}-{concept}.png"
            draw_concept(gallery, found, side, concept).save(file)
            files.append(file)
    return files


def write_report(result: Result, to: Path) -> Path:
    """Write `to`/index.html and figures/*.svg; return the page."""
    page, gallery = Page(), Gallery(result)
    page.add(f'<p class="about">{html.escape(about(result))}</p>')
    page.add("<h2>Classes</h2>")
    page.add(_table(_short(result.class_table())))
    drawn = {
        "similarities": (
            figures.similarities(result),
            "Each dot is a concept. CMCS: how well the other network predicts it. SMCS: how well "
            "the network itself does.",
        ),
        "importance": (
            figures.importance_by_similarity(result),
            "Concepts on the left are missed by the other network; those far from 0 matter for the "
            "class.",
        ),
        "replacement": (
            figures.replacement(result),
            "What changes when the other network's prediction of a concept takes the place of the "
            "network's own prediction.",
        ),
        "layers": (
            figures.layers(result),
            "Largest correlations of concepts between each pair of layers: a cheap lower bound of "
            "the similarity by regression.",
        ),
    }
    for name, (chart, caption) in drawn.items():
        if chart is not None:
            page.figure(chart, caption)
            charts.save(chart, to / "figures" / f"{name}.svg")
    for found in result.classes:
        page.add(f"<h2>Class {html.escape(found.wanted.name)}</h2>")
        for side in SIDES:
            _add_concepts(page, gallery, found, side)
    page.add("<h2>All concepts</h2>")
    page.add(f'<div class="long">{_table(result.concepts)}</div>')
    to.mkdir(parents=True, exist_ok=True)
    file = to / "index.html"
    file.write_text(page.render("Concepts of two networks", simulated=False), encoding="utf-8")
    return file


def about(result: Result) -> str:
    """Say in a few sentences what was compared, and with which settings."""
    settings, plan = result.plan.settings, result.plan
    return (
        f"A is {result.names[0]} and B is {result.names[1]}, at "
        f"{' and '.join(dict.fromkeys(result.about['layers']))}. {len(result.images):,} images; "
        f"each class has the images that a network predicts as it. {plan.held_out:.0%} of them are "
        f"held out for the similarities. k = {settings.concepts} concepts, alpha = "
        f"{settings.alpha:g}, {settings.folds} folds of images, seed {settings.seed}."
    )


def _add_concepts(page: Page, gallery: Gallery, found: ClassResult, side: Side) -> None:
    result = gallery.result
    own = found.concepts[found.concepts["network"] == side].sort_values("cmcs", kind="stable")
    numbers = [int(i) for i in own["concept"]]
    page.add(f"<h3>Concepts of {html.escape(result.names[SIDES.index(side)])}</h3>")
    for concept in dict.fromkeys([*numbers[:_LEAST], *numbers[-1:]]):
        row = own[own["concept"] == concept].iloc[0]
        flag = " The prediction is constant." if row["cmcs_constant"] else ""
        page.picture(
            draw_concept(gallery, found, side, concept),
            f"Concept {concept}: CMCS {row['cmcs']:.2f}, SMCS {row['smcs']:.2f}.{flag}",
        )
    page.figure(
        figures.coefficients(result, found, side, numbers[0]),
        "The concept that the other network predicts worst: each dot is a patch.",
    )


def _short(frame: pd.DataFrame) -> pd.DataFrame:
    names = {"images_evaluation": "held-out images", "patches_evaluation": "held-out patches"}
    kept = ["class", "model", "concepts", "cmcs", "smcs", "dictionary", "reconstruction_error"]
    return frame.rename(columns=names)[[*kept, "images_training", *names.values()]]


def _table(frame: pd.DataFrame) -> str:
    plain = frame.rename(columns=lambda name: str(name).replace("_", " "))
    return str(plain.to_html(index=False, border=0, float_format=lambda x: f"{x:.3f}"))
