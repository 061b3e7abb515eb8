"""The figure of policies on simulated learners."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from diptych_analysis.teaching.loop import MEASURED

if TYPE_CHECKING:
    from diptych_analysis.teaching.experiment import Row

WIDTH, HEIGHT = 190, 130


def policies_figure(rows: Sequence[Row]) -> Any:
    """Draw mean P(true) against trials, one panel per learner and tracer.

    Parameters
    ----------
    rows : sequence of Row
        The table. Policies without a tracer appear in every panel of their learner.

    Returns
    -------
    altair.Chart
        Bars show one standard error each way.
    """
    import altair as alt

    tracers = [*dict.fromkeys(row.tracer for row in rows if row.tracer != "none")] or ["none"]
    values = [
        {
            "learner": f"{row.learner} learner",
            "tracer": f"{tracer} tracer",
            "policy": row.policy.replace("_", " "),
            "trials": trials,
            "right": mean,
            "low": mean - error,
            "high": mean + error,
        }
        for row in rows
        for tracer in (tracers if row.tracer == "none" else [row.tracer])
        for trials, mean, error in zip(MEASURED, row.mean, row.standard_error, strict=True)
    ]
    order = [*dict.fromkeys(row.policy.replace("_", " ") for row in rows)]
    base = alt.Chart().encode(
        x=alt.X("trials:Q", title="Trials", axis=alt.Axis(values=list(MEASURED))),
        color=alt.Color("policy:N", title="Policy", sort=order),
    )
    right = alt.Y("right:Q", title="P(true), unseen images", scale=alt.Scale(zero=False))
    lines = base.mark_line(point=True).encode(y=right)
    bars = base.mark_rule().encode(y="low:Q", y2="high:Q")
    return (
        alt.layer(bars, lines, data={"values": values})
        .properties(width=WIDTH, height=HEIGHT)
        .facet(
            row=alt.Row("learner:N", title=None, sort=None),
            column=alt.Column("tracer:N", title=None, sort=None),
        )
        .properties(title="Simulated learners: P(true) on unseen images")
    )
