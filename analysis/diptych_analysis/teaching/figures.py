"""The figures of policies on simulated learners, and of the arms of a study."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from diptych_analysis.teaching.loop import MEASURED

if TYPE_CHECKING:
    from diptych_analysis.teaching.arms import Measured
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


def arms_figure(rows: Sequence[Measured], whose: str) -> Any:
    """Draw how the arms of a study learned, and what they knew in the tests.

    Parameters
    ----------
    rows : sequence of Measured
        The comparison.
    whose : str
        Whose answers these are, for the title.

    Returns
    -------
    altair.HConcatChart
        Bars show 95 % bootstrap intervals over learners.
    """
    import altair as alt
    import numpy as np

    from diptych_analysis.teaching.arms import CHANGE

    shares = [row for row in rows if row.measure != CHANGE]
    arms = [*dict.fromkeys(row.arm.replace("_", " ") for row in shares)]
    values = [
        {
            "arm": row.arm.replace("_", " "), "measure": row.measure.replace("training ", ""),
            "training": "training" in row.measure, "right": row.mean,
            "low": row.interval[0], "high": row.interval[1],
        }
        for row in shares
    ]  # fmt: skip
    low, high = (
        np.nanmin([row.interval for row in shares]),
        np.nanmax([row.interval for row in shares]),
    )
    scale = alt.Scale(
        domain=[max(0.0, float(low) - 0.03), min(1.0, float(high) + 0.03)], nice=False
    )
    panels: list[Any] = []
    for training, title in ((True, "Training trials"), (False, "Tests")):
        own = [each for each in values if each["training"] is training]
        if not own:
            continue
        base = alt.Chart().encode(
            x=alt.X("measure:N", title=title, sort=None, axis=alt.Axis(labelAngle=0)),
            xOffset=alt.XOffset("arm:N", sort=arms),
            color=alt.Color("arm:N", title="Condition", sort=arms),
        )
        y_title = "Right answers" if not panels else None
        right = alt.Y("right:Q", title=y_title, scale=scale)
        marks = base.mark_rule().encode(alt.Y("low:Q", scale=scale, title=y_title), y2="high:Q")
        points = base.mark_point(filled=True, size=45, opacity=1).encode(y=right)
        panels.append(
            alt.layer(marks, points, data={"values": own}).properties(width=300, height=220)
        )
    return alt.hconcat(*panels).properties(title=f"{whose}: right answers by condition")
