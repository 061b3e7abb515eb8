"""Class-conditional accuracy over time, of learners and of models (thesis Fig. 2.4 to 2.8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from diptych_analysis.charts import PALETTE, PHASE_LINE
from diptych_analysis.intervals import wilson
from diptych_analysis.tracing.models import Tracer
from diptych_analysis.tracing.probing import probe
from diptych_analysis.tracing.sequences import TRAINING, Sequences


def human_accuracy(sequences: Sequences, window: int = 2) -> pd.DataFrame:
    """Return class, trial (from 1), value, low, high: right answers, neighbours in phase pooled."""
    scored = sequences.scored
    right = scored & (sequences.response == sequences.label)
    training = sequences.phase == TRAINING
    times = np.arange(sequences.shape[1])
    rows = []
    for c, name in enumerate(sequences.classes):
        of_class = scored & (sequences.label == c)
        for t in times:
            phase = training[:, t][sequences.mask[:, t]].mean() >= 0.5
            near = of_class & (np.abs(times - t) <= window) & (training == phase)
            rows.append((name, t + 1, int((right & near).sum()), int(near.sum())))
    found = pd.DataFrame(rows, columns=["class", "trial", "right", "n"])
    found = found[found["n"] > 0]
    found["value"] = found["right"] / found["n"]
    found["low"], found["high"] = wilson(found["right"], found["n"])
    return found.drop(columns=["right"])


def model_accuracy(
    model: Tracer, sequences: Sequences, per_class: int = 4, step: int = 2
) -> pd.DataFrame:
    """Average the probability of being right: class, trial, value, low, high (one deviation)."""
    times = list(range(0, sequences.shape[1], step))
    p = probe(model, sequences, times, per_class)
    rows = []
    for c, name in enumerate(sequences.classes):
        for place, t in enumerate(times):
            here = p[:, place, c]
            mean, spread = float(np.nanmean(here)), float(np.nanstd(here))
            rows.append((name, t + 1, mean, max(0.0, mean - spread), min(1.0, mean + spread)))
    return pd.DataFrame(rows, columns=["class", "trial", "value", "low", "high"])


def accuracy_over_time(
    sequences: Sequences, models: Mapping[str, Tracer], per_class: int = 4
) -> Any:
    """Draw learners above, models below, a column a class; the phase change is marked."""
    people = human_accuracy(sequences).assign(who="learners")
    traced = [
        model_accuracy(model, sequences, per_class).assign(who=name)
        for name, model in models.items()
    ]
    change = phase_change(sequences)
    rows = [_row(people, ["learners"], "answers that were right", change)]
    if traced:
        rows.append(_row(pd.concat(traced), list(models), "probability of being right", change))
    return alt.vconcat(*rows).resolve_scale(color="independent")


def phase_change(sequences: Sequences) -> float | None:
    """Return the place between the last training and the first test trial of most sessions."""
    training = (sequences.phase == TRAINING) & sequences.mask
    if not training.any() or training.sum() == sequences.mask.sum():
        return None
    return float(np.bincount(training.sum(1)).argmax()) + 0.5


def _row(data: pd.DataFrame, who: list[str], title: str, change: float | None) -> Any:
    data = data.copy()
    first = ~data.duplicated("class")
    data["change"] = np.where(first, change or np.nan, np.nan)
    base = alt.Chart(data)
    legend = alt.Legend(title=None, orient="top", symbolOpacity=1) if len(who) > 1 else None
    names = sorted(data["class"].unique())
    colour = alt.Color(
        "who:N",
        sort=who,
        scale=alt.Scale(domain=who, range=list(PALETTE[: len(who)])),
        legend=legend,
    )
    scale, axis = alt.Scale(domain=[0, 1]), alt.Axis(format=".0%")
    x = alt.X("trial:Q", title="trial", scale=alt.Scale(nice=False))
    y = alt.Y("low:Q", title=title, axis=axis, scale=scale)
    band = base.mark_area(opacity=0.16).encode(x=x, y=y, y2="high:Q", color=colour)
    tip = ["who:N", "class:N", "trial:Q", alt.Tooltip("value:Q", format=".2f")]
    line = base.mark_line(strokeWidth=2).encode(
        x=x, y=alt.Y("value:Q", scale=scale), color=colour, tooltip=tip
    )
    rule = base.mark_rule(strokeDash=[5, 3], strokeWidth=1.5, color=PHASE_LINE)
    layers = alt.layer(band, line, rule.encode(x="change:Q"))
    width = max(110, 780 // min(len(names), 5) - 30)
    facet = alt.Facet("class:N", title=None, sort=names)
    return layers.properties(width=width, height=150).facet(facet=facet, columns=5)
