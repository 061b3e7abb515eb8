"""The feature space, and the subspaces that predicted hyperplanes induce (thesis Fig. 2.11)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from diptych_analysis.charts import classes_scale
from diptych_analysis.tracing.figures.states import plane
from diptych_analysis.tracing.models import Tracer
from diptych_analysis.tracing.models.inspection import embeddings, hyperplanes
from diptych_analysis.tracing.sequences import Sequences

_BARE = alt.Axis(labels=False, ticks=False, grid=False, domain=False)


def stimulus_embeddings(
    model: Tracer, sequences: Sequences, most: int = 600
) -> tuple[np.ndarray[Any, np.dtype[np.float64]], np.ndarray[Any, np.dtype[np.int64]]]:
    """Return z (S, D) and class (S,) of the stimuli that were shown; at most `most` of them."""
    shown = np.unique(sequences.stimulus[sequences.mask])
    chosen = np.sort(np.random.default_rng(0).permutation(shown)[:most])
    label = sequences.stimulus_label[chosen]
    one = sequences.rows([0])
    n = len(chosen)
    line = replace(
        one,
        stimulus=chosen[None],
        label=label[None],
        response=np.full((1, n), -1),
        ranking=np.full((1, n, 1), -1),
        phase=np.full((1, n), 1),
        rt=np.full((1, n), np.nan, dtype=np.float32),
        lag=np.full((1, n), np.nan, dtype=np.float32),
        mask=np.ones((1, n), dtype=bool),
    )
    return embeddings(model, line)[0], label


def feature_space(model: Tracer, sequences: Sequences) -> Any:
    """Draw the stimuli in the two directions of greatest spread, by class."""
    z, label = stimulus_embeddings(model, sequences)
    at = plane(z)
    names = np.asarray(sequences.classes, dtype=object)[label]
    return _dots(pd.DataFrame({"x": at[:, 0], "y": at[:, 1], "class": names}), sequences, 300)


def _dots(data: pd.DataFrame, sequences: Sequences, side: int) -> Any:
    classes = list(sequences.classes)
    return (
        alt.Chart(data)
        .mark_circle(size=18, opacity=0.65)
        .encode(
            x=alt.X("x:Q", title=None, axis=_BARE),
            y=alt.Y("y:Q", title=None, axis=_BARE),
            color=alt.Color(
                "class:N", scale=classes_scale(classes), legend=alt.Legend(title="true class")
            ),
        )
        .properties(width=side, height=side)
    )


def induced_subspaces(
    model: Tracer, sequences: Sequences, session: str, times: Sequence[int]
) -> Any:
    """Draw stimuli as one learner's predicted classifiers see them: row: time, column: class.

    Along x stands w_c z + b_c, what the classifier of class c says: the further right, the more
    likely that answer. Along y the direction of greatest spread at right angles to w_c.
    """
    row = sequences.rows([sequences.sessions.index(session)])
    weights, biases = hyperplanes(model, row)
    z, label = stimulus_embeddings(model, sequences, 300)
    names = np.asarray(sequences.classes, dtype=object)
    rows = []
    for time in times:
        panels = []
        for c, target in enumerate(sequences.classes):
            w = weights[0, time, c]
            along = z @ w + biases[0, time, c]
            unit = w / max(float(np.linalg.norm(w)), 1e-12)
            across = plane(z - np.outer(z @ unit, unit))[:, 0]
            own = np.where(label == c, names[label], "others")
            data = pd.DataFrame({"x": along, "y": across, "class": names[label], "own": own})
            panels.append(_panel(data, sequences, target, f"trial {time + 1}: {target}"))
        rows.append(alt.hconcat(*panels))
    return alt.vconcat(*rows)


def _panel(data: pd.DataFrame, sequences: Sequences, target: str, title: str) -> Any:
    side = max(110, 760 // min(len(sequences.classes), 5) - 30)
    scale = classes_scale(list(sequences.classes))
    return (
        alt.Chart(data)
        .mark_circle(size=16)
        .encode(
            x=alt.X(
                "x:Q",
                title="w z + b",
                axis=alt.Axis(grid=False, tickCount=3),
                scale=alt.Scale(zero=False),
            ),
            y=alt.Y("y:Q", title=None, axis=_BARE),
            color=alt.Color("class:N", scale=scale, legend=None),
            opacity=alt.condition(alt.datum["class"] == target, alt.value(0.9), alt.value(0.25)),
        )
        .properties(width=side, height=side, title=alt.TitleParams(title, fontSize=11))
    )
