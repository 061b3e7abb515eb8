"""One page about the units of networks: tables, the figures that the scores allow, pictures."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from diptych_analysis import charts
from diptych_analysis.mis.analyses import tables as tables_of
from diptych_analysis.mis.analyses.findings import Findings, examine
from diptych_analysis.mis.analyses.training import layer_changes
from diptych_analysis.mis.analyses.trends import by_width
from diptych_analysis.mis.figures import (
    comparison,
    convergence,
    layer_types,
    layers,
    performance,
    ranking,
    training,
    trends,
)
from diptych_analysis.mis.figures.items import Pictures, unit_sheet
from diptych_analysis.report.page import Page

Figure = tuple[str, Any, str]
DRAWN = 3  # so many models have each of their layers drawn
SHARP = 90  # side of an explanation on the sheets, in pixels: about two a pixel of the page
SHEETS = 3  # so many models have their easiest and hardest units shown


def write_machine_report(
    to: Path,
    scores: pd.DataFrame,
    items: pd.DataFrame | None = None,
    images: pd.DataFrame | None = None,
    image_folder: Path | None = None,
    accuracy: pd.DataFrame | None = None,
    checkpoints: pd.DataFrame | None = None,
    left_out: pd.DataFrame | None = None,
) -> Path:
    """Write `to`/index.html, tables/*.csv, figures/*.png and *.svg; return the page.

    The page loads nothing from anywhere. Raises `MachineFault` as `examine` does, and where an
    image that is to be shown can't be read.

    Parameters
    ----------
    to : Path
        Folder; made where it is not there.
    scores : pd.DataFrame
        Rows of scores.parquet, of one setting or several.
    items : pd.DataFrame | None, optional
        Rows of items.parquet; without them no convergence and no pictures of items.
    images : pd.DataFrame | None, optional
        Rows of images.parquet.
    image_folder : Path | None, optional
        What the images' file names are relative to.
    accuracy : pd.DataFrame | None, optional
        model, accuracy (`read_accuracy`).
    checkpoints : pd.DataFrame | None, optional
        model, epoch (`read_checkpoints`), if the models are one training's.
    left_out : pd.DataFrame | None, optional
        Rows of left_out.parquet: layers that can't be scored.
    """
    found = examine(scores, items, accuracy, checkpoints)
    return write_findings(to, found, images, image_folder, left_out)


def write_findings(
    to: Path,
    found: Findings,
    images: pd.DataFrame | None,
    image_folder: Path | None,
    left_out: pd.DataFrame | None = None,
) -> Path:
    """Write the page about existing findings; otherwise as `write_machine_report`."""
    writing = _Writing(to)
    for table in tables_of.tables(found):
        writing.table_file(table)
    writing.about(found)
    writing.section("Models", tables_of.model_table(found), _model_figures(found))
    writing.section("Layers", tables_of.type_table(found), _layer_figures(found))
    trend = tables_of.trend_table(found)
    writing.page.add(f"<h3>{html.escape(trend.title)}</h3>{trend.html()}")
    if found.compared is not None:
        table = tables_of.comparison_table(found.compared)
        writing.section("Networks and controls", table, _comparison_figures(found.compared))
    if found.against is not None:
        table = tables_of.pareto_table(found.against)
        writing.section("Interpretability and accuracy", table, _accuracy_figures(found.against))
    if found.curve is not None:
        table = tables_of.curve_table(found.curve)
        writing.section("During training", table, _training_figures(found.curve, found))
    if found.first_tasks is not None or found.recreated is not None:
        writing.section("How many tasks are enough?", None, _convergence_figures(found))
    if images is not None and image_folder is not None and found.items is not None:
        writing.units(found, images, image_folder)
    writing.page.add("<h2>Every layer</h2>")
    writing.page.add(f'<div class="long">{tables_of.layers_table(found).html()}</div>')
    if left_out is not None and len(left_out):
        writing.section("Layers that are left out", tables_of.left_out_table(left_out), iter(()))
    return writing.finish(found)


class _Writing:
    """The page and the files beside it."""

    def __init__(self, to: Path) -> None:
        self.to, self.page = Path(to), Page()
        (self.to / "figures").mkdir(parents=True, exist_ok=True)
        (self.to / "tables").mkdir(exist_ok=True)

    def table_file(self, table: tables_of.Table) -> None:
        table.frame.to_csv(self.to / "tables" / f"{table.name}.csv", index=False)

    def section(self, title: str, table: tables_of.Table | None, figures: Iterator[Figure]) -> None:
        self.page.add(f"<h2>{html.escape(title)}</h2>")
        if table is not None:
            markup = table.html()
            long = len(table.frame) > 20
            self.page.add(f'<div class="long">{markup}</div>' if long else markup)
        for name, chart, text in figures:
            if chart is None:
                self.page.add(f'<p class="about">{html.escape(text)}</p>' if text else "")
                continue
            self.page.figure(chart, text)
            for suffix in ("png", "svg"):
                charts.save(chart, self.to / "figures" / f"{name}.{suffix}")

    def about(self, found: Findings) -> None:
        scores, table = found.scores, found.layers
        left_out = int(table["left_out"].sum())
        cards = [
            (len(found.ranked), "model"),
            (len(table), "layer"),
            (len(scores) - left_out, "unit scored"),
            (left_out, "unit left out"),
        ]
        if "images" in scores:
            cards.append((int(scores["images"].iloc[0]), "image"))
        self.page.add(
            '<div class="cards">'
            + "".join(
                f"<div><b>{count:,}</b><span>{_plural(label, count)}</span></div>"
                for count, label in cards
            )
            + "</div>"
        )
        self.page.add(f'<p class="about">{_introduction(found)}</p>')

    def units(self, found: Findings, images: pd.DataFrame, folder: Path) -> None:
        self.page.add("<h2>Easiest and hardest units</h2>")
        pictures = Pictures(images, folder, found.setting.image_set)
        assert found.items is not None
        known = set(found.pooled["model"]) & set(found.items["model"])
        ranked = found.ranked[found.ranked["model"].isin(known)]
        for model in ranked["model"].iloc[::-1].iloc[:SHEETS]:
            sheet: Image.Image = unit_sheet(
                found.scores, found.items, pictures, str(model), tile=SHARP
            )
            sheet.save(self.to / "figures" / f"units-{_file_name(str(model))}.png")
            self.page.picture(
                sheet,
                f"{model}: the units of the highest MIS (left) and of the lowest (right), each by "
                "its first task. The query that activates the unit more is framed; participants "
                "see neither frame nor words.",
            )

    def finish(self, found: Findings) -> Path:
        names = [str(name) for name in found.ranked["model"]]
        title = ", ".join(names) if len(names) <= 3 else f"{len(names)} models"
        file = self.to / "index.html"
        page = self.page.render(f"Interpretability of units: {title}", simulated=False)
        file.write_text(page, encoding="utf-8")
        return file


def _plural(label: str, count: int) -> str:
    first, _, rest = label.partition(" ")
    return f"{first}{'' if count == 1 else 's'} {rest}".strip()


def _file_name(model: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", model)


def _introduction(found: Findings) -> str:
    words = (
        "The machine interpretability score (MIS) of a unit is the mean probability that a "
        "machine, by the similarity of images alone, tells which of two images activates the unit "
        "more, after examples of both. Chance is 0.5. Machine accuracy is the share of the tasks "
        "that it gets right, and does not depend on the scale. Units whose activation hardly "
        f"changes are left out. Setting: {found.setting.words}."
    )
    if found.others:
        more = "; ".join(other.beside(found.setting) for other in found.others)
        words += f" Also in these scores, and only compared below: {more}."
    return html.escape(words)


def _model_figures(found: Findings) -> Iterator[Figure]:
    if len(found.ranked) > 1:
        yield (
            "ranking",
            ranking.model_ranking(found.ranked),
            "Models by the mean MIS of their units; bars reach from the 5th to the 95th "
            "percentile over units. Dashed: chance.",
        )
        yield (
            "worst-units",
            ranking.worst_units(found.worst),
            "Models by their worst units: the 5th percentile of MIS. Dashed: chance.",
        )
    yield (
        "variability",
        ranking.variability(found.scores, found.ranked),
        "How the MIS of units is distributed"
        + (
            ". Dashed: chance."
            if len(found.ranked) == 1
            else ", models by the distance of the 5th and 95th percentile: share of the units, "
            "all panels to one scale. Dashed: chance."
        ),
    )
    constant, units = int(found.constant["constant"].sum()), int(found.constant["units"].sum())
    if constant and len(found.constant) == 1:
        words = f"{constant:,} of {units:,} units are constant over all images, and left out."
        yield "constant-units", None, words
    elif constant:
        yield (
            "constant-units",
            ranking.constant_ratio(found.constant),
            "Share of units that are constant over all images; they are left out everywhere.",
        )
    else:
        yield "constant-units", None, "No unit is constant."


def _layer_figures(found: Findings) -> Iterator[Figure]:
    if len(found.ranked) <= DRAWN:
        yield (
            "layers",
            layers.layers(found.layers),
            "MIS of every layer: mean over its units, bars from the 5th to the 95th percentile. "
            "Dashed: chance.",
        )
    ranked = found.ranked[found.ranked["model"].isin(found.means["model"])]
    if len(ranked) < len(found.ranked):
        which = "untrained networks, and of a training all but its last checkpoint"
        words = f"From here to the end of this section, {which}, are left out."
        yield "pooled", None, words
    if len(ranked) > 1:
        yield (
            "layer-types",
            layer_types.layer_types(found.means, ranked.assign(rank=range(1, len(ranked) + 1))),
            "Mean MIS of the units of each layer type in each model.",
        )
    if found.significance is not None:
        yield (
            "layer-types-significance",
            layer_types.significance(found.significance),
            "Are the differences between layer types significant? p of Conover's test over the "
            "means of the figure above, with Holm's correction.",
        )
    else:
        words = f"Differences of layer types not tested: {found.no_significance}."
        yield "layer-types-significance", None, words
    yield from _trend_figures(found)


def _trend_figures(found: Findings) -> Iterator[Figure]:
    yield (
        "depth",
        trends.trend(found.depth, "relative depth"),
        "Mean MIS of layers along their relative depth (0: the network's first layer, 1: its "
        "last), in bins of as equal count as layers of the same depth allow; correlations of the "
        "bins' means.",
    )
    if bool((found.depth.bins["layers"] > 1).any()):
        yield (
            "depth-variance",
            trends.trend(found.depth, "relative depth", variance=True),
            "The same with one standard deviation over layers, and the single layers in grey; "
            "correlations of the single layers.",
        )
    yield (
        "width",
        trends.trend(found.width, "relative width"),
        "Mean MIS of layers along their width, relative to the widest layer of the model.",
    )
    for statistic in ("low", "high"):
        part = "5th" if statistic == "low" else "95th"
        yield (
            f"width-{part}-percentile",
            trends.trend(by_width(found.pooled, statistic=statistic), "relative width", statistic),
            f"The same of the {part} percentile of each layer's units.",
        )


def _comparison_figures(compared: pd.DataFrame) -> Iterator[Figure]:
    yield (
        "comparison",
        comparison.comparison(compared),
        "Share of the tasks that the machine gets right, mean over the units of each layer. If a "
        "control does as well as the network, the score says nothing about what the network "
        "learned. Dashed: chance.",
    )


def _accuracy_figures(against: pd.DataFrame) -> Iterator[Figure]:
    if len(against) < 2:
        yield "accuracy", None, "The accuracy of one of these models only is known."
        return
    yield (
        "accuracy",
        performance.against_accuracy(against),
        "Mean MIS of models against their classification accuracy. Models are named where no "
        "other is both more accurate and more interpretable.",
    )


def _training_figures(curve: pd.DataFrame, found: Findings) -> Iterator[Figure]:
    yield (
        "training",
        training.training_curve(curve),
        "MIS over the training: mean over units, 5th to 95th percentile; epoch 0 is the network "
        "before it. Beside it, where accuracies are given, MIS against accuracy.",
    )
    for number, ((before, after), changes) in enumerate(found.changes.items(), 1):
        left_out = changes.attrs.get("left_out", 0)
        yield (
            f"layer-changes-{number}",
            training.layer_changes(layer_changes(changes)),
            f"Change in MIS from {before} to {after}: mean of each layer, one standard deviation "
            f"over its units. {left_out:,} units without a score in either are left out.",
        )
        yield (
            f"dropping-units-{number}",
            training.dropping_units(changes),
            f"The units whose MIS drops most from {before} to {after}."
            if bool((changes["change"] < 0).any())
            else f"No unit's MIS drops from {before} to {after}.",
        )


def _convergence_figures(found: Findings) -> Iterator[Figure]:
    band = (
        "Mean over units of the absolute difference. The band is one standard deviation "
        "wide on each side."
    )
    if found.first_tasks is not None:
        yield (
            "convergence",
            convergence.convergence(found.first_tasks, "the first tasks of all"),
            f"MIS of the first tasks against that of all. {band}",
        )
    if found.recreated is not None:
        yield (
            "convergence-recreated",
            convergence.convergence(found.recreated, "new tasks for each number"),
            "MIS of fewer tasks, newly made for each number, against the MIS of the largest "
            f"number. {band}",
        )
