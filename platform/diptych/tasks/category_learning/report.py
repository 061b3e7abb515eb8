"""The section of `diptych report` about category learning."""

from __future__ import annotations

import pandas as pd

from diptych_analysis.report import figures, performance_sections
from diptych_analysis.report.page import Page
from diptych_analysis.tables import Tables


def section(page: Page, trials: pd.DataFrame, _everybody: pd.DataFrame, tables: Tables) -> None:
    """Add learning curves, scores, sensitivity, reliability and hardest images to a page."""
    page.add("<h3>Learning the categories</h3>")
    performance_sections.add_course(page, trials)
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
    performance_sections.add_sensitivity(page, trials, "category_learning")
    performance_sections.add_reliability(page, trials)
    performance_sections.add_hardest(page, trials, tables)
