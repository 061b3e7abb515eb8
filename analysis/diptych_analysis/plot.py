"""Figures from Python: tables, models and results in, a `Figure` out.

    import diptych_analysis as da

    da.plot.learning_curves(da.read_tables("OUT/greebles")).save("curves.pdf", width_mm=85)

A figure shows itself in a notebook and loads nothing there. The functions that take tables show
completed sessions that no rule excludes, of one kind of participant (`kept_trials`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diptych_analysis.summary_display import as_text

if TYPE_CHECKING:
    import pandas as pd

    from diptych_analysis.agreement.compare import Agreement
    from diptych_analysis.behaviour.findings import Findings
    from diptych_analysis.psychometric.fitted_study import FittedStudy
    from diptych_analysis.psychometric.sensitivity import Sensitivities
    from diptych_analysis.tables.read import Tables
    from diptych_analysis.tracing.models import Tracer
    from diptych_analysis.tracing.sequences import Sequences

__all__ = [
    "Figure",
    "accuracy_by_unit",
    "agreement_of_raters",
    "confusions",
    "human_and_machine_scores",
    "learning_curves",
    "people_and_models",
    "psychometric_functions",
    "response_times",
    "sensitivities",
    "session_scores",
]


class Figure:
    """A figure: shown in a notebook, written as SVG, PDF, PNG, JSON or HTML.

    Attributes
    ----------
    chart : altair.Chart
        The chart itself, to be changed with Altair.
    """

    def __init__(self, chart: Any) -> None:
        self.chart = chart

    def save(
        self, file: str | Path, *, width_mm: float | None = None, scale: float = 2.0
    ) -> Path:  # fmt: skip
        """Write the figure; the suffix says how: .svg, .pdf, .png, .json or .html.

        Parameters
        ----------
        file : str or Path
            Where to.
        width_mm : float, optional
            Width of an SVG or PDF on paper, in millimetres, such as 85 (one column of many
            journals) or 180 (two). By default 96 pixels of the chart become one inch.
        scale : float
            Pixels of a PNG per pixel of the chart.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        ValueError
            For another suffix, or a width for a file that has none.
        """
        from diptych_analysis import charts

        return charts.save(self.chart, Path(file), scale, width_mm=width_mm)

    def svg(self) -> str:
        """Return the figure as SVG."""
        from diptych_analysis import charts

        return charts.svg_of(charts.spec_of(self.chart))

    def _repr_svg_(self) -> str:
        """Return the figure as SVG; notebooks call this."""
        return self.svg()

    def __repr__(self) -> str:
        """Return the kind of the chart and its size in the file."""
        size = len(json.dumps(self.chart.to_dict()))
        rows = [["chart", type(self.chart).__name__], ["characters", f"{size:,}"]]
        return as_text(("Figure", ["", ""], rows))


def _trials(data: Tables | pd.DataFrame) -> pd.DataFrame:
    """Return the trials to show; a frame is taken as it is."""
    from diptych_analysis.report.kept_trials import kept_trials
    from diptych_analysis.tables.read import Tables

    return kept_trials(data) if isinstance(data, Tables) else data


def learning_curves(data: Tables | pd.DataFrame, *, window: int = 2) -> Figure:
    """Draw the share of right responses to each class over the trials of a session.

    Parameters
    ----------
    data : Tables or DataFrame
        A data set, or rows of its table `trials`.
    window : int
        Trials on each side that are pooled with a trial.
    """
    from diptych_analysis.report import figures

    return Figure(figures.learning_curves(_trials(data), window))


def session_scores(data: Tables | pd.DataFrame) -> Figure:
    """Draw how many responses of each session are right, in training and test."""
    from diptych_analysis.report import figures

    return Figure(figures.score_histograms(_trials(data)))


def confusions(data: Tables | pd.DataFrame) -> Figure:
    """Draw the share of each response to each true class."""
    from diptych_analysis.report import figures

    return Figure(figures.confusion_matrix(_trials(data)))


def response_times(data: Tables | pd.DataFrame) -> Figure:
    """Draw cumulative response times of right and wrong responses."""
    from diptych_analysis.report import figures

    chart = figures.response_times(_trials(data))
    if chart is None:
        raise ValueError("no response has both a response time and a right answer to compare with")
    return Figure(chart)


def accuracy_by_unit(data: Tables | pd.DataFrame) -> Figure:
    """Draw the share of right responses to test items of each unit (2-AFC)."""
    from diptych_analysis.report import figures

    trials = _trials(data)
    return Figure(figures.by_unit(trials[trials["phase"] == "test"]))


def people_and_models(sequences: Sequences, models: dict[str, Tracer]) -> Figure:
    """Draw the accuracy of learners over trials above what fitted models predict of it.

    Parameters
    ----------
    sequences : Sequences
        Learners that no model was fitted on.
    models : dict of str to Tracer
        Name in the legend, and fitted model.
    """
    from diptych_analysis.tracing.figures.accuracy import accuracy_over_time

    return Figure(accuracy_over_time(sequences, models))


def human_and_machine_scores(found: Agreement) -> Figure:
    """Draw HIS against MIS, one point per unit: a result of `compare_scores`."""
    from diptych_analysis.agreement.figures import units_figure

    return Figure(units_figure(found))


def psychometric_functions(found: FittedStudy) -> Figure:
    """Draw the functions of people and groups: a result of `fit_psychometric`."""
    from diptych_analysis.psychometric.curves import curves

    return Figure(curves(found))


def sensitivities(found: Sensitivities) -> Figure:
    """Draw d' and criterion of people and groups: a result of `sensitivities`."""
    from diptych_analysis.psychometric.sensitivity_page import sensitivity_figure

    return Figure(sensitivity_figure(found))


def agreement_of_raters(found: Findings) -> Figure:
    """Draw how far raters agree about each stimulus: a result of `rater_agreement`."""
    from diptych_analysis.behaviour.figures import agreement_histogram

    return Figure(agreement_histogram(found))
