"""The state of a recurrent model in two dimensions (thesis Fig. 2.9, 2.10)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from diptych_analysis.tracing.early_warning import final_scores
from diptych_analysis.tracing.models import Tracer
from diptych_analysis.tracing.models.inspection import lstm_states
from diptych_analysis.tracing.sequences import Sequences

F = np.ndarray[Any, np.dtype[np.float64]]
NEIGHBOURS = 15  # UMAP's own default


def plane(points: F) -> F:
    """Project (n, F) -> (n, 2): the two directions of greatest spread (PCA)."""
    from sklearn.decomposition import PCA

    found: F = PCA(2, random_state=0).fit_transform(points)
    return found


def neighbourhoods(points: F) -> tuple[F, str]:
    """Project (n, F) -> (n, 2) by UMAP, as in Fig. 2.9, and name it; by PCA where UMAP fails.

    It does where `umap-learn` is not installed, and where there are no more points than neighbours.
    UMAP keeps who is near whom, not how far: distances between clusters mean nothing in it.
    """
    try:
        from umap import UMAP
    except ImportError:
        return plane(points), "PCA"
    if len(points) <= NEIGHBOURS:
        return plane(points), "PCA"
    # one job, or the seed would not decide
    found = UMAP(n_neighbors=NEIGHBOURS, random_state=0, n_jobs=1).fit_transform(points)
    return np.asarray(found, dtype=np.float64), "UMAP"


def state_points(model: Tracer, sequences: Sequences) -> pd.DataFrame:
    """Return state, session_id, trial, class, correct, p_right, x, y, by per state and trial.

    `by` is what laid the states into the plane: UMAP or PCA.
    """
    hidden, cell = lstm_states(model, sequences)
    p = model.predict_proba(sequences)
    rows, times = np.nonzero(sequences.mask)
    label = sequences.label[rows, times]
    about = pd.DataFrame(
        {
            "session_id": np.asarray(sequences.sessions, dtype=object)[rows],
            "trial": times + 1,
            "class": np.asarray(sequences.classes, dtype=object)[label],
            "correct": sequences.response[rows, times] == label,
            "p_right": p[rows, times, label],
        }
    )
    parts = []
    for name, state in (("hidden state", hidden), ("cell state", cell)):
        at, by = neighbourhoods(state[rows, times])
        parts.append(about.assign(state=name, x=at[:, 0], y=at[:, 1], by=by))
    return pd.concat(parts, ignore_index=True)


_BARE = alt.Axis(labels=False, ticks=False, grid=False, domain=False, title=None)


def states_by_class(points: pd.DataFrame) -> Any:
    """Draw states at trials of each class, coloured by P(right) (Fig. 2.9)."""
    names = sorted(points["class"].unique())
    side = max(110, 780 // min(len(names), 5) - 30)
    rows = []
    for state in ("hidden state", "cell state"):
        part = points[points["state"] == state]
        dots = alt.Chart(part).mark_circle(size=14, opacity=0.65)
        chart = dots.encode(
            x=alt.X("x:Q", axis=_BARE),
            y=alt.Y("y:Q", axis=_BARE),
            color=alt.Color(
                "p_right:Q",
                scale=alt.Scale(scheme="viridis", domain=[0, 1]),
                legend=alt.Legend(title="P(right)", format=".0%"),
            ),
            tooltip=["session_id:N", "trial:Q", alt.Tooltip("p_right:Q", format=".2f")],
        )
        facet = alt.Facet("class:N", title=None, sort=names)
        sized = chart.properties(width=side, height=side).facet(facet=facet, columns=5)
        rows.append(sized.properties(title=f"{state}, {part['by'].iloc[0]}"))
    return alt.vconcat(*rows)


def contrasting(sequences: Sequences) -> list[str]:
    """Find a learner who ended well and one who did not: near the ends, not the very ends."""
    scores = final_scores(sequences)
    order = np.argsort(np.nan_to_num(scores, nan=0.5), kind="stable")
    return [
        sequences.sessions[order[-1 - len(order) // 20]],
        sequences.sessions[order[len(order) // 20]],
    ]


def single_paths(points: pd.DataFrame, sequences: Sequences, sessions: Sequence[str]) -> Any:
    """Draw the responses of single learners, and their way through the states (Fig. 2.10)."""
    columns = []
    for session in sessions:
        part = points[points["session_id"] == session]
        score = final_scores(sequences.rows([sequences.sessions.index(session)]))[0]
        answers = part[part["state"] == "hidden state"].assign(
            answer=lambda d: np.where(d["correct"], "right", "wrong")
        )
        scale = alt.Scale(domain=["right", "wrong"], range=["#0072B2", "#E69F00"])
        strip = (
            alt.Chart(answers)
            .mark_tick(thickness=4, height=18)
            .encode(
                x=alt.X("trial:Q", title="trial", axis=alt.Axis(grid=False)),
                y=alt.Y("answer:N", title=None, sort=["right", "wrong"]),
                color=alt.Color("answer:N", scale=scale, legend=None),
            )
            .properties(width=340, height=50, title=f"{session}: {score:.0%} right in the test")
        )
        ways = [_way(points, part, state) for state in ("hidden state", "cell state")]
        columns.append(alt.vconcat(strip, alt.hconcat(*ways)))
    return alt.hconcat(*columns, spacing=40).resolve_scale(color="shared")


def _way(points: pd.DataFrame, part: pd.DataFrame, state: str) -> Any:
    everyone = alt.Chart(points[points["state"] == state]).mark_circle(size=6, color="#dbe0e5")
    own = part[part["state"] == state].sort_values("trial")
    own = own.assign(x2=own["x"].shift(-1), y2=own["y"].shift(-1))
    x, y = alt.X("x:Q", axis=_BARE), alt.Y("y:Q", axis=_BARE)
    colour = alt.Color(
        "trial:Q", scale=alt.Scale(scheme="redblue", reverse=True), legend=alt.Legend(title="trial")
    )
    line = alt.Chart(own[own["x2"].notna()]).mark_rule(strokeWidth=1.4, opacity=0.7)
    dots = alt.Chart(own).mark_circle(size=42, opacity=1)
    layered = (
        everyone.encode(x=x, y=y)
        + line.encode(x=x, y=y, x2="x2:Q", y2="y2:Q", color=colour)
        + dots.encode(x=x, y=y, color=colour, tooltip=["trial:Q", "class:N", "correct:N"])
    )
    return layered.properties(width=160, height=160, title=f"{state}, {part['by'].iloc[0]}")
