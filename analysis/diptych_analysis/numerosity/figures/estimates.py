"""Comparison with a reference, and perceived numbers (thesis Fig. 7.5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from diptych_analysis.charts import INK, PALETTE, PHASE_LINE
from diptych_analysis.numerosity.analyses.comparison import (
    REFERENCE,
    fit_shares,
    share_of_more,
)
from diptych_analysis.numerosity.analyses.perceived import power_fit
from diptych_analysis.numerosity.findings import NETWORK, UNTRAINED, Tested

#: The same colour for an observer in every figure.
OBSERVER_COLOURS = {
    NETWORK: PALETTE[0],
    "pixel sum": PALETTE[1],
    "area": PALETTE[2],
    "hull": PALETTE[3],
    UNTRAINED: "#8b97a3",
}
KRUEGER = (0.63, 0.83, 1.03)


def observer_scale() -> alt.Scale:
    """Return the colours of observers."""
    return alt.Scale(domain=list(OBSERVER_COLOURS), range=list(OBSERVER_COLOURS.values()))


def comparison(tested: Tested) -> Any:
    """Draw the share of "more" against 16 objects: network, controls, fitted curves (7.5A)."""
    shares, curves = [], []
    grid = np.geomspace(1, tested.counts.max(), 120)
    for name, scores in tested.observers.items():
        table = share_of_more(scores, tested.counts)
        table = table[(table["n"] > 0) & (table["number"] != REFERENCE)]
        shares.append(table.assign(observer=name))
        fitted = fit_shares(table)
        if fitted is not None:
            share = fitted.probability(grid)
            curves.append(pd.DataFrame({"number": grid, "share": share, "observer": name}))
    legend = alt.Legend(title=None, orient="top", symbolOpacity=1)
    scale = alt.Scale(domain=[0, int(tested.counts.max())], nice=False)
    x = alt.X("number:Q", title=f"objects in the test image (reference {REFERENCE})", scale=scale)
    y = alt.Y("share:Q", title='judged "more"', axis=alt.Axis(format=".0%"))
    colour = alt.Color("observer:N", scale=observer_scale(), legend=legend)
    line = alt.Chart(pd.concat(curves)).mark_line(strokeWidth=1.8).encode(x=x, y=y, color=colour)
    dots = alt.Chart(pd.concat(shares)).mark_point(filled=True, size=28, opacity=0.9)
    tip = ["observer:N", "number:Q", alt.Tooltip("share:Q", format=".1%"), "n:Q"]
    at = alt.Chart(pd.DataFrame({"number": [REFERENCE]})).mark_rule(
        strokeDash=[5, 3], color=PHASE_LINE
    )
    drawn = at.encode(x="number:Q") + line + dots.encode(x=x, y=y, color=colour, tooltip=tip)
    return drawn.properties(width=460, height=280)


def perceived(tests: Sequence[Tested]) -> Any:
    """Draw perceived numbers of the first network, and power fits of all (7.5B)."""
    first = tests[0]
    most = int(first.counts.max())
    grid = np.linspace(0.0, most, 61)
    top = max(float(first.perceived.max()), most)
    scale = alt.Scale(domain=[0, top], nice=False)
    x = alt.X("number:Q", title="objects", scale=alt.Scale(domain=[-0.5, most + 0.8], nice=False))
    y = alt.Y("p:Q", title="perceived number", scale=scale)
    people = pd.DataFrame(
        {"number": grid, "low": grid ** KRUEGER[0], "high": grid ** KRUEGER[2]}
    ).clip(upper=top)
    band = alt.Chart(people).mark_area(opacity=0.16, color=PALETTE[2], clip=True)
    same = alt.Chart(pd.DataFrame({"number": [0, most], "p": [0, most]}))
    fits = []
    for tested in tests:
        fit = power_fit(tested.perceived, tested.counts)
        name = f"{tested.settings.name}: {fit.gain:.2f} N^{fit.exponent:.2f}"
        fits.append(pd.DataFrame({"number": grid, "p": fit.gain * grid**fit.exponent, "run": name}))
    line = alt.Chart(pd.concat(fits)).mark_line(color=PALETTE[4], strokeWidth=1.3, clip=True)
    shapes = alt.Chart(_violins(first)).mark_area(orient="horizontal", color=PALETTE[0])
    return (
        band.encode(x=x, y=alt.Y("low:Q", scale=scale, title="perceived number"), y2="high:Q")
        + same.mark_line(color=PHASE_LINE, strokeDash=[5, 3]).encode(x=x, y=y)
        + shapes.encode(x=alt.X("left:Q"), x2="right:Q", y=y, detail="number:N")
        + line.encode(x=x, y=y, detail="run:N", tooltip=["run:N"])
        + _means(first).encode(x=x, y=y)
    ).properties(width=560, height=340)


def _means(tested: Tested) -> Any:
    frame = pd.DataFrame({"number": tested.counts, "p": tested.perceived})
    means = frame.groupby("number", as_index=False)["p"].mean()
    return alt.Chart(means).mark_point(size=14, color=INK, filled=True, opacity=1)


def _violins(tested: Tested) -> pd.DataFrame:
    """Return the density of p per number, as left and right edges of equal greatest width."""
    from scipy.stats import gaussian_kde

    parts = []
    for number in np.unique(tested.counts):
        p = tested.perceived[tested.counts == number]
        if np.ptp(p) < 1e-9:
            continue
        at = np.linspace(p.min(), p.max(), 25)
        density = gaussian_kde(p)(at)
        half = 0.4 * density / density.max()
        parts.append(
            pd.DataFrame({"number": number, "p": at, "left": number - half, "right": number + half})
        )
    return pd.concat(parts)
