"""The findings as tables: the same ones on the terminal, on the page and as CSV files."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from diptych_analysis.mis.analyses.comparison import run_summary
from diptych_analysis.mis.analyses.findings import Findings

Columns = tuple[tuple[str, str, str], ...]
SCORE, COUNT, SIGNED, SHARE, WORDS = "{:.3f}", "{:,.0f}", "{:+.2f}", "{:.1%}", ""
_WORDS = ' class="words"'
PERCENTILES = (
    ("low", "5th %", SCORE),
    ("median", "median", SCORE),
    ("high", "95th %", SCORE),
)


@dataclass(frozen=True)
class Table:
    """A frame and which of its columns are shown: (column, heading, format)."""

    name: str
    title: str
    frame: pd.DataFrame
    columns: Columns

    def cells(self) -> list[list[str]]:
        """Return the rows of formatted cells; a dash where there is no number."""
        shown = self.frame[[column for column, _, _ in self.columns]]
        formats = [form for _, _, form in self.columns]
        return [
            [_cell(value, form) for value, form in zip(row, formats, strict=True)]
            for row in shown.itertuples(index=False)
        ]

    def html(self) -> str:
        """Write the table for a page; the first column heads the rows."""
        head = "".join(
            f"<th{_WORDS if form == WORDS else ''}>{html.escape(heading)}</th>"
            for _, heading, form in self.columns
        )
        body = "".join(
            "<tr>" + "".join(self._html(i, cell) for i, cell in enumerate(row)) + "</tr>"
            for row in self.cells()
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def _html(self, place: int, cell: str) -> str:
        text = html.escape(cell)
        if place == 0:
            return f"<th>{text}</th>"
        words = _WORDS if self.columns[place][2] == WORDS else ""
        return f"<td{words}>{text}</td>"

    def terminal(self) -> Any:
        """Make the table for rich."""
        from rich.table import Table as RichTable
        from rich.text import Text

        made = RichTable(title=self.title, title_justify="left")
        for _, heading, form in self.columns:
            words = form == WORDS
            made.add_column(
                heading,
                justify="left" if words else "right",
                no_wrap=words,
                overflow="fold",
                min_width=max(len(word) for word in heading.split()),
            )
        for row in self.cells():
            made.add_row(*(Text(cell) for cell in row))
        return made


def _cell(value: Any, form: str) -> str:
    if isinstance(value, float) and math.isnan(value):
        return "–"
    return form.format(value) if form else str(value)


def tables(found: Findings) -> list[Table]:
    """Return every table that the findings allow, those of single layers last."""
    made = [model_table(found), type_table(found)]
    made += [trend_table(found)]
    if found.against is not None:
        made.append(pareto_table(found.against))
    if found.curve is not None:
        made.append(curve_table(found.curve))
    if found.compared is not None:
        made.append(comparison_table(found.compared))
    return [*made, layers_table(found)]


def model_table(found: Findings) -> Table:
    """Tabulate the models, the best first."""
    columns = (
        ("model", "model", WORDS),
        ("units", "units", COUNT),
        ("left_out", "left out", COUNT),
    )
    accuracy = found.layers.assign(total=found.layers["accuracy"] * found.layers["units"])
    sums = accuracy.groupby("model")[["total", "units"]].sum()
    frame = found.ranked[::-1].assign(
        accuracy=lambda d: d["model"].map(sums["total"] / sums["units"])
    )
    more = (("mean", "mean MIS", SCORE), *PERCENTILES, ("accuracy", "machine acc.", SCORE))
    return Table("models", "Models: MIS over their units", frame, columns + more)


def type_table(found: Findings) -> Table:
    """Tabulate the layer types over the pooled models."""
    grouped = found.means.groupby("layer_type")
    frame = grouped.agg(models=("mean", "size"), units=("units", "sum"), mean=("mean", "mean"))
    frame["low"], frame["high"] = grouped["mean"].min(), grouped["mean"].max()
    columns = (
        ("layer_type", "layer type", WORDS),
        ("models", "models", COUNT),
        ("units", "units", COUNT),
        ("mean", "mean of models", SCORE),
        ("low", "lowest", SCORE),
        ("high", "highest", SCORE),
    )
    ordered = frame.reset_index().sort_values("mean", ascending=False)
    return Table("layer-types", "Layer types: mean MIS of each model's units", ordered, columns)


def trend_table(found: Findings) -> Table:
    """Tabulate the correlation with depth and width."""
    parts = [
        trend.correlations.assign(along=along)
        for along, trend in (("depth", found.depth), ("width", found.width))
    ]
    columns = (
        ("along", "along", WORDS),
        ("family", "layers", WORDS),
        ("layers", "count", COUNT),
        ("bins", "bins", COUNT),
        ("pearson", "r, bins", SIGNED),
        ("spearman", "ρ, bins", SIGNED),
        ("pearson_layers", "r, layers", SIGNED),
        ("spearman_layers", "ρ, layers", SIGNED),
    )
    title = (
        "Correlation of layers' mean MIS with relative depth and width: Pearson's r, Spearman's ρ"
    )
    return Table("trends", title, pd.concat(parts, ignore_index=True), columns)


def pareto_table(against: pd.DataFrame) -> Table:
    """List the Pareto-optimal models (Table 2)."""
    columns = (("model", "model", WORDS), ("accuracy", "accuracy", SHARE), ("mean", "MIS", SCORE))
    title = "Pareto-optimal models: none is both more accurate and more interpretable"
    return Table("pareto", title, against[against["pareto"]], columns)


def curve_table(curve: pd.DataFrame) -> Table:
    """Tabulate the checkpoints by epoch."""
    columns: Columns = (
        ("epoch", "epoch", "{:g}"),
        ("model", "checkpoint", WORDS),
        ("units", "units", COUNT),
        ("left_out", "left out", COUNT),
        ("mean", "mean MIS", SCORE),
        ("low", "5th %", SCORE),
        ("high", "95th %", SCORE),
    )
    if "accuracy" in curve:
        columns += (("accuracy", "accuracy", SHARE),)
    return Table("training", "Checkpoints of the training", curve, columns)


def comparison_table(compared: pd.DataFrame) -> Table:
    """Compare runs over the same network."""
    columns = (
        ("network", "network", WORDS),
        ("run", "run", WORDS),
        ("layers", "layers", COUNT),
        ("units", "units", COUNT),
        ("left_out", "left out", COUNT),
        ("mean", "machine acc.", SCORE),
        ("lowest", "lowest layer", SCORE),
        ("highest", "highest layer", SCORE),
    )
    title = "Machine accuracy of networks and controls (chance: 0.5)"
    return Table("comparison", title, run_summary(compared), columns)


def left_out_table(left_out: pd.DataFrame) -> Table:
    """Tabulate the layers that can't be scored, and why."""
    columns: Columns = (
        ("layer", "layer", WORDS),
        ("layer_type", "type", WORDS),
        ("reason", "why", WORDS),
    )
    if left_out["model"].nunique() > 1:
        columns = (("model", "model", WORDS), *columns)
    return Table("left-out", "Layers that are left out", left_out, columns)


def layers_table(found: Findings) -> Table:
    """Tabulate every layer of every model."""
    columns: Columns = (
        ("layer", "layer", WORDS),
        ("layer_type", "type", WORDS),
        ("depth", "depth", "{:.2f}"),
        ("width", "width", COUNT),
        ("units", "units", COUNT),
        ("left_out", "left out", COUNT),
        ("mean", "mean MIS", SCORE),
        *PERCENTILES,
        ("accuracy", "machine acc.", SCORE),
    )
    if found.layers["model"].nunique() > 1:
        columns = (("model", "model", WORDS), *columns)
    return Table("layers", "Layers, from early to late", found.layers, columns)
