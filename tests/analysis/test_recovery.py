"""What simulated learners do is found again: learning where there is some, else nothing.

Compared with ties broken: with few different values a model loses average precision by ties alone.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from diptych_analysis.tables import Tables
from diptych_analysis.tracing.evaluation import summary
from diptych_analysis.tracing.runs import make_jobs, run
from diptych_analysis.tracing.sequences import Sequences, sequences_from

SPLITS = 3


def micro(sequences: Sequences, spec: str, phase: str = "test") -> np.ndarray:
    """Micro average precision on each split."""
    settings = {"epochs": 60, "patience": 12, "batch": 32, "rate": 2e-3}
    jobs = make_jobs(sequences, [spec], splits=SPLITS, settings=settings)
    return np.array([fit.scores[phase].micro_untied for fit in run(jobs, sequences)])


@pytest.mark.slow
@pytest.mark.parametrize("spec", ["dkt", "cls_pred_y"])
def test_learning_is_traced(simulated: Callable[..., Tables], spec: str) -> None:
    """Learners differ in what they make of feedback: who was right before will be right again."""
    sequences = sequences_from(simulated(150, "exemplar", training=20, test=10, seed=1))
    truth, static, recurrent = (micro(sequences, name) for name in ("gt", "static", spec))
    spread = max(static.std(ddof=1), recurrent.std(ddof=1)) / np.sqrt(SPLITS)
    assert static.mean() > truth.mean() + 0.02
    assert recurrent.mean() > static.mean() + max(0.02, spread)
    assert (recurrent > static).all()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["guesser", "unchanging"])
def test_no_learning_is_found_where_there_is_none(
    simulated: Callable[..., Tables], kind: str
) -> None:
    sequences = sequences_from(simulated(150, kind, training=20, test=10, seed=2))
    static = micro(sequences, "static")
    for spec in ("dkt", "cls_pred_y"):
        recurrent = micro(sequences, spec)
        assert recurrent.mean() < static.mean() + 0.02, (spec, recurrent, static)


def test_a_summary_is_the_mean_of_the_splits(simulated: Callable[..., Tables]) -> None:
    sequences = sequences_from(simulated(30))
    fits = list(run(make_jobs(sequences, ["static"], splits=SPLITS), sequences))
    found = summary([fit.scores for fit in fits])["test"]["micro"]
    values = [fit.scores["test"].micro for fit in fits]
    assert found == (pytest.approx(np.mean(values)), pytest.approx(np.std(values, ddof=1)))
