"""One HTML page about one or more exported data sets.

It shows who took part, what they answered, and who predicts it. It loads nothing from anywhere.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import entry_points, version
from pathlib import Path
from typing import Any

import pandas as pd

from diptych_analysis.psychometric.report_section import add_psychometric, judged_columns
from diptych_analysis.report import words
from diptych_analysis.report.design import add_design
from diptych_analysis.report.flow import device_rows, flow_of, flow_svg
from diptych_analysis.report.kept_trials import kept_sessions
from diptych_analysis.report.learning_models import add_models
from diptych_analysis.report.page import KIND_WORDS, Page
from diptych_analysis.report.stimulus_pictures import StimulusPictures
from diptych_analysis.tables import Tables, read_tables

#: Entry points by which a task adds its section to the report, named like the task.
SECTIONS = "diptych_analysis.report_sections"
#: Adds a section to a page: from the task's trials of the kind of participant that is shown, the
#: trials of every kind, and all tables.
Section = Callable[[Page, pd.DataFrame, pd.DataFrame, Tables], None]


def write_report(
    exports: str | Path | Sequence[str | Path],
    trace_results: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    to: str | Path = "report",
    *,
    images: Sequence[str | Path] = (),
) -> Path:
    """Write a page about exported data sets, and its figures for a paper.

    Parameters
    ----------
    exports : Path or sequence of Path
        Folders that `diptych export` wrote.
    trace_results : mapping, sequence of mappings, optional
        The contents of one or more files that `diptych trace --json` wrote.
    to : Path
        Folder for `index.html`, and `figures/` with each figure as SVG and PDF.
    images : sequence of Path
        Folders of studies: where the images of stimuli are. Without them no stimulus is shown.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    TableFault
        If a folder holds no sound tables.
    """
    folders = [exports] if isinstance(exports, str | Path) else list(exports)
    if trace_results is None:
        results: list[Mapping[str, Any]] = []
    else:
        results = [trace_results] if isinstance(trace_results, Mapping) else list(trace_results)
    loaded = [read_tables(Path(folder)) for folder in folders]
    to = Path(to)
    to.mkdir(parents=True, exist_ok=True)
    page = Page(to / "figures", StimulusPictures([Path(folder) for folder in images]))
    for tables in loaded:
        _study(page, tables)
    if results:
        _tracing(page, results)
    file = to / "index.html"
    title = ", ".join(dict.fromkeys(_name(tables) for tables in loaded)) or "nothing"
    made = f"Report of {words.day(datetime.now(UTC))} by Diptych {version('diptych')}"
    shown = page.render(title, _simulated_only(loaded), made=made, contents=True)
    file.write_text(shown, encoding="utf-8")
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
    if page.pictures is not None:
        page.pictures.use(tables)
    _overview(page, tables)
    done = kept_sessions(tables)
    everybody = tables.trials[tables.trials["session_id"].isin(done["session_id"])]
    trials = _of_one_kind(page, everybody)
    if trials.empty:
        page.add("<p>No finished sessions yet.</p>")
        return
    _in_words(page, tables, trials)
    add_design(page, trials, tables)
    _participants(page, tables, trials)
    sections = entry_points(group=SECTIONS)
    for task in trials["task"].unique():
        for entry in sections.select(name=str(task)):
            section: Section = entry.load()
            section(page, trials[trials["task"] == task], everybody, tables)
        if judged_columns(tables):
            kind = str(trials["participant_kind"].iloc[0])
            add_psychometric(page, tables, str(task), kind)


def _in_words(page: Page, tables: Tables, trials: pd.DataFrame) -> None:
    """Add the paragraphs to paste into a paper."""
    kind = str(trials["participant_kind"].iloc[0])
    sessions = tables.sessions[tables.sessions["participant_kind"] == kind]
    page.add("<h3>Methods, to paste</h3>")
    said = words.methods(tables, trials, flow_of(sessions), kind, version("diptych"))
    page.add(words.paragraph(said))
    found = [words.results(trials[trials["task"] == task], str(task))
             for task in trials["task"].unique()]  # fmt: skip
    if any(found):
        page.add("<h3>Results in words, to paste</h3>")
        for text in filter(None, found):
            page.add(words.paragraph(text))


def _participants(page: Page, tables: Tables, trials: pd.DataFrame) -> None:
    """Add the flow of sessions and the devices of those who are analysed."""
    kind = str(trials["participant_kind"].iloc[0])
    sessions = tables.sessions[tables.sessions["participant_kind"] == kind]
    page.add("<h3>Participants</h3>")
    page.drawing(
        flow_svg(flow_of(sessions)),
        f"Sessions of {KIND_WORDS[kind]}, from entry to analysis. A session can have several "
        "reasons for exclusion.",
    )
    rows = device_rows(sessions[sessions["session_id"].isin(trials["session_id"])])
    if rows:
        page.table(
            "Devices and browsers of the analysed sessions.", ["", "value"], rows, words=True
        )
    else:
        page.add(f"<p>The sessions of {KIND_WORDS[kind]} have no devices or browsers.</p>")


def _of_one_kind(page: Page, trials: pd.DataFrame) -> pd.DataFrame:
    """Select and name the trials of people, else of simulated participants, else of machines.

    They are never pooled: a study that was tried with simulated participants keeps their rows.
    """
    taken = trials.groupby("participant_kind", observed=True)["session_id"].nunique()
    kinds = [kind for kind in KIND_WORDS if taken.get(kind, 0)]
    if not kinds:
        return trials
    shown, *others = (words.counted(int(taken[kind]), *words.WHO[kind]) for kind in kinds)
    are = "is" if len(others) == 1 and taken[kinds[1]] == 1 else "are"
    left = f"; {' and '.join(others)} {are} left out" if others else ""
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
    shown = [("study versions (content hash)", ", ".join(words.versions(sessions)) or "unknown")]
    days = pd.to_datetime(sessions["entered_at"]).dropna()
    if len(days):
        ends = list(dict.fromkeys((words.day(days.min()), words.day(days.max()))))
        shown.append(("sessions entered", f"{' to '.join(ends)} (UTC)"))
    page.add("<p>" + "<br>".join(f"<small>{name}:</small> <code>{html.escape(value)}</code>"
                                 for name, value in shown) + "</p>")  # fmt: skip


def _duration(minutes: float) -> str:
    return f"{minutes:.1f} min" if minutes >= 1 else f"{minutes * 60:.1f} s"


def _tracing(page: Page, results: Sequence[Mapping[str, Any]]) -> None:
    page.add("<h2>Tracing models</h2>")
    page.add(
        '<p class="about">How well tracing models predict the responses of learners that they '
        "never saw, over reshuffled splits by learner. Micro pools all class decisions; macro is "
        "the mean over classes.</p>"
    )
    for found in results:
        kinds = ", ".join(KIND_WORDS.get(k, k) for k in found.get("participant_kinds", []))
        heading = (
            f"{found['name']}: {found['learners']} {kinds or 'learners'}, {found['trials']:,} "
            f"trials, {found['split_count']} splits, encoder: {found['encoder']}"
        )
        page.add(f"<h3>{html.escape(heading)}</h3>")
        add_models(page, found)
