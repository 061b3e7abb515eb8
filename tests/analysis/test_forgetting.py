"""Forgetting curves: fitted to answers of a known forgetter, and held to a slow computation."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from diptych.cli import cli
from diptych_analysis.tables.schema import TABLES
from diptych_analysis.tables.write import DatasetWriter
from diptych_analysis.tracing.forgetting import (
    CURVES,
    ForgettingFault,
    fit_forgetting,
    scale_interval,
)

DELAYS = (0.0, 1.0, 3.0, 10.0)


def answers_of(
    curve: str, start: float, scale: float, chance: float, learners: int = 60, each: int = 25
) -> pd.DataFrame:
    """Answers of learners who forget by a curve, at every delay."""
    rng = np.random.default_rng(5)
    rows: list[dict[str, Any]] = []
    for learner in range(learners):
        for days in DELAYS:
            p = chance + (1 - chance) * start * float(CURVES[curve](np.array([days]), scale)[0])
            rows += [
                {"participant_id": f"p{learner}", "days_since_first": days,
                 "correct": bool(rng.random() < p)}
                for _ in range(each)
            ]  # fmt: skip
    return pd.DataFrame(rows)


@given(
    curve=st.sampled_from(sorted(CURVES)),
    scale=st.floats(0.01, 1000),
    days=st.lists(st.floats(0, 1000), min_size=2, max_size=9),
)
def test_a_curve_falls_from_one(curve: str, scale: float, days: list[float]) -> None:
    at = np.array(sorted(days))
    values = CURVES[curve](at, scale)
    assert CURVES[curve](np.zeros(1), scale)[0] == 1
    assert np.all((values >= 0) & (values <= 1))
    assert np.all(np.diff(values) <= 1e-12)


def test_the_curves_at_known_points() -> None:
    ten = np.array([10.0])
    assert CURVES["exponential"](ten, 10)[0] == pytest.approx(1 / math.e)
    assert CURVES["power"](np.array([3.0]), 2)[0] == pytest.approx(0.5)
    assert CURVES["fsrs"](ten, 10)[0] == pytest.approx(0.9)  # what stability means


@pytest.mark.parametrize(
    ("curve", "start", "scale", "chance"),
    [("exponential", 0.9, 4, 1 / 3), ("power", 0.8, 1.5, 0), ("fsrs", 0.85, 0.7, 0.5)],
)
def test_a_known_forgetter_is_recovered(
    curve: str, start: float, scale: float, chance: float
) -> None:
    answers = answers_of(curve, start, scale, chance)
    fits = {name: fit_forgetting(answers, name, chance) for name in CURVES}
    assert fits[curve].start == pytest.approx(start, abs=0.05)
    assert fits[curve].scale == pytest.approx(scale, rel=0.2)
    assert min(fits.values(), key=lambda fit: fit.aic).curve == curve
    low, high = scale_interval(answers, curve, chance, 40, 1)
    assert low < fits[curve].scale < high
    assert low < scale < high


def test_the_likelihood_is_that_of_a_slow_loop_and_its_top() -> None:
    answers, chance = answers_of("exponential", 0.7, 2, 0.25, learners=6, each=5), 0.25
    fit = fit_forgetting(answers, "exponential", chance)

    def slow(start: float, scale: float) -> float:
        total = 0.0
        for row in answers.itertuples():
            p = chance + (1 - chance) * start * math.exp(-row.days_since_first / scale)
            total += math.log(p if row.correct else 1 - p)
        return total

    assert fit.log_likelihood == pytest.approx(slow(fit.start, fit.scale))
    assert fit.aic == pytest.approx(4 - 2 * fit.log_likelihood)
    assert (fit.answers, fit.learners) == (120, 6)
    for start in np.linspace(0.05, 0.95, 19):
        for scale in np.geomspace(0.1, 50, 19):
            assert slow(start, scale) <= fit.log_likelihood + 1e-6
    at = fit.right_after(np.array([0.0, 1e9]), chance)
    assert at[0] == pytest.approx(chance + (1 - chance) * fit.start)
    assert at[1] == pytest.approx(chance)


def test_what_says_nothing_of_forgetting_is_told() -> None:
    same_day = answers_of("power", 0.8, 1, 0).query("days_since_first == 0")
    with pytest.raises(ForgettingFault, match="tests on several days"):
        fit_forgetting(same_day, "power", 0)
    # Simulated participants take all parts at once: milliseconds are no delays.
    at_once = answers_of("power", 0.8, 1, 0).eval("days_since_first = days_since_first * 1e-5")
    with pytest.raises(ForgettingFault, match="less than an hour"):
        fit_forgetting(at_once, "power", 0)
    assert np.isnan(scale_interval(at_once, "power", 0, 3, 0)).all()
    with pytest.raises(ForgettingFault, match="chance is 1"):
        fit_forgetting(same_day, "power", 1)


def write_tables(folder: Path, answers: pd.DataFrame) -> None:
    """A data set of these answers: one session per learner and delay."""
    ids = [f"{row.participant_id}-{row.days_since_first:g}" for row in answers.itertuples()]
    told = answers.assign(
        session_id=ids, participant_kind="simulated", study="days", condition="one", phase="test",
        task="category_learning", label="A", status="completed",
        part=answers["days_since_first"].map(DELAYS.index) + 1,
    )  # fmt: skip
    told["trial_index"] = told.groupby("session_id").cumcount()
    told.loc[told["trial_index"] % 2 == 1, "label"] = "B"

    def rows(table: pd.DataFrame, name: Any) -> Iterator[dict[str, Any]]:
        known = [column.name for column in TABLES[name] if column.name in table.columns]
        yield from table[known].to_dict("records")  # type: ignore[misc]

    with DatasetWriter(
        folder, ["csv"], name="days", description="Tests.", extras={}, excel=False
    ) as writer:
        writer.write("sessions", rows(told.drop_duplicates("session_id"), "sessions"))
        writer.write("trials", rows(told, "trials"))


def test_the_command_fits_every_condition(tmp_path: Path) -> None:
    write_tables(tmp_path / "out", answers_of("exponential", 0.9, 3, 0.5, learners=20))
    to = tmp_path / "fits.json"
    done = CliRunner().invoke(
        cli, ["forgetting", str(tmp_path / "out"), "--resamples", "5", "--json", str(to)]
    )
    assert done.exit_code == 0, done.output
    assert "chance is 0.5" in done.output
    found = json.loads(to.read_text())
    assert [fit["curve"] for fit in found["fits"]] == list(CURVES)
    assert found["fits"][0]["scale"] == pytest.approx(3, rel=0.3)
    assert found["kinds"] == ["simulated"]
    nobody = CliRunner().invoke(cli, ["forgetting", str(tmp_path / "out"), "--kind", "person"])
    assert nobody.exit_code == 1
    assert "no test answers" in nobody.output
