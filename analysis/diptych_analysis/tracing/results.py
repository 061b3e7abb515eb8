"""Results as tables like the thesis's 2.1 to 2.7: on the terminal, as CSV, as LaTeX."""

from __future__ import annotations

import csv
import html
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

#: heading, phase, measure
COLUMNS = (
    ("train micro", "training", "micro"),
    ("train macro", "training", "macro"),
    ("test micro", "test", "micro"),
    ("test macro", "test", "macro"),
)
UNTIED = (
    ("train micro", "training", "micro_untied"),
    ("test micro", "test", "micro_untied"),
)
MORE = (
    ("train log loss", "training", "log_loss"),
    ("test log loss", "test", "log_loss"),
    ("train ECE", "training", "calibration_error"),
    ("test ECE", "test", "calibration_error"),
)


def columns(
    results: Mapping[str, Any], *, per_class: bool = False, more: bool = False
) -> list[tuple[str, str, str]]:
    """Return which columns to show: those of Table 2.1, the classes of 2.2 before, more behind."""
    classes = (
        [(name, "training", f"class:{name}") for name in results["classes"]] if per_class else []
    )
    return [*classes, *COLUMNS, *(MORE if more else ())]


def cells(
    results: Mapping[str, Any], shown: Sequence[tuple[str, str, str]]
) -> dict[str, list[tuple[float, float]]]:
    """Map model -> mean and standard deviation in every column."""
    found = {}
    for model, about in results["models"].items():
        values = [about["summary"][phase][measure] for _, phase, measure in shown]
        found[model] = [(v["mean"], v["sd"]) for v in values]
    return found


def best_of(
    table: Mapping[str, Sequence[tuple[float, float]]], shown: Sequence[tuple[str, str, str]]
) -> list[float]:
    """Return the best rounded mean of each column (the lowest for losses and errors)."""
    best = []
    for place, (_, _, measure) in enumerate(shown):
        means = [round(row[place][0], 2) for row in table.values() if not math.isnan(row[place][0])]
        low = measure in ("log_loss", "calibration_error")
        best.append((min(means) if low else max(means)) if means else float("nan"))
    return best


def terminal(
    results: Mapping[str, Any], *, per_class: bool = False, more: bool = False
) -> list[Table]:
    """Return the tables for the terminal, the best of each column in bold."""
    splits = results["split_count"]
    about = f"{results['name']}, mean ± sd of {splits} splits"
    found = [_terminal(results, COLUMNS, f"Average precision of responses: {about}")]
    if per_class:
        shown = columns(results, per_class=True)[: len(results["classes"])]
        found.append(_terminal(results, shown, f"Average precision in training, by class: {about}"))
    if more:
        found.append(_terminal(results, UNTIED, f"Average precision, ties broken: {about}"))
        found.append(_terminal(results, MORE, f"Log loss (nats), calibration error: {about}"))
    return found


def _terminal(
    results: Mapping[str, Any], shown: Sequence[tuple[str, str, str]], title: str
) -> Table:
    table = cells(results, shown)
    best = best_of(table, shown)
    made = Table(title=title)
    made.add_column("model", no_wrap=True)
    for heading, _, _ in shown:
        made.add_column(heading, justify="right")
    for model, values in table.items():
        made.add_row(
            model,
            *(
                f"[bold]{_cell(m, sd)}[/bold]" if round(m, 2) == top else _cell(m, sd)
                for (m, sd), top in zip(values, best, strict=True)
            ),
        )
    return made


def _cell(mean: float, deviation: float) -> str:
    return "–" if math.isnan(mean) else f"{mean:.2f} ± {deviation:.2f}"


def as_html(results: Mapping[str, Any], shown: Sequence[tuple[str, str, str]]) -> str:
    """Write a table for a page, the best of each column in bold."""
    table = cells(results, shown)
    best = best_of(table, shown)
    head = "".join(f"<th>{html.escape(heading)}</th>" for heading, _, _ in shown)
    rows = "".join(
        f"<tr><th><code>{html.escape(model)}</code></th>"
        + "".join(_html_cell(m, sd, top) for (m, sd), top in zip(values, best, strict=True))
        + "</tr>"
        for model, values in table.items()
    )
    return f"<table><thead><tr><th>model</th>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _html_cell(mean: float, deviation: float, best: float) -> str:
    if math.isnan(mean):
        return "<td>–</td>"
    text = f"{mean:.2f}"
    shown = f"<b>{text}</b>" if round(mean, 2) == best else text
    return f"<td>{shown} <small>± {deviation:.2f}</small></td>"


def as_csv(results: Mapping[str, Any]) -> str:
    """Return everything, one row per model and column: model, phase, measure, mean, sd."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["model", "phase", "measure", "mean", "sd"])
    for model, about in results["models"].items():
        for phase, measures in about["summary"].items():
            for measure, value in measures.items():
                writer.writerow([model, phase, measure, value["mean"], value["sd"]])
    return out.getvalue()


def as_latex(results: Mapping[str, Any], *, per_class: bool = True) -> str:
    """Write a booktabs table in the manner of thesis Table 2.2; the best per column in bold."""
    shown = columns(results, per_class=per_class)
    table = cells(results, shown)
    best = best_of(table, shown)
    lines = [
        r"\begin{tabular}{l" + "c" * len(shown) + "}",
        r"\toprule",
        " & ".join(["model", *(_escape(heading) for heading, _, _ in shown)]) + r" \\",
        r"\midrule",
    ]
    for model, values in table.items():
        row = [r"\texttt{" + _escape(model) + "}"]
        for (mean, deviation), top in zip(values, best, strict=True):
            cell = "--" if math.isnan(mean) else rf"{mean:.2f} \pm {deviation:.2f}"
            bold = round(mean, 2) == top
            row.append(cell if cell == "--" else rf"$\mathbf{{{cell}}}$" if bold else f"${cell}$")
        lines.append(" & ".join(row) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def _escape(text: str) -> str:
    for mark in "&%$#_{}":
        text = text.replace(mark, "\\" + mark)
    return text
