"""Weights, functions and right answers of known observers, and an independent computation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diptych_analysis.psychometric.side_by_side import (
    PENALTY,
    Comparisons,
    congruence,
    covariate_weights,
    measured,
    side_by_side,
)

NAMES = ("number", "area", "hull")


def known_observer(
    weights: tuple[float, ...], n: int, seed: int, *, sessions: int = 1, name: str = "one"
) -> Comparisons:
    """An observer with logistic noise, and known weights of three log ratios."""
    rng = np.random.default_rng(seed)
    tests = rng.choice([8.0, 11, 13, 15, 18, 20, 24, 32], n)
    ratios = np.column_stack([np.log(tests / 16), rng.uniform(-0.5, 0.5, (n, 2))])
    chosen = rng.random(n) < 1 / (1 + np.exp(-ratios @ np.array(weights)))
    return Comparisons(name, (np.arange(n) % sessions).astype(object), tests, ratios, chosen)


def slow_weights(ratios: np.ndarray, chosen: np.ndarray) -> list[float]:
    """The same penalised likelihood, climbed one coordinate at a time with plain loops."""
    k = ratios.shape[1]
    b = [0.0] * (k + 1)
    rows = [[1.0, *map(float, row)] for row in ratios]
    for _ in range(400):
        for i in range(k + 1):
            slope, curvature = (0.0, 0.0) if i == 0 else (-b[i] / PENALTY, -1 / PENALTY)
            for row, yes in zip(rows, chosen, strict=True):
                odds = sum(weight * x for weight, x in zip(b, row, strict=True))
                p = 1 / (1 + math.exp(-odds))
                slope += (float(yes) - p) * row[i]
                curvature -= p * (1 - p) * row[i] ** 2
            b[i] -= slope / curvature
    return b[1:]


@pytest.mark.parametrize("seed", [1, 2])
def test_weights_are_those_of_a_slow_computation(seed: int) -> None:
    one = known_observer((5.0, -1.0, 2.0), 60, seed)
    expected = slow_weights(one.ratios, one.chosen)
    assert covariate_weights(one.ratios, one.chosen) == pytest.approx(expected, abs=1e-3)


@settings(max_examples=10, deadline=None)
@given(st.tuples(st.floats(3, 8), st.floats(-3, 3), st.floats(-3, 3)), st.integers(0, 10**6))
def test_known_weights_are_recovered(weights: tuple[float, float, float], seed: int) -> None:
    one = known_observer(weights, 20_000, seed)
    # The standard error of a weight is about 0.12.
    assert covariate_weights(one.ratios, one.chosen) == pytest.approx(weights, abs=0.7)


def test_repeated_answers_weigh_as_often_as_they_are_counted() -> None:
    one = known_observer((4.0, 1.0, 0.0), 80, 3)
    n = np.arange(80) % 3 + 1.0
    times = n.astype(int)
    counted = covariate_weights(one.ratios, one.chosen, n)
    repeated = covariate_weights(one.ratios.repeat(times, 0), one.chosen.repeat(times))
    assert counted == pytest.approx(repeated, rel=1e-4)


def test_an_observer_of_one_covariate_has_its_weight_and_is_wrong_against_it() -> None:
    one = known_observer((1.0, 0.0, 0.0), 2000, 4)
    area = Comparisons("area", one.session, one.level, one.ratios, one.ratios[:, 1] > 0)
    found = measured(area, NAMES)
    assert found["weight area"] > 0.99
    assert (found["right congruent"], found["right incongruent"]) == (1, 0)
    assert found["right mixed"] == pytest.approx(0.5, abs=0.1)
    assert math.isnan(found["weber"]) and math.isnan(found["pse"])


def test_congruence_is_what_the_signs_say() -> None:
    ratios = np.array([[1, 1, 1], [-1, -2, -1], [1, -1, -1], [-1, 1, 2], [1, 1, -1], [0, 1, 1]])
    assert congruence(ratios.astype(float)).tolist() == [
        *("congruent", "congruent", "incongruent", "incongruent", "mixed", ""),
    ]  # fmt: skip
    assert congruence(np.array([[1.0]])).tolist() == [""]


@pytest.mark.slow
def test_intervals_hold_the_known_values_and_all_alike_is_not_a_number() -> None:
    some = known_observer((6.0, 0.0, 2.0), 4000, 5, sessions=20)
    alike = Comparisons("left", *(getattr(some, each)[:50] for each in ("session", "level",
                        "ratios")), np.ones(50, dtype=bool))  # fmt: skip
    found = side_by_side([some, alike], NAMES, resamples=100).set_index(["observer", "quantity"])
    length = math.hypot(6, 2)
    known = {"sensitivity": length, "weight number": 6 / length, "weight hull": 2 / length}
    for quantity, value in known.items():
        row = found.loc[("one", quantity)]
        spread = row["high"] - row["low"]
        assert row["low"] < row["value"] < row["high"]
        assert abs(row["value"] - value) < spread
    assert found.loc[("one", "pse"), "sessions"] == 20
    assert found.loc[("left", "weight number")][["value", "low", "high"]].isna().all()
