"""Correlation, noise ceilings, calibration and group tests against slow, obvious versions."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import binom, mannwhitneyu, pearsonr, spearmanr

from diptych_analysis.agreement.calibration import calibrated_scores, calibration_units
from diptych_analysis.agreement.correlation import correlate, rows_correlation
from diptych_analysis.agreement.faults import AgreementFault
from diptych_analysis.agreement.groups import compare_groups, holm
from diptych_analysis.agreement.noise import (
    answers_needed,
    expected_ceiling,
    noise_ceiling,
    planning,
    reliability_ceiling,
    simulated_his,
    true_variance,
    without_noise,
)

few = st.integers(0, 8).map(lambda k: k / 8)  # ties are common
scores = arrays(np.float64, st.integers(3, 12), elements=few)
paired = st.integers(3, 12).flatmap(
    lambda u: st.tuples(arrays(np.float64, u, elements=few), arrays(np.float64, u, elements=few))
)


def differing(*values: np.ndarray) -> None:
    assume(all(np.ptp(v) > 0 for v in values))


@given(paired)
def test_coefficients_are_scipys(both: tuple[np.ndarray, np.ndarray]) -> None:
    x, y = both
    differing(x, y)
    assert rows_correlation(x, y) == pytest.approx(pearsonr(x, y).statistic, abs=1e-12)
    ranks = rows_correlation(x, y, "spearman")
    assert ranks == pytest.approx(spearmanr(x, y).statistic, abs=1e-12)


def test_pairs_of_numbers_correlate_fully_or_not_at_all() -> None:
    x, y = [[0, 1], [0, 1], [0, 1]], [[0, 2], [2, 0], [1, 1]]  # the first: both spreads make 1
    for method in ("pearson", "spearman"):
        assert rows_correlation(x, y, method) == pytest.approx([1, -1, np.nan], nan_ok=True)
    assert np.isnan(rows_correlation([0, 1e-200], [0, 1])), "too small to be squared"


@given(paired, st.floats(0.1, 9), st.floats(-3, 3))
def test_scale_and_place_of_a_score_do_not_matter(
    both: tuple[np.ndarray, np.ndarray], factor: float, shift: float
) -> None:
    x, y = both
    differing(x, y)
    first = correlate(x, y, resamples=50)
    assert correlate(y, x, resamples=50).pearson.value == pytest.approx(first.pearson.value)
    moved = correlate(factor * x + shift, y, resamples=50)
    assert moved.pearson.value == pytest.approx(first.pearson.value, abs=1e-9)
    turned = correlate(-x, y, resamples=50)
    assert turned.pearson.value == pytest.approx(-first.pearson.value)
    assert turned.pearson.low == pytest.approx(-first.pearson.high)


def test_the_interval_is_the_plain_bootstraps() -> None:
    rng = np.random.default_rng(3)
    x = rng.random(20)
    y = x + rng.normal(0, 0.3, 20)
    found = correlate(x, y, resamples=400, seed=7)
    draws = np.random.default_rng(7)
    chosen = draws.integers(20, size=(400, 20))
    for method, one in (("pearson", found.pearson), ("spearman", found.spearman)):
        slow = pearsonr if method == "pearson" else spearmanr
        values = [slow(x[rows], y[rows]).statistic for rows in chosen]
        assert [one.low, one.high] == pytest.approx(list(np.quantile(values, [0.025, 0.975])))
        assert one.used == 400


def test_resamples_without_a_coefficient_are_left_out_and_told() -> None:
    found = correlate([0.1, 0.1, 0.9], [0.2, 0.4, 0.8], resamples=600)
    # a third draw of the single unit is needed to differ: (2/3)^3 + (1/3)^3 of the draws do not
    assert found.pearson.used / 600 == pytest.approx(1 - 9 / 27, abs=0.07)


@pytest.mark.parametrize(
    ("x", "y", "told"),
    [
        ([0.1, 0.2], [0.1, 0.2], "2 units with both scores; a correlation needs at least 3"),
        ([0.5, 0.5, 0.5], [0.1, 0.2, 0.3], "MIS is 0.5 for every one of 3 units"),
        ([0.1, 0.2, 0.3], [0.1, np.nan, 0.3], "HIS of unit number 1 is nan"),
        ([0.1, 0.2, 0.3], [0.1, 0.2], "scores of the same units are needed"),
    ],
)
def test_what_has_no_correlation_is_refused(x: list[float], y: list[float], told: str) -> None:
    with pytest.raises(AgreementFault, match=told):
        correlate(x, y)


@pytest.mark.parametrize(
    ("his", "score", "told"),
    [
        ([0.5, 0.5, 0.5], None, "^HIS is 0.5 for every one of 3 units"),
        ([0.5, 0.5, 0.5], [0.1, 0.2, 0.3], "^HIS is 0.5 for every one of 3 units"),
        ([0.5, 0.6, 0.7], [0.1, 0.1, 0.1], "^score is 0.1 for every one of 3 units"),
        ([0.5, 0.6, 0.7], [0.1, np.inf, 0.1], "^score of unit number 1 is inf"),
    ],
)
def test_a_ceiling_says_which_numbers_it_can_not_use(
    his: list[float], score: list[float] | None, told: str
) -> None:
    with pytest.raises(AgreementFault, match=told):
        noise_ceiling(his, 10, score)


@pytest.mark.parametrize("wanted", [-0.5, 0, 1, 1.5, np.nan])
def test_a_ceiling_to_reach_lies_between_0_and_1(wanted: float) -> None:
    with pytest.raises(AgreementFault, match="allowed is more than 0 and less than 1"):
        answers_needed([0.2, 0.5, 0.9], wanted)


def test_the_ceiling_is_the_simulation_of_appendix_c() -> None:
    his, n = np.linspace(0.4, 1.0, 30), 20
    mis = his + np.random.default_rng(2).normal(0, 0.05, 30)
    rng, slow = np.random.default_rng(11), []
    for _ in range(400):
        simulated = [np.mean(rng.random(n) < p) for p in his]  # single answers, one by one
        slow.append(pearsonr(mis, simulated).statistic)
    found = noise_ceiling(his, n, mis, draws=2000)
    assert found.used == 2000
    error = np.hypot(np.std(slow) / np.sqrt(400), found.sd / np.sqrt(2000))
    assert abs(found.mean - np.mean(slow)) < 4.5 * error
    assert found.sd == pytest.approx(np.std(slow), rel=0.2)


def test_simulated_answers_have_the_binomials_moments() -> None:
    p, n = np.array([0.0, 0.3, 0.8, 1.0]), np.array([5, 7, 40, 3])
    found = simulated_his(p, n, 20_000, np.random.default_rng(0))
    assert found.shape == (20_000, 4) and set(found[:, 0]) == {0.0} and set(found[:, 3]) == {1.0}
    assert found.mean(axis=0) == pytest.approx(p, abs=0.006)
    assert found.var(axis=0) == pytest.approx(p * (1 - p) / n, rel=0.05, abs=1e-12)


@pytest.mark.parametrize("n", [2, 10, 30, 200])
@pytest.mark.parametrize("low", [0.0, 0.5, 0.8])
def test_the_simulation_agrees_with_the_closed_form(n: int, low: float) -> None:
    p = np.linspace(low, 1.0, 400)
    found = noise_ceiling(p, n, draws=300)
    # the closed form is a ratio of expectations: right up to terms of order 1/units
    error = 4.5 * found.sd / np.sqrt(300) + 2 / len(p)
    assert abs(found.mean - expected_ceiling(p, n)) < error


def test_the_closed_form_is_exact_in_covariance_and_variance() -> None:
    p, n = np.array([0.2, 0.5, 0.9]), 2
    grids = np.meshgrid(*(np.arange(n + 1) for _ in p), indexing="ij")
    counts = np.stack([grid.ravel() for grid in grids], axis=1)  # every possible experiment
    weight = np.prod(binom.pmf(counts, n, p), axis=1)
    his = counts / n
    covariance = weight @ (((his - his.mean(1, keepdims=True)) * (p - p.mean())).sum(1) / 2)
    variance = weight @ his.var(axis=1, ddof=1)
    ceiling = covariance / np.sqrt(variance * p.var(ddof=1))
    assert expected_ceiling(p, n) == pytest.approx(ceiling)


@given(scores, st.floats(0.05, 0.99))
def test_so_many_answers_are_needed_and_no_fewer(p: np.ndarray, wanted: float) -> None:
    differing(p)
    needed = answers_needed(p, wanted)
    assert expected_ceiling(p, needed) >= wanted - 1e-9
    if needed > 1:
        assert expected_ceiling(p, needed - 1) < wanted


@given(scores, st.integers(1, 40))
def test_more_answers_raise_the_ceiling(p: np.ndarray, n: int) -> None:
    assert 0 <= expected_ceiling(p, n) <= expected_ceiling(p, n + 1) <= 1


def test_what_noise_adds_to_the_spread_is_taken_out_without_bias() -> None:
    rng = np.random.default_rng(5)
    p, n = np.linspace(0.5, 1.0, 25), 6
    found = [true_variance(rng.binomial(n, p) / n, n) for _ in range(4000)]
    assert np.mean(found) == pytest.approx(p.var(ddof=1), rel=0.03)


@given(scores, st.integers(2, 30))
def test_reliability_is_a_share_and_shrinks_the_spread(his: np.ndarray, n: int) -> None:
    ceiling = reliability_ceiling(his, n)
    assert 0 <= ceiling <= 1
    drawn = without_noise(his, n)
    assert drawn.mean() == pytest.approx(his.mean())
    assert drawn.var(ddof=1) == pytest.approx(true_variance(his, n), abs=1e-12)


def test_planning_tells_both_ceilings() -> None:
    p = np.linspace(0.5, 1, 60)
    table = planning(p, [1, 10, 100]).set_index("n")
    for n in (1, 10, 100):
        assert table.loc[n, "expected"] == pytest.approx(expected_ceiling(p, n))
        assert table.loc[n, "low"] <= table.loc[n, "mean"] <= table.loc[n, "high"]


@pytest.mark.parametrize(
    ("his", "n", "told"),
    [
        ([0.1, 1.2, 0.5], 3, "HIS is a proportion"),
        ([0.1, 0.2, 0.5], 0, "a whole number of at least 1"),
        ([0.1, 0.2, 0.5], [3, 4], "one number, or one of each of the 3 units"),
        ([0.5, 0.5, 0.5], 3, "HIS is 0.5 for every one of 3 units"),
    ],
)
def test_impossible_experiments_are_refused(his: list[float], n: object, told: str) -> None:
    with pytest.raises(AgreementFault, match=told):
        noise_ceiling(his, n)  # type: ignore[arg-type]


def test_no_number_of_answers_tells_equal_units_apart() -> None:
    with pytest.raises(AgreementFault, match="do not differ"):
        answers_needed([0.7, 0.7, 0.7], 0.9)
    with pytest.raises(AgreementFault, match="more than 0 and less than 1"):
        answers_needed([0.6, 0.7, 0.8], 1.0)
    with pytest.raises(AgreementFault, match="one answer per unit"):
        reliability_ceiling([0.0, 1.0, 1.0], 1)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holm_steps_down(p: list[float]) -> None:
    slow, running = {}, 0.0
    for place, index in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        running = max(running, (len(p) - place) * p[index])
        slow[index] = min(1.0, running)
    assert list(holm(p)) == pytest.approx([slow[i] for i in range(len(p))])


def units_in_groups(seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    parts = []
    for name, mean in (("easiest", 0.9), ("random", 0.75), ("hardest", 0.55)):
        right = rng.binomial(20, mean, 8)
        parts.append(pd.DataFrame({"group": name, "right": right, "n": 20, "his": right / 20}))
    return pd.concat(parts, ignore_index=True)


def test_groups_are_tested_pair_by_pair() -> None:
    units = units_in_groups()
    found = compare_groups(units)
    values = {name: list(part["his"]) for name, part in units.groupby("group")}
    assert list(found.table["group"]) == ["hardest", "random", "easiest"]
    assert len(found.tests) == 3
    for test in found.tests.to_dict("records"):
        a, b = values[str(test["first"])], values[str(test["second"])]
        wins = sum((y > x) + 0.5 * (y == x) for x in a for y in b)
        assert test["u"] == wins and test["better"] == wins / (len(a) * len(b))
        assert test["p"] == pytest.approx(mannwhitneyu(a, b).pvalue)
        assert test["difference"] == pytest.approx(np.mean(b) - np.mean(a))
    for row in found.table.to_dict("records"):
        his = np.array(values[str(row["group"])])
        assert row["mean"] == pytest.approx(his.mean())
        half = 1.96 * his.std(ddof=1) / np.sqrt(len(his))
        assert row["high"] == pytest.approx(min(1.0, his.mean() + half), abs=1e-4)


def test_groups_of_equal_units_do_not_differ() -> None:
    units = units_in_groups().assign(right=10, his=0.5)
    assert list(compare_groups(units).tests["p_holm"]) == [1.0, 1.0, 1.0]
    with pytest.raises(AgreementFault, match="1 group of units"):
        compare_groups(units[units["group"] == "random"])


@given(st.integers(3, 200), st.integers(0, 9))
def test_a_twentieth_of_the_units_is_calibrated_on(units: int, seed: int) -> None:
    chosen = calibration_units(units, seed=seed)
    assert chosen.sum() == max(1, round(0.05 * units)) and len(chosen) == units
    assert (chosen == calibration_units(units, seed=seed)).all()


def test_calibration_finds_the_temperature_back() -> None:
    rng = np.random.default_rng(1)
    margin = rng.normal(0.08, 0.1, (40, 5))
    names = [f"a:{u}" for u in range(40)]
    his = (1 / (1 + np.exp(-margin / 0.05))).mean(axis=1)
    units = pd.DataFrame({"unit": names, "his": his, "n": 30})
    tasks = pd.DataFrame({"unit": np.repeat(names, 5), "margin": margin.ravel()})
    # tasks of other units and another order of the units change nothing
    tasks = pd.concat([tasks.assign(unit="b" + tasks["unit"]), tasks]).iloc[::-1]
    found = calibrated_scores(units, tasks, share=0.2)
    assert found.value == pytest.approx(0.05, rel=1e-3) and found.fitted_on.sum() == 8
    assert found.mis == pytest.approx(his, abs=1e-4)
    with pytest.raises(AgreementFault, match="unit 'a:3': no tasks to calibrate on"):
        calibrated_scores(units, tasks[tasks["unit"] != "a:3"])
    with pytest.raises(AgreementFault, match="same number of tasks; found 4 to 5"):
        calibrated_scores(units, tasks.iloc[1:])


def test_every_pair_of_many_groups_is_there() -> None:
    units = units_in_groups().assign(group=np.repeat(["d", "c", "b", "a"], 6))
    pairs = list(zip(*(compare_groups(units).tests[c] for c in ("first", "second")), strict=True))
    assert pairs == list(combinations("abcd", 2))
