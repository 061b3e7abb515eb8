"""One HTML page about one or more exported data sets: who took part, what they answered, who
predicts it. The page loads nothing from anywhere.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from diptych_analysis.report_page import Page
from diptych_analysis.tables import Tables, read_tables

KIND_WORDS = {"person": "people", "simulated": "simulated participants", "machine": "machines"}


def write_report(
    exports: Path | Sequence[Path],
    trace_results: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None,
    to: Path,
) -> Path:
    """Writes `to`/index.html about the exported folders and the results of `diptych trace`.

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
    learning = trials[trials["task"] == "category_learning"]
    choices = trials[trials["task"] == "two_afc"]
    if not learning.empty:
        _category_learning(page, learning)
    if not choices.empty:
        _two_afc(page, choices, tables)
        if "mis" in tables.items.columns:
            _agreement(page, everybody[everybody["phase"] == "test"], tables)
    if trials.empty:
        page.add("<p>No finished sessions yet.</p>")


def _of_one_kind(page: Page, trials: pd.DataFrame) -> pd.DataFrame:
    """Trials of people where there are any, else of simulated ones, else of machines; told.

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
    """Escaped text, with `code` marked up."""
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


def _category_learning(page: Page, trials: pd.DataFrame) -> None:
    from diptych_analysis import report_figures as figures

    page.add("<h3>Learning the categories</h3>")
    page.figure(
        figures.learning_curves(trials),
        "Right answers on each class over the session (five neighbouring trials pooled, bands: "
        "95 % Wilson intervals). The dashed line marks the change from training with feedback to "
        "test.",
    )
    page.figure(
        figures.score_histograms(trials),
        "Right answers of each session; the dashed line is the median.",
    )
    page.figure(
        figures.confusion_matrix(trials), "What was answered to each true class, in per cent of it."
    )
    page.figure(figures.response_times(trials), "Response times of right and wrong answers.")


def _two_afc(page: Page, trials: pd.DataFrame, tables: Tables) -> None:
    from diptych_analysis import report_figures as figures

    test = trials[trials["phase"] == "test"]
    if "difficulty" in tables.items.columns:
        known = tables.items.drop_duplicates("item_id").set_index("item_id")["difficulty"]
        test = test.assign(difficulty=test["item_id"].map(known))
    right = figures.proportions(test.assign(all="all"), "all").iloc[0]
    page.add("<h3>Telling what a unit prefers</h3>")
    page.add(
        f"<p>{right['accuracy']:.1%} of {int(right['n']):,} test answers are right "
        f"(95 % Wilson interval {right['low']:.1%} to {right['high']:.1%}; chance is 50 %).</p>"
    )
    page.figure(
        figures.by_unit(test),
        "Right answers for each unit with 95 % Wilson intervals; chance dashed.",
    )
    page.add('<div class="row">')
    page.figure(figures.by_difficulty(test), "Right answers by the difficulty of the item.")
    if not (test["participant_kind"] == "machine").all():  # which answer with probabilities
        page.figure(figures.by_confidence(test), "Right answers by the confidence given (1 to 3).")
    page.add("</div>")
    page.figure(figures.response_times(test), "Response times of right and wrong answers.")


def _agreement(page: Page, test: pd.DataFrame, tables: Tables) -> None:
    """HIS beside the MIS that the items carry; people and simulated participants apart."""
    from diptych_analysis.agreement.compare import Choices, compare
    from diptych_analysis.agreement.faults import AgreementFault
    from diptych_analysis.agreement.his import HUMAN
    from diptych_analysis.agreement.results import add_section

    for kind in (kind for kind in HUMAN if kind in set(test["participant_kind"])):
        page.add(f"<h3>HIS of {KIND_WORDS[kind]} beside the machine's MIS</h3>")
        try:
            add_section(page, compare(tables, choices=Choices(kinds=(kind,)), strict=False))
        except AgreementFault as fault:
            page.add(f"<p>{html.escape(str(fault))}</p>")


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
