"""The section of `diptych report` about identifying: right answers and confusions."""

from __future__ import annotations

import pandas as pd

from diptych_analysis.intervals import wilson
from diptych_analysis.report import figures, performance_sections
from diptych_analysis.report.page import Page
from diptych_analysis.report.performance_sections import percent
from diptych_analysis.tables import Tables

#: Numbers with more values are no groups.
MOST_VALUES = 16


def section(page: Page, trials: pd.DataFrame, _everybody: pd.DataFrame, tables: Tables) -> None:
    """Add the share of right answers, confusions and response times to a page."""
    page.add("<h3>Identifying</h3>")
    test = trials[(trials["phase"] == "test") & trials["response"].notna()]
    test = test[test["label"].notna()]
    if not len(test):
        page.add("<p>No test answers to items with a right answer.</p>")
        return
    right, n = int(test["correct"].astype(bool).sum()), len(test)
    low, high = (float(end) for end in wilson(right, n))
    page.add(
        f"<p>{percent(right / n)} of {n:,} test answers are right (95 % Wilson interval "
        f"{percent(low)} to {percent(high)}).</p>".replace(" %", "\u00a0%")
    )
    page.figure(
        figures.confusion_matrix(test), "Answers to each right answer, in per cent of its row."
    )
    _by_numbers(page, test, tables)
    performance_sections.add_course(page, trials)
    page.figure(figures.response_times(test), "Response times of right and wrong answers.")
    performance_sections.add_sensitivity(page, trials, "identify")
    performance_sections.add_reliability(page, trials)
    performance_sections.add_hardest(page, trials, tables)


def _by_numbers(page: Page, test: pd.DataFrame, tables: Tables) -> None:
    """Add right answers by each numeric column of items.csv with at most 16 values."""
    items = tables.items.drop_duplicates("item_id").set_index("item_id")
    for name in items.columns:
        values = pd.to_numeric(items[name], errors="coerce")
        if name == "place" or values.isna().any() or not 1 < values.nunique() <= MOST_VALUES:
            continue
        level = test["item_id"].map(values)
        rows = []
        for value, part in test.groupby(level):
            right, n = int(part["correct"].astype(bool).sum()), len(part)
            low, high = (float(bound) for bound in wilson(right, n))
            ends = f"{percent(low)} to {percent(high)}"
            rows.append([f"{value:g}", percent(right / n), ends, f"{n:,}"])
        head = [str(name), "right", "95 % interval", "answers"]
        page.table(f"Right answers by {name} (Wilson intervals).", head, rows)
