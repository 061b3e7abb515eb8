"""The section of `diptych report` about identifying: right answers and confusions."""

from __future__ import annotations

import pandas as pd

from diptych_analysis.intervals import wilson
from diptych_analysis.report import figures
from diptych_analysis.report.page import Page
from diptych_analysis.tables import Tables


def section(page: Page, trials: pd.DataFrame, _everybody: pd.DataFrame, _tables: Tables) -> None:
    """Add the share of right answers, confusions and response times to a page."""
    page.add("<h3>Identifying</h3>")
    test = trials[(trials["phase"] == "test") & trials["response"].notna()]
    test = test[test["label"].notna()]
    if not len(test):
        page.add("<p>No test answers to items with a right answer.</p>")
        return
    right, n = int(test["correct"].astype(bool).sum()), len(test)
    low, high = wilson(right, n)
    page.add(
        f"<p>{right / n:.1%} of {n:,} test answers are right (95 % Wilson interval {low:.1%} to "
        f"{high:.1%}).</p>".replace("%", " %").replace("  %", " %")
    )
    page.figure(
        figures.confusion_matrix(test), "Answers to each right answer, in per cent of its row."
    )
    page.figure(figures.response_times(test), "Response times of right and wrong answers.")
