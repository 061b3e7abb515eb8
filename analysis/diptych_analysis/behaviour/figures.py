"""Figures 3 and 4 of Cheung et al., and what a selection exaggerates."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from diptych_analysis.behaviour.accuracy_bins import Bins
from diptych_analysis.behaviour.findings import Findings
from diptych_analysis.behaviour.responses import Floats
from diptych_analysis.charts import INK, PALETTE, QUIET

#: Columns of the map of agreement; more stimuli are averaged.
MOST_COLUMNS = 400
_SETS = ("all stimuli", "contrastive, chosen by the other groups", "contrastive, chosen by all")


def kappa_by_accuracy(bins: Bins) -> Any:
    """Draw kappa of each group of raters about all and about contrastive stimuli (Fig. 3)."""
    table = bins.table
    rows = pd.concat(
        [
            pd.DataFrame({"group": table["group"], "kappa": table[column], "stimuli": name})
            for column, name in zip(
                ("kappa", "kappa_contrastive", "kappa_naive"), _SETS, strict=True
            )
        ]
    ).dropna()
    order = list(table["group"])
    base = alt.Chart(rows).encode(
        x=alt.X("group:N", sort=order, title="accuracy of the raters", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("kappa:Q", title="Fleiss' kappa"),
        color=alt.Color(
            "stimuli:N",
            title=None,
            scale=alt.Scale(domain=list(_SETS), range=list(PALETTE[:3])),
            legend=alt.Legend(orient="top", columns=1, labelLimit=400),
        ),
        tooltip=["group:N", "stimuli:N", alt.Tooltip("kappa:Q", format=".3f")],
    )
    return (base.mark_line(strokeWidth=2) + base.mark_point(filled=True, size=70)).properties(
        width=440, height=260
    )


def agreement_map(bins: Bins) -> Any:
    """Draw agreement about each stimulus in each group of raters, sorted by all raters (Fig. 4)."""
    order = np.argsort(bins.overall, kind="stable")
    order = order[~np.isnan(bins.overall[order])]
    names = [*bins.table["group"], "all raters"]
    rows = [
        *(_columns(row[order]) for row in bins.within),
        _columns(bins.overall[order]),
    ]
    width = len(rows[0])
    edges = np.linspace(0, len(order), width + 1)
    frame = pd.DataFrame(
        {
            "group": np.repeat(names, width),
            "from": np.tile(edges[:-1], len(names)),
            "to": np.tile(edges[1:], len(names)),
            "agreement": np.concatenate(rows),
        }
    ).dropna()
    return (
        alt.Chart(frame)
        .mark_rect()
        .encode(
            x=alt.X(
                "from:Q",
                title="stimuli, least agreement of all raters first",
                scale=alt.Scale(domain=[0, len(order)], nice=False),
            ),
            x2="to:Q",
            y=alt.Y("group:N", sort=names[::-1], title="accuracy of the raters"),
            color=alt.Color(
                "agreement:Q",
                scale=alt.Scale(scheme="viridis", domain=[0, 1], reverse=True),
                title="agreement",
            ),
        )
        .properties(width=560, height=36 * len(names))
    )


def _columns(values: Floats) -> Floats:
    """Average neighbours until few enough columns are left."""
    parts = np.array_split(values, min(MOST_COLUMNS, len(values)))
    return np.array(
        [part[~np.isnan(part)].mean() if (~np.isnan(part)).any() else np.nan for part in parts]
    )


def agreement_histogram(found: Findings) -> Any:
    """Draw how agreement is distributed over stimuli."""
    p = found.overall.per_stimulus
    counts, edges = np.histogram(p[~np.isnan(p)], bins=25, range=(0, 1))
    rows = pd.DataFrame({"from": edges[:-1], "to": edges[1:], "stimuli": counts, "zero": 0})
    bars = (
        alt.Chart(rows)
        .mark_rect(color=PALETTE[0], stroke="white", strokeWidth=0.5)
        .encode(
            x=alt.X("from:Q", title="agreement", scale=alt.Scale(domain=[0, 1])),
            x2="to:Q",
            y=alt.Y("stimuli:Q", title="stimuli"),
            y2="zero:Q",
        )
    )
    mean = alt.Chart(pd.DataFrame({"x": [found.overall.mean]})).mark_rule(
        color=INK, strokeDash=[5, 3]
    )
    return (bars + mean.encode(x="x:Q")).properties(width=440, height=220)


def halves(found: Findings) -> Any:
    """Draw agreement about the contrastive stimuli of the half that chose and of the other half."""
    chosen = found.chosen
    assert chosen is not None
    ranks = np.arange(1, len(chosen.chosen) + 1)
    names = ("the half that chose", "the other half")
    rows = pd.concat(
        [
            pd.DataFrame({"rank": ranks, "agreement": values, "raters": name})
            for values, name in zip((chosen.own, chosen.held_out), names, strict=True)
        ]
    )
    points = (
        alt.Chart(rows)
        .mark_point(filled=True, size=26, opacity=0.6)
        .encode(
            x=alt.X("rank:Q", title="contrastive stimulus, least agreement first"),
            y=alt.Y("agreement:Q", title="agreement", scale=alt.Scale(domain=[0, 1])),
            color=alt.Color(
                "raters:N", title=None, scale=alt.Scale(domain=list(names), range=PALETTE[:2])
            ),
        )
    )
    rest = pd.DataFrame({"y": [chosen.scores_rest.mean]})
    line = (
        alt.Chart(rest)
        .mark_rule(color=QUIET, strokeDash=[5, 3])
        .encode(y=alt.Y("y:Q", title="agreement"))
    )
    return (points + line).properties(width=440, height=240)
