"""The embedding, its islands, and its line for each seed (thesis Fig. 7.4 and 7.7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from diptych_analysis.charts import PALETTE
from diptych_analysis.numerosity.analyses.islands import OUTLIER, clusters, confusion
from diptych_analysis.numerosity.analyses.line import linear_error
from diptych_analysis.numerosity.findings import Tested
from diptych_analysis.numerosity.probes import Floats

#: Images per number that a figure shows; all images go into every computation.
SHOWN = 40
FEW = 5
NUMBER_COLOUR = alt.Color(
    "number:Q",
    title="objects",
    scale=alt.Scale(scheme="viridis"),
    legend=alt.Legend(gradientLength=150),
)


def plane(z: Floats) -> Floats:
    """Return two coordinates per embedding: its own for d = 2, else those of greatest spread."""
    if z.shape[1] == 1:
        return np.column_stack([z, np.zeros(len(z))])
    if z.shape[1] == 2:
        return z
    centred = z - z.mean(0)
    found: Floats = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
    return found


def points(tested: Tested, shown: int = SHOWN) -> pd.DataFrame:
    """Return x, y, number of the first `shown` images of each number."""
    xy = plane(tested.z)
    frame = pd.DataFrame({"x": xy[:, 0], "y": xy[:, 1], "number": tested.counts})
    return frame[frame.groupby("number").cumcount() < shown]


def _xy(title: str = "z") -> dict[str, Any]:
    scale = alt.Scale(zero=False, padding=12)
    axis = alt.Axis(tickCount=4)
    return {
        "x": alt.X("x:Q", title=f"{title}1", scale=scale, axis=axis),
        "y": alt.Y("y:Q", title=f"{title}2", scale=scale, axis=axis),
    }


def embedding(tested: Tested) -> Any:
    """Draw all numbers, and the first few by themselves (Fig. 7.4A)."""
    data = points(tested)
    first = data[data["number"] <= FEW]
    few = alt.Color("number:O", title="objects", scale=alt.Scale(range=list(PALETTE)))
    most = int(data["number"].max())
    panels = []
    for title, part, size, colour in (
        (f"0 to {most} objects", data, 14, NUMBER_COLOUR),
        (f"0 to {FEW} objects", first, 22, few),
    ):
        chart = alt.Chart(part).mark_circle(size=size, opacity=0.75)
        chart = chart.encode(color=colour, tooltip=["number:Q"], **_xy())
        panels.append(chart.properties(width=310, height=260, title=title))
    return alt.hconcat(*panels, spacing=30).resolve_scale(color="independent")


def islands(tested: Tested, least: int) -> Any:
    """Draw the clusters in the embedding, and which numbers are in them (Fig. 7.4B and C)."""
    labels = clusters(tested.z, least)
    table = confusion(tested.counts, labels)
    data = points(tested).assign(cluster="")
    data["cluster"] = [_letter(c) for c in _ordered(tested, labels)[data.index]]
    names = sorted(data["cluster"].unique(), key=lambda name: (name == "outliers", len(name), name))
    colours = ["#9aa5b1" if n == "outliers" else PALETTE[i % 8] for i, n in enumerate(names)]
    colour = alt.Color("cluster:N", scale=alt.Scale(domain=names, range=colours))
    left = alt.Chart(data[data["number"] <= 12]).mark_point(size=18, strokeWidth=1.2, opacity=0.8)
    left = left.encode(
        color=colour,
        shape=alt.Shape("cluster:N", scale=_shapes(names)),
        tooltip=["number:Q", "cluster:N"],
        **_xy(),
    )
    table["cluster"] = [_letter(c) for c in table["cluster"]]
    log = alt.Scale(type="log", scheme="blues", domain=[1, int(table["images"].max())])
    right = alt.Chart(table).mark_rect()
    right = right.encode(
        x=alt.X("number:O", title="objects", axis=alt.Axis(labelAngle=0, labelOverlap=True)),
        y=alt.Y("cluster:N", sort=names, title="cluster"),
        color=alt.Color("images:Q", scale=log, title="images"),
        tooltip=["number:O", "cluster:N", "images:Q"],
    )
    return alt.hconcat(
        left.properties(width=300, height=260, title="0 to 12 objects"),
        right.properties(width=360, height=260, title="images by number and cluster"),
        spacing=30,
    ).resolve_scale(color="independent", shape="independent")


def _ordered(tested: Tested, labels: np.ndarray) -> np.ndarray:
    """Cluster numbers in order of their mean number of objects."""
    order = [c for c in np.unique(labels) if c != OUTLIER]
    order.sort(key=lambda c: tested.counts[labels == c].mean())
    place = {c: i for i, c in enumerate(order)}
    return np.array([place.get(c, OUTLIER) for c in labels])


def _letter(cluster: int) -> str:
    if cluster == OUTLIER:
        return "outliers"
    return chr(65 + cluster) if cluster < 26 else f"Z{cluster}"


def _shapes(names: list[str]) -> alt.Scale:
    marks = ("circle", "square", "triangle-up", "diamond", "triangle-down")
    return alt.Scale(
        domain=names,
        range=["cross" if n == "outliers" else marks[i % 5] for i, n in enumerate(names)],
    )


def lines(tests: Sequence[Tested]) -> Any:
    """Draw one small panel per network, with its linear error (Fig. 7.7)."""
    panels = []
    for tested in tests:
        chart = alt.Chart(points(tested, 20)).mark_circle(size=9, opacity=0.75)
        chart = chart.encode(color=NUMBER_COLOUR, **_xy())
        title = alt.TitleParams(
            f"linear error {linear_error(tested.z):.2%}", subtitle=tested.settings.name, fontSize=12
        )
        panels.append(chart.properties(width=210, height=170, title=title))
    return alt.concat(*panels, columns=3, spacing=24)
