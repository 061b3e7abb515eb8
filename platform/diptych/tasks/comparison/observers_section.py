"""People, simulated participants and machines side by side, in the report's section."""

from __future__ import annotations

import html
import math

import numpy as np
import pandas as pd

from diptych.tasks.comparison.observer_charts import beside_each_other
from diptych_analysis.psychometric.side_by_side import PAIRS, Comparisons, side_by_side
from diptych_analysis.report.page import KIND_WORDS, Page
from diptych_analysis.tables import Tables

ABOUT = (
    "All observers answered the same comparisons. PSE and Weber fraction are those of one function "
    "of all answers of an observer. The weights come from a logistic regression of the answers on "
    "the logarithms of test / reference. Sensitivity is the length of the vector of weights, in "
    "log odds per unit; the weights are its direction, from -1 to 1. An observer of one "
    "quantity has weight 1 for it and 0 for all others. Machines answer without noise, so a "
    "weak penalty limits their sensitivity. Pairs are congruent where all covariates go with the "
    "number, and incongruent where all go against it. Brackets are 95 % bootstrap intervals, over "
    "sessions from 10 sessions on and else over answers. A dash is a quantity that the answers "
    "do not determine."
)


def add_observers(page: Page, everybody: pd.DataFrame, tables: Tables) -> None:
    """Add one table and one figure of all observers of a comparison.

    Parameters
    ----------
    page : Page
        The page.
    everybody : DataFrame
        Trials of all kinds of participants.
    tables : Tables
        All tables. Items need a column x and a column reference_x, with numbers above 0.
    """
    names = ratio_columns(tables)
    observers = compared(everybody, tables, names)
    if not observers or (len(observers) < 2 and len(names) < 2):
        return
    found = side_by_side(observers, names)
    page.add("<h3>Observers side by side</h3>")
    page.add(f'<p class="about">{ABOUT}</p>')
    page.add(_table(found, names))
    page.figure(
        beside_each_other(observers, found, names),
        "Left: answers that chose the test display, by its number, with the fitted functions. "
        "Middle: weights. Right: right answers where the covariates go with the number "
        "(congruent), some of them do (mixed), or none does (incongruent). Bars are 95 % "
        "intervals.",
    )


def ratio_columns(tables: Tables) -> list[str]:
    """List the columns x of items that have a column reference_x; numbers above 0 in both."""
    items = tables.items
    return [
        str(name)
        for name in items.columns
        if f"reference_{name}" in items.columns
        and all(_positive(items[column]) for column in (name, f"reference_{name}"))
    ]


def _positive(column: pd.Series) -> bool:
    values = pd.to_numeric(column.dropna(), errors="coerce")
    return bool(len(values) and (values > 0).all())


def compared(everybody: pd.DataFrame, tables: Tables, names: list[str]) -> list[Comparisons]:
    """Group the test answers by observer: people, simulated participants, and each machine.

    Parameters
    ----------
    everybody : DataFrame
        Trials of all kinds of participants.
    tables : Tables
        All tables.
    names : list of str
        Columns whose ratios are used: the number first.
    """
    if not names:
        return []
    columns = [each for name in names for each in (name, f"reference_{name}")]
    items = tables.items.drop_duplicates("item_id").set_index("item_id")[columns].astype(float)
    test = everybody[
        (everybody["task"] == "comparison")
        & (everybody["phase"] == "test")
        & everybody["chosen_role"].notna()
    ].join(items, on="item_id")
    test = test[test[columns].notna().all(axis=1)]
    kind = test["participant_kind"].astype(str)
    observer = kind.map(KIND_WORDS).where(kind != "machine", test["participant_id"].astype(str))
    order = kind.map(list(KIND_WORDS).index)
    found = []
    for (_, name), part in test.groupby([order, observer]):
        ratios = [
            np.log((part[each] / part[f"reference_{each}"]).to_numpy(dtype=float)) for each in names
        ]
        found.append(
            Comparisons(
                str(name),
                part["session_id"].to_numpy(dtype=object),
                part[names[0]].to_numpy(dtype=float),
                np.column_stack(ratios),
                (part["chosen_role"] == "test").to_numpy(dtype=bool),
            )
        )
    return found


def _table(found: pd.DataFrame, names: list[str]) -> str:
    columns = {"pse": "PSE", "weber": "Weber fraction", "sensitivity": "sensitivity"}
    columns |= {f"weight {name}": f"weight of {name}" for name in names}
    columns |= {f"right {pair}": f"right, {pair}" for pair in PAIRS}
    known = set(found.loc[found["value"].notna(), "quantity"])
    shown = {quantity: title for quantity, title in columns.items() if quantity in known}
    observers = list(dict.fromkeys(found["observer"]))
    cells = found.set_index(["quantity", "observer"])
    rows = [("answers", *(f"{cells.loc[('pse', each), 'answers']:,}" for each in observers))]
    for quantity, title in shown.items():
        told = []
        for each in observers:
            row = cells.loc[(quantity, each)]
            told.append(_cell(quantity, row["value"], row["low"], row["high"]))
        rows.append((title, *told))
    head = "".join(f'<th scope="col">{html.escape(each)}</th>' for each in ("", *observers))
    body = "".join(
        f"<tr><th>{html.escape(title)}</th>{''.join(f'<td>{cell}</td>' for cell in told)}</tr>"
        for title, *told in rows
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="scroll" tabindex="0">{table}</div>'


def _cell(quantity: str, value: float, low: float, high: float) -> str:
    if not math.isfinite(value):
        return "–"
    if quantity.startswith("right"):
        return f"{value:.1%}<br><small>{low:.0%} to {high:.0%}</small>".replace("%", " %")
    form = ".1f" if quantity in ("pse", "sensitivity") else ".2f"
    return f"{value:{form}}<br><small>{low:{form}} to {high:{form}}</small>"
