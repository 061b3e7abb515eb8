"""What the report computes, beside slow computations, and on simulated answers that are known."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diptych_analysis.report import performance


def answers(right: list[list[int]], confidence: list[list[int]] | None = None) -> pd.DataFrame:
    """Sessions x items: 1 where right. Labels alternate; a wrong answer is the other label."""
    rows = []
    for session, values in enumerate(right):
        for item, value in enumerate(values):
            label = "ab"[item % 2]
            rows.append({
                "session_id": f"s{session}", "item_id": f"i{item}", "label": label,
                "response": label if value else "ab"[(item + 1) % 2], "correct": bool(value),
                "confidence": float(confidence[session][item]) if confidence else np.nan,
                "phase": "test", "trial_index": item,
            })  # fmt: skip
    return pd.DataFrame(rows)


grids = st.integers(2, 6).flatmap(
    lambda n: st.lists(st.lists(st.integers(0, 1), min_size=n, max_size=n), min_size=1, max_size=6)
)


@given(grid=grids)
def test_items_and_confusions_are_counted(grid: list[list[int]]) -> None:
    trials = answers(grid)
    hardest = performance.hardest_items(trials, fewest=1)
    for row in hardest.itertuples():
        column = [values[int(row.item_id[1:])] for values in grid]
        assert (row.right, row.n) == (
            sum(column),
            len(grid),
        ) and row.low <= row.accuracy <= row.high
        assert {row.instead, row.label} == {"a", "b"}
    assert list(hardest["accuracy"]) == sorted(hardest["accuracy"])
    wrong = sum(1 - value for values in grid for value in values)
    assert performance.confused_pairs(trials)["n"].sum() == wrong


@given(grid=grids)
def test_sensitivity_is_that_of_the_corrected_rates(grid: list[list[int]]) -> None:
    found = performance.sensitivity_by_session(answers(grid), "identify")
    z = NormalDist().inv_cdf
    for row in found.itertuples():
        values = grid[int(row.session_id[1:])]
        hits, misses = sum(values[::2]), len(values[1::2]) - sum(values[1::2])
        h = (hits + 0.5) / (len(values[::2]) + 1)
        f = (misses + 0.5) / (len(values[1::2]) + 1)
        assert row.d_prime == pytest.approx(z(h) - z(f)) and row.signal == "a"
        assert row.criterion == pytest.approx(-(z(h) + z(f)) / 2)
    assert len(found) == len(grid)
    twin = performance.sensitivity_by_session(answers(grid), "two_afc")
    assert np.allclose(twin["d_prime"] * np.sqrt(2), found["d_prime"])


@given(data=st.data())
def test_confidence_is_compared_pair_by_pair(data: st.DataObject) -> None:
    n = data.draw(st.integers(2, 12))
    right = data.draw(st.lists(st.integers(0, 1), min_size=n, max_size=n))
    sure = data.draw(st.lists(st.integers(1, 3), min_size=n, max_size=n))
    pairs = [
        (sure[i] > sure[j]) + 0.5 * (sure[i] == sure[j])
        for i in range(n) for j in range(n) if right[i] and not right[j]
    ]  # fmt: skip
    found = performance.confidence_auc(answers([right], [sure]))
    assert found == (pytest.approx(np.mean(pairs)) if pairs else None)


def test_reliability_is_that_of_the_simulated_abilities() -> None:
    """The variance of true shares over that of observed ones (Lord and Novick 1968, ch. 3)."""
    rng = np.random.default_rng(5)
    ability = rng.beta(4, 2, 200)
    n = 24
    trials = answers((rng.random((200, n)) < ability[:, None]).astype(int).tolist())
    found = performance.split_half(trials, "session_id")
    noise = float((ability * (1 - ability)).mean()) / n
    assert found is not None and found.n == 200
    assert found.full == pytest.approx(ability.var() / (ability.var() + noise), abs=0.15)
    assert found.low <= found.full <= found.high
    guesses = answers((rng.random((200, n)) < 0.5).astype(int).tolist())
    nothing = performance.split_half(guesses, "session_id")
    assert nothing is not None and abs(nothing.half) < 6 / np.sqrt(200)


def test_an_item_whose_answer_moves_has_no_confusion() -> None:
    trials = pd.concat([answers([[0, 1]]), answers([[0, 1]]).replace({"a": "b", "b": "a"})])
    hardest = performance.hardest_items(trials, fewest=1)
    assert list(hardest["label"]) == [""] and list(hardest["instead"]) == [""]


def test_halves_that_oppose_each_other_have_no_reliability() -> None:
    opposed = answers([[1, 0], [0, 1]] * 6)
    found = performance.split_half(opposed, "session_id")
    assert found is not None and found.half < -0.5 and found.full == found.low == 0


def test_what_cannot_be_computed_is_none() -> None:
    assert performance.split_half(answers([[1, 1], [0, 1]]), "session_id") is None
    assert performance.split_half(answers([[1, 1]] * 12), "session_id") is None
    assert performance.confidence_auc(answers([[1, 1]])) is None
    assert performance.chance(answers([[1, 0]])) == 0.5
    assert performance.chance(answers([[1]])) is None
    spread = performance.over_sessions([0.25, np.nan, 0.75])
    assert spread.mean == 0.5 and spread.n == 2 and spread.low <= 0.5 <= spread.high
