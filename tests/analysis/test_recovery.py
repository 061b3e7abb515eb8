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


def scores(
    sequences: Sequences, spec: str, phase: str, measure: str = "micro_untied"
) -> np.ndarray:
    """A measure on each split."""
    settings = {"epochs": 80, "patience": 12}
    jobs = make_jobs(sequences, [spec], splits=SPLITS, settings=settings)
    return np.array([getattr(fit.scores[phase], measure) for fit in run(jobs, sequences)])


@pytest.mark.slow
@pytest.mark.parametrize("spec", ["dkt", pytest.param("cls_pred_y", marks=pytest.mark.exhaustive)])
def test_learning_is_traced(simulated: Callable[..., Tables], spec: str) -> None:
    """The host's simulated learners begin as guessers and end as different as people do."""
    sequences = sequences_from(simulated(150, "host", training=20, test=10, seed=1))
    truth, static, recurrent = (
        scores(sequences, name, "training") for name in ("gt", "static", spec)
    )
    spread = max(np.std(x - static, ddof=1) for x in (truth, recurrent))
    assert recurrent.mean() > static.mean() + max(0.05, 2 * spread)
    assert (static > truth).all()
    # the thesis's measure, which takes ties as one step, says the same
    pair = [scores(sequences, name, "training", "micro") for name in ("gt", "static")]
    assert pair[1].mean() > pair[0].mean() + 0.02


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["guesser", "unchanging"])
@pytest.mark.exhaustive
def test_no_learning_is_found_where_there_is_none(
    simulated: Callable[..., Tables], kind: str
) -> None:
    sequences = sequences_from(simulated(150, kind, training=20, test=10, seed=2))
    static = scores(sequences, "static", "test")
    for spec in ("dkt", "cls_pred_y"):
        recurrent = scores(sequences, spec, "test")
        assert recurrent.mean() < static.mean() + 0.02, (spec, recurrent, static)


def test_a_summary_is_the_mean_of_the_splits(simulated: Callable[..., Tables]) -> None:
    sequences = sequences_from(simulated(30))
    fits = list(run(make_jobs(sequences, ["static"], splits=SPLITS), sequences))
    found = summary([fit.scores for fit in fits])["test"]["micro"]
    values = [fit.scores["test"].micro for fit in fits]
    assert found == (pytest.approx(np.mean(values)), pytest.approx(np.std(values, ddof=1)))
