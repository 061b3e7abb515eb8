"""Tracing models in a report: scores with intervals and chance, observed beside predicted."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from diptych_analysis.charts import PALETTE, QUIET
from diptych_analysis.intervals import wilson
from diptych_analysis.report.figures import PERCENT, UNIT_RANGE
from diptych_analysis.report.page import Page
from diptych_analysis.tracing.verdict import baseline_of, scores_of, t_interval, verdict

#: Models in the figure of learning curves.
MOST_DRAWN = 5


def _cell(values: Sequence[float]) -> str:
    mean, low, high = t_interval(values)
    if math.isnan(mean):
        return "–"
    return f"{mean:.2f}" if math.isnan(low) else f"{mean:.2f} ({low:.2f} to {high:.2f})"


def add_models(page: Page, results: Mapping[str, Any]) -> None:
    """Add the table of models with chance and intervals, and observed and predicted learning."""
    models = results["models"]
    baseline = baseline_of(results)
    rows = []
    for name, model in models.items():
        test = scores_of(model, "test", "micro")
        row = [name, _cell(scores_of(model, "training", "micro")), _cell(test)]
        row += [
            _cell(scores_of(model, "test", "macro")),
            _cell(scores_of(model, "test", "log_loss")),
        ]
        if baseline is not None:
            other = scores_of(models[baseline], "test", "micro")
            gain = [a - b for a, b in zip(test, other, strict=True)]
            row.append("" if name == baseline else _cell(gain))
        rows.append(row)
    classes = len(results["classes"])
    chance = f"{1 / classes:.2f}"
    rows.append(["chance", chance, chance, chance, f"{math.log(classes):.2f}"])
    head = ["model", "training, micro", "test, micro", "test, macro", "test, log loss (nats)"]
    if baseline is not None:
        rows[-1].append("")
        head.append(f"test, above {baseline}")
    page.table(
        "Average precision of the predicted responses of unseen learners, and log loss: mean over "
        "the splits with a 95 % t interval. Splits share learners, so these intervals are too "
        "narrow. Chance: every class equally probable.",
        head,
        rows,
    )
    said = verdict(results)
    if said:
        page.add(f"<p>{html.escape(said)}</p>")
    page.figure(
        predicted_learning(results),
        "Observed and predicted learning: share of right responses of unseen learners (points, "
        "with 95 % Wilson intervals), and the mean probability that each model gave to the right "
        "answer (lines). Five neighbouring trials are pooled.",
    )


def predicted_learning(results: Mapping[str, Any], window: int = 2) -> Any | None:
    """Draw observed and predicted right responses over trials; None without learning curves."""
    curves = {
        name: pd.DataFrame([row for row in model["learning"] if row["class"] is None])
        for name, model in results["models"].items()
        if model.get("learning")
    }
    curves = {name: curve for name, curve in curves.items() if len(curve) > 1 and name != "gt"}
    if not curves:
        return None
    names = list(curves)[:MOST_DRAWN]
    observed = _pooled(curves[names[0]], window)
    lines = pd.concat([_pooled(curves[name], window).assign(model=name) for name in names])
    x = alt.X("trial:Q", title="trial", scale=alt.Scale(nice=False, padding=4))
    y = alt.Y("observed:Q", title="right responses", axis=PERCENT, scale=UNIT_RANGE)
    points = alt.Chart(observed)
    bars = points.mark_rule(color=QUIET, opacity=0.5).encode(x=x, y="low:Q", y2="high:Q")
    dots = points.mark_point(filled=True, color=QUIET, size=22, opacity=1).encode(x=x, y=y)
    scale = alt.Scale(domain=names, range=list(PALETTE[: len(names)]))
    drawn = alt.Chart(lines).mark_line(strokeWidth=2.2).encode(
        x=x,
        y="predicted:Q",
        color=alt.Color("model:N", scale=scale, title="model"),
        strokeDash=alt.StrokeDash("model:N", scale=alt.Scale(domain=names), legend=None),
        detail="phase:N",
    )  # fmt: skip
    return (bars + dots + drawn).properties(width=620, height=260)


def _pooled(curve: pd.DataFrame, window: int) -> pd.DataFrame:
    """Pool neighbouring trials of a phase: phase, trial, observed, low, high, predicted."""
    rows = []
    for phase, part in curve.groupby("phase"):
        for trial in part["trial"]:
            near = part[(part["trial"] - trial).abs() <= window]
            n = near["n"].sum()
            predicted = (near["predicted"] * near["n"]).sum() / n
            rows.append((phase, trial, near["right"].sum(), n, predicted))
    found = pd.DataFrame(rows, columns=["phase", "trial", "right", "n", "predicted"])
    found["observed"] = found["right"] / found["n"]
    found["low"], found["high"] = wilson(found["right"], found["n"])
    return found.sort_values("trial")
