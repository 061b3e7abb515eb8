"""The section of `diptych report` about comparisons: psychometric functions and right answers."""

from __future__ import annotations

from typing import Any

import pandas as pd

from diptych.tasks.comparison.observers_section import add_observers
from diptych_analysis.intervals import wilson
from diptych_analysis.report import figures, performance_sections
from diptych_analysis.report.page import Page
from diptych_analysis.tables import Tables


def section(page: Page, trials: pd.DataFrame, everybody: pd.DataFrame, tables: Tables) -> None:
    """Add right answers, a psychometric curve, observers side by side, and response times."""
    test = trials[(trials["phase"] == "test") & trials["chosen_role"].notna()]
    page.add("<h3>Comparing two displays</h3>")
    judged = test[test["correct"].notna()]
    if len(judged):
        page.add(f"<p>{_right(judged)} of the test answers are right.</p>")
        performance_sections.add_groups(page, judged, tables)
    for name in _levels(tables):
        levels = test.assign(level=test["item_id"].map(_of_items(tables, name)).astype(float))
        levels = levels[levels["level"].notna()]
        if levels["level"].nunique() > 1:
            page.figure(
                _curve(levels, name).properties(width=420),
                f"Answers that chose the test display by its {name}, with 95 % Wilson "
                "intervals; the line is the function fitted to the answers of all participants.",
            )
    add_observers(page, everybody, tables)
    if len(judged):
        performance_sections.add_course(page, trials)
        page.figure(figures.response_times(judged), "Response times of right and wrong answers.")
        performance_sections.add_sensitivity(page, trials, "comparison")
        performance_sections.add_reliability(page, trials)
        performance_sections.add_hardest(page, trials, tables)


def _right(trials: pd.DataFrame) -> str:
    right, n = int(trials["correct"].astype(bool).sum()), len(trials)
    low, high = wilson(right, n)
    return f"{right / n:.1%} of {n:,} ({low:.1%} to {high:.1%})".replace("%", "\u00a0%")


def _of_items(tables: Tables, column: str) -> dict[str, Any]:
    known = tables.items.drop_duplicates("item_id").set_index("item_id")[column]
    return {str(item): value for item, value in known.items()}


def _levels(tables: Tables) -> list[str]:
    """Columns x of items with a column reference_x: numbers of both displays."""
    columns = tables.items.columns
    return [name for name in columns if f"reference_{name}" in columns][:1]


def _curve(trials: pd.DataFrame, name: str) -> Any:
    from diptych.tasks.comparison.charts import curve

    rows = []
    for level, part in trials.groupby("level"):
        chosen, n = int((part["chosen_role"] == "test").sum()), len(part)
        low, high = wilson(chosen, n)
        sessions = part["session_id"].nunique()
        rows.append((level, sessions, n, chosen, chosen / n, float(low), float(high)))
    columns = ["level", "sessions", "answers", "chosen", "share", "low", "high"]
    return curve(pd.DataFrame(rows, columns=columns), name)
