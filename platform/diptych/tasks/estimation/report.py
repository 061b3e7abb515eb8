"""The section of `diptych report` about estimates: medians, power function and spread."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from diptych_analysis.report import performance_figures
from diptych_analysis.report.page import Page
from diptych_analysis.tables import Tables


def section(page: Page, trials: pd.DataFrame, _everybody: pd.DataFrame, _tables: Tables) -> None:
    """Add estimates against true numbers, and exponent and spread of each participant."""
    test = trials[(trials["phase"] == "test") & trials["estimate"].notna()]
    test = test[test["true_number"].notna()]
    page.add("<h3>Estimating numbers</h3>")
    if not len(test):
        page.add("<p>No estimate of a known number.</p>")
        return
    page.figure(
        _chart(test).properties(width=420),
        "Median estimate of each number, with the middle half of the estimates; dashed: the true "
        "number; orange: a power function fitted to the medians.",
    )
    people = participants(test)
    if len(people):
        exponent, spread = (people[name] for name in ("exponent", "cv"))
        page.add(
            f"<p>Power functions of {len(people):,} participants: exponent {exponent.median():.2f} "
            f"(middle half {exponent.quantile(0.25):.2f} to {exponent.quantile(0.75):.2f}), spread "
            f"of log estimates {spread.median():.2f} ({spread.quantile(0.25):.2f} to "
            f"{spread.quantile(0.75):.2f}).</p>"
        )
    page.figure(
        performance_figures.times_by_trial(trials),
        "Response times over the session: median and middle half of the sessions.",
    )


def participants(test: pd.DataFrame) -> pd.DataFrame:
    """Fit ln(estimate) = ln a + b ln N for each session.

    Parameters
    ----------
    test : DataFrame
        Columns session_id, true_number and estimate.

    Returns
    -------
    DataFrame
        Columns session_id, gain (a), exponent (b) and cv, the standard deviation of the residuals,
        which is close to the coefficient of variation. Sessions with fewer than three numbers
        above 0 are left out.
    """
    rows = []
    for session, part in test.groupby("session_id"):
        part = part[(part["true_number"] > 0) & (part["estimate"] > 0)]
        if part["true_number"].nunique() < 3:
            continue
        x, y = (np.log(part[name].to_numpy(float)) for name in ("true_number", "estimate"))
        slope, intercept = np.polyfit(x, y, 1)
        residual = y - intercept - slope * x
        cv = float(np.sqrt((residual**2).sum() / max(len(x) - 2, 1)))
        rows.append((session, float(np.exp(intercept)), float(slope), cv))
    return pd.DataFrame(rows, columns=["session_id", "gain", "exponent", "cv"])


def _chart(test: pd.DataFrame) -> Any:
    from diptych.tasks.estimation.charts import estimates

    grouped = test.groupby("true_number")["estimate"]
    frame = pd.DataFrame({
        "answers": grouped.size(), "median": grouped.median(),
        "low": grouped.quantile(0.25), "high": grouped.quantile(0.75),
    })  # fmt: skip
    return estimates(frame.rename_axis("number").reset_index())
