"""Findings as plain tables, for the terminal and the page."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from diptych_analysis.behaviour.findings import Findings, PeopleAndMachines
from diptych_analysis.behaviour.findings_json import as_json

KIND_WORDS = {"person": "people", "simulated": "simulated participants", "machine": "machines"}
#: Rows of a list of stimuli on the terminal.
_FEW = 10
#: Characters of the first column that stay on one line.
_WIDEST = 24


Row = tuple[str, ...]


class PlainTable(NamedTuple):
    """A title, the names of the columns, and rows of text."""

    title: str
    head: tuple[str, ...]
    rows: list[Row]


def number(value: float | None, digits: int = 3) -> str:
    """Write a number; `-` if it is not defined."""
    if value is None or not math.isfinite(value):
        return "-"
    return f"{value:.{digits}f}"


def interval(ends: tuple[float, float] | None) -> str:
    """Write an interval; empty if there is none."""
    return "" if ends is None else f"{number(ends[0])} to {number(ends[1])}"


def about(found: Findings) -> str:
    """Say who responded to what."""
    responses = found.responses
    who = " and ".join(KIND_WORDS[kind] for kind in found.kinds)
    return (
        f"{len(responses.raters):,} raters ({who}), {len(responses.stimuli):,} stimuli, "
        f"{len(responses.categories):,} categories, {responses.count:,} responses; seed "
        f"{found.options.seed}."
    )


def tables(found: Findings) -> Iterator[PlainTable]:
    """Make every table that there is."""
    yield _overall(found)
    if found.chosen is not None:
        yield _contrastive(found)
    for name, table in found.groups.items():
        # The name of a group by accuracy is its range.
        shown = table.drop(columns=["low", "high"], errors="ignore")
        head = tuple(str(column).replace("_", " ") for column in shown)
        rows = [
            tuple(number(x) if isinstance(x, float) else str(x) for x in row)
            for row in shown.itertuples(index=False)
        ]
        yield PlainTable(f"By {name}", head, rows)
    if found.both is not None:
        yield _both(found.both)


def _overall(found: Findings) -> PlainTable:
    content = as_json(found)
    needed = content["raters_needed"]
    rows: list[Row] = [
        ("Fleiss' kappa", number(found.overall.kappa), interval(found.intervals.kappa)),
        ("mean agreement", number(found.overall.mean), interval(found.intervals.mean)),
        ("agreement by chance", number(found.overall.expected), ""),
    ]
    if found.consistency is not None:
        ec = found.consistency
        rows += [
            ("accuracy", number(found.accuracy), ""),
            ("error consistency", number(ec.mean), interval(ec.interval)),
            ("largest that the accuracies allow", number(ec.most), ""),
        ]
    rows += [
        (
            f"raters per stimulus for r = {needed['correlation_wanted']:g}",
            str(needed["raters_needed"] or "-"),
            f"now {needed['raters_per_stimulus']:g}, r = {number(needed['correlation_now'])}",
        )
    ]
    return PlainTable("Agreement", ("", "value", "95 % interval over stimuli"), rows)


def _contrastive(found: Findings) -> PlainTable:
    chosen, controls = found.chosen, found.controls
    assert chosen is not None
    rows = [
        ("chosen by one half, scored by the other", chosen.scores),
        ("chosen and scored by the same half", chosen.scores_own),
        ("chosen and scored by everyone (naive)", chosen.scores_naive),
        ("all stimuli, scored by the other half", chosen.scores_rest),
    ]
    if controls is not None:
        n = len(controls.pairs)
        rows += [
            (f"{n} matched controls, scored by the other half", controls.control),
            (f"their {n} contrastive stimuli, likewise", controls.contrastive),
        ]
    return PlainTable(
        f"{found.k:,} contrastive stimuli",
        ("", "kappa", "mean agreement"),
        [(name, number(x.kappa), number(x.mean)) for name, x in rows],
    )


def _both(found: PeopleAndMachines) -> PlainTable:
    halves, comparison, ec = found.halves, found.comparison, found.consistency
    rows: list[Row] = [
        (
            "correlation of agreement per stimulus",
            number(found.agreement_correlation),
            f"ceiling: {number(found.agreement_ceiling)}",
        ),
    ]
    if ec is not None:
        rows += [
            ("error consistency", number(ec.mean), interval(ec.interval)),
            ("largest that the accuracies allow", number(ec.most), ""),
        ]
    if comparison is not None and halves is not None:
        rows += [
            ("KL divergence (nats)", number(comparison.kl), f"halves: {number(halves.kl)}"),
            ("JS divergence (nats)", number(comparison.js), f"halves: {number(halves.js)}"),
            (
                "correlation of entropies",
                number(comparison.entropy_correlation),
                f"ceiling: {number(halves.ceiling)}",
            ),
            ("same second choice", number(comparison.second_choices), ""),
        ]
    count = f"{found.diagnostic_count:,}"
    rows.append(("diagnostic stimuli", count, "machines split, people agree"))
    who = KIND_WORDS[found.people]
    return PlainTable(
        f"{who.capitalize()} and machines, {found.stimuli:,} stimuli", ("", "value", ""), rows
    )


def lists(found: Findings) -> Iterator[PlainTable]:
    """List the first contrastive and diagnostic stimuli."""
    stimuli = found.responses.stimuli
    rows: list[Row]
    if found.chosen is not None:
        rows = [
            (_name(stimuli.iloc[place]), str(stimuli["label"].iloc[place] or ""), number(p))
            for place, p in zip(found.chosen.chosen[:_FEW], found.chosen.held_out, strict=False)
        ]
        yield PlainTable(
            "The first contrastive stimuli", ("stimulus", "label", "agreement, other half"), rows
        )
    if found.both is not None and len(found.both.diagnostic):
        rows = [
            (str(row.stimulus), str(row.label or ""), number(float(str(row.machines))))
            for row in found.both.diagnostic.head(_FEW).itertuples()
        ]
        yield PlainTable(
            "The first diagnostic stimuli", ("stimulus", "label", "agreement, machines"), rows
        )


def _name(row: Any) -> str:
    """Name a stimulus by its file if it has one."""
    file = row.get("file")
    return str(file) if isinstance(file, str) and file else str(row["stimulus"])


def terminal(found: Findings) -> Iterator[Any]:
    """Make what `diptych agree` prints: rich tables and notes."""
    from rich.table import Table
    from rich.text import Text

    yield Text(about(found))
    for plain in (*tables(found), *lists(found)):
        table = Table(title=plain.title, title_justify="left", title_style="bold")
        # Ranges and other short names stay on one line; heads wrap instead.
        longest = max((len(row[0]) for row in plain.rows), default=0)
        table.add_column(plain.head[0], overflow="fold", min_width=min(longest, _WIDEST))
        for name in plain.head[1:]:
            table.add_column(name, justify="right", overflow="fold")
        for row in plain.rows:
            table.add_row(*(Text(cell) for cell in row))
        yield table
    for note in found.notes:
        yield Text(f"Note: {note}", style="yellow")
