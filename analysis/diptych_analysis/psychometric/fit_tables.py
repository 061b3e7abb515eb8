"""Fitted functions as tables for the terminal and pages, and as figures' data."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping

from diptych_analysis.psychometric.estimate import Estimate
from diptych_analysis.psychometric.fitted_study import FittedStudy
from diptych_analysis.psychometric.groups import POOLED
from diptych_analysis.summary_display import Table

#: People in the table of the terminal; `--json` and the page have all.
SHOWN = 30


def threshold_word(found: FittedStudy) -> str:
    """`PSE` where the function has no guessing rate, else `threshold`."""
    return "PSE" if found.settings.shape.guess is None else "threshold"


def about(found: FittedStudy) -> str:
    """Say in one sentence what was fitted."""
    told, settings = found.judgements, found.settings
    level = told.attribute
    if told.reference:
        level += f" {'/' if settings.shape.log else '-'} {told.reference}"
    positive = f"response {told.positive!r}" if told.positive else "right answer"
    guess = settings.shape.guess
    method = "psignifit" if settings.bayes else "maximum likelihood"
    return (
        f"{len(told.frame):,} answers; level: {level}, {'log' if settings.shape.log else 'linear'} "
        f"axis; positive: {positive}; "
        f"{'lapses on both sides' if guess is None else f'guessing rate {guess:g}'}; {method}."
    )


def cell(estimate: Estimate | None, *, interval: bool = True) -> str:
    """Return a value with its interval in brackets."""
    if estimate is None or math.isnan(estimate.value):
        return ""
    value = format(estimate.value, ".3g")
    if math.isnan(estimate.low) or not interval:
        return value
    # Signs would be hard to tell from a dash.
    dash = " to " if min(estimate.value, estimate.low, estimate.high) < 0 else "–"
    return f"{value} ({estimate.low:.3g}{dash}{estimate.high:.3g})"


def _cells(estimates: Mapping[str, Estimate], *, brief: bool) -> list[str]:
    """Cells of all quantities; in brief without JND, and lapse rates without intervals."""
    return [
        cell(estimates.get(name), interval=not brief or name in POOLED)
        for name in (_BRIEFLY if brief else _SHOWN_QUANTITIES)
    ]


_BRIEFLY = ("threshold", "weber", "lapse")
_SHOWN_QUANTITIES = ("threshold", "weber", "jnd", "lapse")


def _head(found: FittedStudy, *, brief: bool) -> list[str]:
    others = ["lapse"] if brief else ["JND", "lapse rate"]
    return [threshold_word(found), "Weber fraction", *others]


def groups_table(found: FittedStudy, *, brief: bool = False) -> Table:
    """Means over people, one row per group."""
    rows = [
        [group.name, str(group.people), *_cells(group.estimates, brief=brief)]
        for group in found.groups
    ]
    head = ["group", "people", *_head(found, brief=brief)]
    return f"Groups: means, with {percent(found)} intervals over people", head, rows


def pooled_table(found: FittedStudy) -> Table:
    """Return the two-level model, one row per group that has one; SD: how much people differ."""
    word = threshold_word(found)
    rows = []
    for group in found.groups:
        if group.pooled:
            cells = [group.name]
            for name in POOLED:
                known = group.pooled.get(name)
                cells += [cell(known.mean), f"{known.spread:.2g}"] if known else ["", ""]
            rows.append(cells)
    head = ["group", word, "SD", "Weber fraction", "SD"]
    title = f"Two-level model, with {percent(found)} intervals and the SD of people"
    return title, head, rows


def people_table(found: FittedStudy, *, brief: bool = False) -> Table:
    """One row per person and group that has a function."""
    head = ["participant", "group", "answers", *_head(found, brief=brief)]
    rows = [
        [
            person.name,
            person.group,
            f"{person.answers:,}",
            *_cells(person.estimates, brief=brief),
        ]
        for person in found.people
        if person.function is not None
    ]
    return f"People, with {percent(found)} intervals", head, rows


def left_out(found: FittedStudy) -> list[str]:
    """Say who does not count in their group, and why; one line each."""
    return [f"{each.name} ({each.group}) does not count: {each.fault}." for each in found.left_out]


def percent(found: FittedStudy) -> str:
    """Return the probability inside an interval, such as 95 %."""
    return f"{found.settings.level:.0%}".replace("%", " %")


def as_html(table: Table, level: int = 3) -> str:
    """Return a table as HTML; long ones scroll."""
    title, head, rows = table
    cells = "".join(f"<th>{html.escape(name)}</th>" for name in head)
    body = "".join(
        f"<tr><th>{html.escape(row[0])}</th>"
        + "".join(f"<td>{html.escape(each)}</td>" for each in row[1:])
        + "</tr>"
        for row in rows
    )
    found = f"<table><thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"
    if len(rows) > SHOWN:
        found = f'<div class="long">{found}</div>'
    return f"<h{level}>{html.escape(title)}</h{level}>{found}"
