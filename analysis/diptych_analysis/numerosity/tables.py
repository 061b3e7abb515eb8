"""The results as tables: incongruent pairs first, then one row per network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from diptych_analysis.numerosity.analyses.covariates import COVARIATES
from diptych_analysis.numerosity.analyses.incongruent import HEADLINE
from diptych_analysis.numerosity.findings import NETWORK, OBSERVERS, UNTRAINED, headline

#: What a row of the summary has, beside the name: heading, and how the cell is written.
SUMMARY = {
    "rising": "0 to 30 in order",
    "linear_error": "linear error",
    "last_island": "islands from 0 to",
    "pse": "PSE at 16",
    "weber": "Weber fraction at 16",
    "exponent": "exponent",
    "error_0": "action error at 0",
    "error_1": "at 1",
    "error_2": "at 2",
    "error_3": "at 3",
}
Table = tuple[str, list[str], list[list[str]]]


def incongruent_table(results: Mapping[str, Any]) -> Table:
    """Return right answers in incongruent pairs of 16 and 20 objects, one row per observer.

    Covariate observers see the same images whatever network is tested, so each has one row per
    statistics of the objects.
    """
    rows: dict[str, list[str]] = {}
    runs = results["runs"]
    for run in runs:
        rows[run["name"]] = _cells(run, NETWORK)
    for run in runs:
        rows[f"{run['name']}, untrained"] = _cells(run, UNTRAINED)
    for name in OBSERVERS.values():
        for run in runs:
            objects = run["settings"]["objects"]
            rows.setdefault(f"{name} observer, objects {objects}", _cells(run, name))
    title = f"Right answers in incongruent pairs of {HEADLINE[0]} and {HEADLINE[1]} objects"
    heads = ["observer", *(f"{name} against number" for name in COVARIATES)]
    return title, heads, [[name, *cells] for name, cells in rows.items()]


def _cells(run: Mapping[str, Any], observer: str) -> list[str]:
    found = [headline(run, observer, covariate) for covariate in COVARIATES]
    return [
        f"{row['right']:.3f} ({row['low']:.3f}-{row['high']:.3f})"
        if row and row["n"]
        else "no pair"
        for row in found
    ]


def summary_table(summary: pd.DataFrame) -> Table:
    """Tabulate one row per network."""
    shown = [name for name in SUMMARY if name in summary.columns]
    rows = [
        [str(row["run"]), *(written(name, row[name]) for name in shown)]
        for _, row in summary.iterrows()
    ]
    return "Networks", ["network", *(SUMMARY[name] for name in shown)], rows


def written(name: str, value: Any) -> str:
    """Return one cell of the summary."""
    if value is None or (isinstance(value, float) and np.isnan(value)):
        return ""
    if name == "rising":
        return "yes" if value else "no"
    if name == "linear_error":
        return f"{value:.2%}"
    if name.startswith("error_"):
        return f"{value:.1%}"
    if name == "last_island":
        return str(int(value))
    return f"{value:.2f}" if name == "pse" else f"{value:.3f}"


def observers_table(results: Mapping[str, Any]) -> Table:
    """Order, psychometric fit and covariates of every observer: what proves little alone."""
    rows: dict[str, list[str]] = {}
    for run in results["runs"]:
        objects = run["settings"]["objects"]
        for name, found in run["observers"].items():
            covariate = name in OBSERVERS.values()
            label = f"{name} observer, objects {objects}" if covariate else run["name"]
            label += ", untrained" if name == UNTRAINED else ""
            rows.setdefault(label, _judged(found))
    heads = ["observer", "in order", "rank correlation", "PSE", "Weber fraction"]
    heads += [f"r with {name}, number fixed" for name in COVARIATES]
    ordered = sorted(rows.items(), key=lambda item: ("observer" in item[0], "untr" in item[0]))
    return "All observers", heads, [[name, *cells] for name, cells in ordered]


def _judged(found: Mapping[str, Any]) -> list[str]:
    order, weber = found["order"], found.get("weber") or {}
    interval = found.get("weber_interval")
    between = f" ({interval['weber'][0]:.3f}-{interval['weber'][1]:.3f})" if interval else ""
    return [
        "yes" if order["rising"] else f"no (first at {order['breaks'][0]})",
        f"{order['spearman']:.3f}",
        f"{weber['pse']:.2f}" if weber else "",
        f"{weber['weber']:.3f}{between}" if weber else "",
        *(_correlation(found["within_number"][name]) for name in COVARIATES),
    ]


def _correlation(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def terminal(results: Mapping[str, Any]) -> list[Any]:
    """Return the tables for the terminal: a column per network in the second, so that it fits."""
    from rich.table import Table as Shown

    from diptych_analysis.numerosity.runs import summary

    found = []
    for title, heads, rows in (
        _without_group(incongruent_table(results), results),
        _turned(_without_group(summary_table(summary(results["runs"])), results)),
    ):
        table = Shown(title=title, title_justify="left")
        for place, head in enumerate(heads):
            table.add_column(head, justify="right" if place else "left", overflow="fold")
        for row in rows:
            table.add_row(*row)
        found.append(table)
    return found


def _without_group(table: Table, results: Mapping[str, Any]) -> Table:
    """Name networks by their seed alone where they differ in nothing else."""
    title, heads, rows = table
    groups = {run["group"] for run in results["runs"]}
    if len(groups) > 1:
        return table
    (group,) = groups
    short = [[row[0].replace(f"{group}-seed", "seed "), *row[1:]] for row in rows]
    return f"{title}: {group}", heads, short


def _turned(table: Table) -> Table:
    """Exchange rows and columns."""
    title, heads, rows = table
    turned = [[head, *(row[place] for row in rows)] for place, head in enumerate(heads)]
    return title, turned[0], turned[1:]


def as_html(table: Table) -> str:
    """Write a table of the page, without its title."""
    from html import escape

    _, heads, rows = table
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join(
        f"<tr><th>{escape(row[0])}</th>{''.join(f'<td>{escape(c)}</td>' for c in row[1:])}</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
