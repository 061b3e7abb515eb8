"""What models that had not seen a learner expected of it, beside what it did."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from diptych_analysis.tables import PHASES, Tables
from diptych_analysis.tracing.jobs import predictions_frame
from diptych_analysis.tracing.runs import make_jobs, results_of, run
from diptych_analysis.tracing.sequences import Sequences, sequences_from


@pytest.fixture(scope="module")
def sequences(simulated: Callable[..., Tables]) -> Sequences:
    return sequences_from(simulated(18, training=8, test=4, unequal=True))


def test_learning_is_the_mean_over_held_out_sessions(sequences: Sequences) -> None:
    """Against a slow way: a row an answer, means over splits and then over sessions."""
    jobs = make_jobs(sequences, ["gt", "static"], splits=3, settings={"epochs": 2})
    fits = list(run(jobs, sequences))
    found = results_of(fits, sequences, ["gt", "static"], {}, jobs)
    phase_of = {
        (session, time): PHASES[sequences.phase[row, time]]
        for row, session in enumerate(sequences.sessions)
        for time in range(sequences.shape[1])
    }
    for spec in ("gt", "static"):
        parts = []
        for fit in fits:
            if fit.spec == spec:
                split = next(j.split for j in jobs if (j.spec, j.number) == (spec, fit.number))
                parts.append(predictions_frame(fit.probabilities, sequences.rows(split.test)))
        rows = pd.concat(parts)
        rows = rows[rows["response"] != ""]
        rows["p"] = [row[f"p:{row['label']}"] for _, row in rows.iterrows()]
        rows["right"] = rows["label"] == rows["response"]
        each = rows.groupby(["session_id", "trial", "label"], as_index=False)
        sessions = each.agg(p=("p", "mean"), right=("right", "first"))
        phases = [
            phase_of[session, trial]
            for session, trial in zip(sessions["session_id"], sessions["trial"], strict=True)
        ]
        sessions = sessions.assign(phase=phases)
        expected = {}
        for name, by in ((None, ["phase", "trial"]), ("label", ["phase", "trial", "label"])):
            for key, part in sessions.groupby(by):
                label = key[2] if name else None
                expected[key[0], int(key[1]) + 1, label] = (
                    len(part),
                    int(part["right"].sum()),
                    pytest.approx(part["p"].mean(), abs=1e-5),
                )
        curve = found["models"][spec]["learning"]
        assert {
            (row["phase"], row["trial"], row["class"]): (row["n"], row["right"], row["predicted"])
            for row in curve
        } == expected
        assert len(curve) == len(expected)


def test_without_jobs_there_is_no_curve(sequences: Sequences) -> None:
    jobs = make_jobs(sequences, ["gt"], splits=1, settings={"epochs": 1})
    fits = list(run(jobs, sequences))
    assert "learning" not in results_of(fits, sequences, ["gt"], {})["models"]["gt"]
