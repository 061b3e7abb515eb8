"""One HTML page about one or more exported data sets.

It shows who took part, what they answered, and who predicts it. It loads nothing from anywhere.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pandas as pd

from diptych_analysis.psychometric.report_section import add_psychometric, judged_columns
from diptych_analysis.report.page import KIND_WORDS, Page
from diptych_analysis.tables import Tables, read_tables

#: Entry points by which a task adds its section to the report, named like the task.
SECTIONS = "diptych_analysis.report_sections"
#: Adds a section to a page: from the task's trials of the kind of participant that is shown, the
#: trials of every kind, and all tables.
Section = Callable[[Page, pd.DataFrame, pd.DataFrame, Tables], None]


def write_report(
    exports: Path | Sequence[Path],
    trace_results: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None,
    to: Path,
) -> Path:
    """Write `to`/index.html about the exported folders and the results of `diptych trace`.

    `trace_results` are the contents of one or more `--json` files (or None). Returns the page.
    Raises `TableFault` where a folder holds no sound tables.
    """
    folders = [exports] if isinstance(exports, str | Path) else list(exports)
    if trace_results is None:
        results: list[Mapping[str, Any]] = []
    else:
        results = [trace_results] if isinstance(trace_results, Mapping) else list(trace_results)
    page = Page()
    loaded = [read_tables(Path(folder)) for folder in folders]
    for tables in loaded:
        _study(page, tables)
    if results:
        _tracing(page, results)
    to = Path(to)
    to.mkdir(parents=True, exist_ok=True)
    file = to / "index.html"
    title = ", ".join(dict.fromkeys(_name(tables) for tables in loaded)) or "nothing"
    file.write_text(page.render(title, _simulated_only(loaded)), encoding="utf-8")
    return file


def _name(tables: Tables) -> str:
    studies = sorted(set(tables.sessions["study"].dropna()))
    return ", ".join(studies) or tables.name


def _simulated_only(loaded: Sequence[Tables]) -> bool:
    kinds = {kind for tables in loaded for kind in tables.sessions["participant_kind"]}
    return "simulated" in kinds and "person" not in kinds


def _study(page: Page, tables: Tables) -> None:
    page.add(f"<h2>{html.escape(_name(tables))}</h2>")
    if tables.description:
        page.add(f'<p class="about">{_with_code(tables.description)}</p>')
    _overview(page, tables)
    done = tables.sessions[
        (tables.sessions["status"] == "completed")
        & ~tables.sessions["excluded"].fillna(False).astype(bool)
    ]
    everybody = tables.trials[tables.trials["session_id"].isin(done["session_id"])]
    trials = _of_one_kind(page, everybody)
    sections = entry_points(group=SECTIONS)
    for task in trials["task"].unique():
        for entry in sections.select(name=str(task)):
            section: Section = entry.load()
            section(page, trials[trials["task"] == task], everybody, tables)
        if judged_columns(tables):
            kind = str(trials["participant_kind"].iloc[0])
            add_psychometric(page, tables, str(task), kind)
    if trials.empty:
        page.add("<p>No finished sessions yet.</p>")


def _of_one_kind(page: Page, trials: pd.DataFrame) -> pd.DataFrame:
    """Select and name the trials of people, else of simulated participants, else of machines.

    They are never pooled: a study that was tried with simulated participants keeps their rows.
    """
    taken = trials.groupby("participant_kind", observed=True)["session_id"].nunique()
    kinds = [kind for kind in KIND_WORDS if taken.get(kind, 0)]
    if not kinds:
        return trials
    shown, *others = (f"{taken[kind]:,} {KIND_WORDS[kind]}" for kind in kinds)
    left = f"; {' and '.join(others)} are left out of them" if others else ""
    page.add(f"<p>Completed sessions in the figures: {shown}{left}.</p>")
    return trials[trials["participant_kind"] == kinds[0]]


def _with_code(text: str) -> str:
    """Escape a text, with `code` marked up."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))


def _overview(page: Page, tables: Tables) -> None:
    sessions = tables.sessions
    counts = pd.crosstab(sessions["participant_kind"], sessions["status"])
    answered = int(tables.trials["response"].notna().sum())
    minutes = (sessions["ended_at"] - sessions["started_at"]).dt.total_seconds() / 60
    cards = [
        (f"{len(sessions):,}", "sessions"),
        (f"{answered:,}", "answers"),
        (f"{int((sessions['status'] == 'completed').sum()):,}", "completed"),
        (
            f"{int(sessions['excluded'].fillna(False).astype(bool).sum()):,}",
            "excluded by the rules",
        ),
    ]
    if bool(minutes.notna().any()):
        cards.append((_duration(float(minutes.median())), "median duration"))
    page.add(
        '<div class="cards">'
        + "".join(f"<div><b>{value}</b><span>{label}</span></div>" for value, label in cards)
        + "</div>"
    )
    head = "".join(f"<th>{html.escape(str(c)).replace('_', ' ')}</th>" for c in counts.columns)
    rows = "".join(
        f"<tr><th>{html.escape(KIND_WORDS.get(str(kind), str(kind)))}</th>"
        + "".join(f"<td>{n}</td>" for n in row)
        + "</tr>"
        for kind, row in zip(counts.index, counts.to_numpy(), strict=True)
    )
    page.add(f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table>")
    reasons = sessions["exclusion_reasons"].dropna()
    if len(reasons):
        told = reasons.str.split("|").explode().value_counts()
        items = "".join(f"<li>{html.escape(str(r))}: {n}</li>" for r, n in told.items())
        page.add(f"<p>Reasons for exclusion:</p><ul>{items}</ul>")


def _duration(minutes: float) -> str:
    return f"{minutes:.1f} min" if minutes >= 1 else f"{minutes * 60:.1f} s"


def _tracing(page: Page, results: Sequence[Mapping[str, Any]]) -> None:
    from diptych_analysis.tracing.results import COLUMNS, as_html

    page.add("<h2>Tracing models</h2>")
    page.add(
        '<p class="about">Average precision of the predicted responses of learners that the model '
        "never saw: mean and standard deviation over reshuffled splits by learner. Micro pools all "
        "class decisions, macro is the mean over classes. Best of each column in bold.</p>"
    )
    for found in results:
        kinds = ", ".join(KIND_WORDS.get(k, k) for k in found.get("participant_kinds", []))
        heading = (
            f"{found['name']}: {found['learners']} {kinds or 'learners'}, {found['trials']:,} "
            f"trials, {found['split_count']} splits, encoder: {found['encoder']}"
        )
        page.add(f"<h3>{html.escape(heading)}</h3>")
        page.add(as_html(found, COLUMNS))
