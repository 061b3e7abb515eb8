"""Figures of RSVC: similarities, importance, replacement, predicted coefficients, layers."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from diptych_analysis.charts import PALETTE
from diptych_analysis.representations.rsvc.comparison import Side
from diptych_analysis.representations.rsvc.result_tables import ClassResult, Result

#: Points of a scatter plot; more would fill the page and not the eye.
_POINTS = 2000


def _subtitle(result: Result) -> str:
    settings, counts = result.plan.settings, result.class_table()["images_evaluation"]
    few, many = counts.min(), counts.max()
    images = f"{few}" if few == many else f"{few} to {many}"
    names = ", ".join(found.wanted.name for found in result.classes[:4])
    more = f" and {len(result.classes) - 4} more" if len(result.classes) > 4 else ""
    return (
        f"{result.names[0]} (A) and {result.names[1]} (B), class {names}{more}, {images} held-out "
        f"images per class, k = {settings.concepts}, alpha = {settings.alpha:g}, "
        f"seed {settings.seed}"
    )


def similarities(result: Result) -> Any:
    """Draw CMCS and SMCS of all concepts, one dot each."""
    frame = result.concepts.melt(
        ["class", "model", "concept"], ["cmcs", "smcs"], "measure", "similarity"
    )
    frame["measure"] = frame["measure"].str.upper()
    return (
        alt.Chart(frame, title=alt.Title("Similarity of concepts", subtitle=_subtitle(result)))
        .mark_circle(size=60, opacity=0.7)
        .encode(
            x=alt.X("similarity:Q", title="similarity (Pearson)"),
            y=alt.Y("model:N", title=None),
            yOffset=alt.YOffset("measure:N"),
            color=alt.Color("measure:N", title=None),
            tooltip=["class", "model", "concept", alt.Tooltip("similarity:Q", format=".3f")],
        )
        .properties(width=520, height=180)
    )


def importance_by_similarity(result: Result) -> Any:
    """Draw each concept's importance against its cross-model similarity (thesis, Fig. 3.3)."""
    frame = result.concepts.dropna(subset=["importance"])
    if frame.empty:
        return None
    return (
        alt.Chart(frame, title=alt.Title("Importance and similarity", subtitle=_subtitle(result)))
        .mark_circle(size=70, opacity=0.75)
        .encode(
            x=alt.X("cmcs:Q", title="CMCS"),
            y=alt.Y("importance:Q", title="importance (largest of the class = 1)"),
            color=alt.Color("model:N", title="concept of"),
            shape=alt.Shape("class:N"),
            tooltip=["class", "model", "concept", alt.Tooltip("cmcs:Q", format=".3f")],
        )
        .properties(width=520, height=300)
    )


def replacement(result: Result) -> Any:
    """Draw what replacing a concept changes, against the loss of similarity (Fig. 3.4)."""
    frame = result.concepts.assign(lost=lambda x: x["smcs"] - x["cmcs"])
    frame["|importance|"] = frame["importance"].abs()
    measures = {"l2": "distance", "kl": "KL divergence", "match": "same prediction (share)"}
    charts = [
        alt.Chart(frame.dropna(subset=[name]))
        .mark_circle(size=60)
        .encode(
            x=alt.X("lost:Q", title="SMCS - CMCS"),
            y=alt.Y(f"{name}:Q", title=title, scale=alt.Scale(zero=False)),
            color=alt.Color("|importance|:Q", scale=alt.Scale(scheme="viridis")),
            tooltip=["class", "model", "concept"],
        )
        .properties(width=230, height=210)
        for name, title in measures.items()
        if frame[name].notna().any()
    ]
    return alt.hconcat(*charts).properties(
        title=alt.Title("Replacement test", subtitle=_subtitle(result))
    )


def coefficients(result: Result, found: ClassResult, side: Side, concept: int) -> Any:
    """Draw predicted against real coefficients of a concept (Fig. 3.2)."""
    concepts, grids = found.comparison.side(side), found.grids[(side, concept)]
    real, predicted = concepts.coefficients[:, concept], concepts.cross[:, concept]
    group = np.full(len(real), "other patches", dtype=object)
    for name in ("top", "under", "over"):
        group[getattr(grids, name)] = name
    frame = pd.DataFrame({"real": real, "predicted": predicted, "grid": group})
    rest = frame[frame["grid"] == "other patches"]
    if len(rest) > _POINTS:
        frame = frame.drop(rest.sample(len(rest) - _POINTS, random_state=0).index)
    row = found.concepts.query("network == @side and concept == @concept").iloc[0]
    order = ["other patches", "top", "under", "over"]
    title = alt.Title(
        f"{found.wanted.name}: concept {concept} of {row['model']}, CMCS {row['cmcs']:.2f}",
        subtitle=f"{row['patches']} patches of {row['images']} held-out images, seed {row['seed']}",
    )
    colours = ["#b8c1ca", PALETTE[2], PALETTE[0], PALETTE[1]]
    return (
        alt.Chart(frame, title=title)
        .mark_circle(opacity=0.8)
        .encode(
            x=alt.X("real:Q", title="coefficient"),
            y=alt.Y("predicted:Q", title=f"predicted by {row['predicted_by']}"),
            color=alt.Color("grid:N", title=None, scale=alt.Scale(domain=order, range=colours)),
        )
        .properties(width=360, height=280)
    )


def layers(result: Result) -> Any:
    """Draw the mean similarity of all pairs of layers as a matrix."""
    if result.layers.empty:
        return None
    mean = result.layers.groupby(["layer_a", "layer_b"], sort=False)["mmcs"].mean().reset_index()
    first = result.layers.iloc[0]
    subtitle = (
        f"Mean of {result.layers['class'].nunique()} classes, {first['images']} images "
        f"({first['patches']} patches) per class, k = {first['concepts']}, seed {first['seed']}"
    )
    return (
        alt.Chart(mean, title=alt.Title("Pairs of layers (MMCS)", subtitle=subtitle))
        .mark_rect()
        .encode(
            x=alt.X("layer_b:N", sort=None, title=result.names[1]),
            y=alt.Y("layer_a:N", sort=None, title=result.names[0]),
            color=alt.Color("mmcs:Q", scale=alt.Scale(scheme="viridis"), title="MMCS"),
            tooltip=["layer_a", "layer_b", alt.Tooltip("mmcs:Q", format=".3f")],
        )
        .properties(width=460, height=460)
    )
