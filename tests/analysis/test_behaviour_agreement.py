"""Kappa, agreement per stimulus and contrastive stimuli against slow, obvious versions."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from statsmodels.stats.inter_rater import fleiss_kappa
from support.responses import fleiss_slowly, pair_agreement_slowly, responses_of

from diptych_analysis.behaviour.accuracy_bins import agreement_by_group, quantile_bins
from diptych_analysis.behaviour.contrastive import (
    contrastive,
    default_k,
    diagnostic,
    lowest,
    matched_controls,
)
from diptych_analysis.behaviour.faults import BehaviourFault
from diptych_analysis.behaviour.fleiss import (
    agreement,
    agreement_of_counts,
    least_agreement,
    pair_agreement,
)
from diptych_analysis.behaviour.resampling import bootstrap
from diptych_analysis.behaviour.responses import Codes

#: The usual worked example: 10 subjects, 5 categories, 14 raters.
WORKED = np.array(
    [
        [0, 0, 0, 0, 14],
        [0, 2, 6, 4, 2],
        [0, 0, 3, 5, 6],
        [0, 3, 9, 2, 0],
        [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0],
        [3, 2, 6, 3, 0],
        [2, 5, 3, 2, 2],
        [6, 5, 2, 1, 0],
        [0, 2, 2, 3, 7],
    ]
)

ragged = st.tuples(st.integers(2, 7), st.integers(1, 9)).flatmap(
    lambda shape: arrays(np.int16, shape, elements=st.integers(-1, 3))
)
whole = st.tuples(st.integers(2, 7), st.integers(1, 9)).flatmap(
    lambda shape: arrays(np.int16, shape, elements=st.integers(0, 3))
)


def kappa(codes: Codes, categories: int = 4) -> float:
    return agreement(codes, categories).kappa


def test_the_worked_example() -> None:
    found = agreement_of_counts(WORKED)
    assert found.kappa == pytest.approx(0.20993, abs=1e-5)
    assert found.mean == pytest.approx(0.37802, abs=1e-5)
    assert found.per_stimulus[0] == 1


@given(ragged)
def test_agreement_is_the_share_of_pairs_that_agree(codes: Codes) -> None:
    found = agreement(codes, 4)
    expected = [pair_agreement_slowly(column) for column in codes.T]
    np.testing.assert_allclose(found.per_stimulus, expected)
    there = found.per_stimulus[~np.isnan(found.per_stimulus)]
    assert ((there >= 0) & (there <= 1)).all()
    np.testing.assert_allclose(found.kappa, fleiss_slowly(codes), atol=1e-12)


@given(whole)
def test_equal_numbers_of_raters_give_the_kappa_of_statsmodels(codes: Codes) -> None:
    counts = np.stack([(codes == c).sum(axis=0) for c in range(4)], axis=1)
    assume((counts.sum(axis=0) > 0).sum() > 1)
    assert kappa(codes) == pytest.approx(fleiss_kappa(counts), abs=1e-12)


@given(ragged, st.integers(0, 2**32 - 1))
def test_names_and_order_change_nothing(codes: Codes, seed: int) -> None:
    rng = np.random.default_rng(seed)
    renamed = np.append(rng.permutation(4), -1)[codes]
    mixed = renamed[rng.permutation(len(codes))][:, rng.permutation(codes.shape[1])]
    np.testing.assert_allclose(kappa(mixed), kappa(codes), atol=1e-12)


def test_all_agree_and_nobody_does() -> None:
    same = np.tile(np.arange(4), (6, 5))
    assert agreement(same, 4).per_stimulus.tolist() == [1] * 20
    assert kappa(same) == pytest.approx(1)
    apart = np.random.default_rng(0).integers(0, 4, (20, 4000))
    assert kappa(apart) == pytest.approx(0, abs=0.003)
    assert np.isnan(kappa(np.zeros((5, 5), int)))


@given(st.integers(2, 12), st.integers(1, 6))
def test_the_floor_is_the_most_even_split(raters: int, categories: int) -> None:
    def splits(left: int, places: int) -> list[list[int]]:
        if places == 1:
            return [[left]]
        return [[n, *rest] for n in range(left + 1) for rest in splits(left - n, places - 1)]

    every = pair_agreement(np.array(splits(raters, categories)))
    assert least_agreement(raters, categories) == pytest.approx(every.min())
    if raters % categories == 0:
        each = raters / categories
        assert least_agreement(raters, categories) == pytest.approx((each - 1) / (raters - 1))


@given(whole, st.integers(0, 3))
def test_accuracy_is_a_floor_of_agreement(codes: Codes, label: int) -> None:
    right = codes == label
    for a, b in combinations(range(len(codes)), 2):
        floor = right[a].mean() + right[b].mean() - 1
        assert (codes[a] == codes[b]).mean() >= floor - 1e-12
    assert agreement(codes, 4).mean >= 2 * right.mean() - 1 - 1e-12


def test_kappa_of_some_of_the_raters_is_unbiased() -> None:
    responses = responses_of(raters=40, stimuli=1500, seed=1)
    all_of_them = kappa(responses.codes)
    rng = np.random.default_rng(0)
    few = [kappa(responses.codes[rng.choice(40, 6, replace=False)]) for _ in range(60)]
    assert np.mean(few) == pytest.approx(all_of_them, abs=4 * np.std(few) / np.sqrt(60))


def test_the_interval_holds_kappa_and_is_that_of_a_slow_bootstrap() -> None:
    codes = responses_of(raters=9, stimuli=80, missing=0.2, seed=3).codes
    found = bootstrap(codes, 4, resamples=600, seed=0)
    rng = np.random.default_rng(5)
    slow = [kappa(codes[:, rng.integers(0, 80, 80)]) for _ in range(600)]
    assert found.kappa[0] < kappa(codes) < found.kappa[1]
    np.testing.assert_allclose(found.kappa, np.quantile(slow, [0.025, 0.975]), atol=0.015)
    means = agreement(codes, 4).per_stimulus
    low = np.nanmean(means) - 1.96 * np.nanstd(means) / np.sqrt(80)
    assert found.mean[0] == pytest.approx(low, abs=0.01)


@pytest.mark.parametrize("counts", [[[1, -1]], [[0.5, 1]], [1, 2], [[np.nan, 1.0]]])
def test_counts_that_are_none(counts: object) -> None:
    with pytest.raises(BehaviourFault, match=r"counts (must|have)"):
        agreement_of_counts(counts)  # type: ignore[arg-type]


# --- contrastive stimuli -------------------------------------------------------------------------


@given(arrays(np.float64, 12, elements=st.sampled_from([0.1, 0.2, 0.5, np.nan])))
def test_the_lowest_of_fewer_begin_the_lowest_of_more(values: np.ndarray) -> None:
    possible = int((~np.isnan(values)).sum())
    assume(possible >= 2)
    every = lowest(values, possible)
    assert list(values[every]) == sorted(values[~np.isnan(values)])
    for k in range(1, possible):
        assert list(lowest(values, k)) == list(every[:k])
    with pytest.raises(BehaviourFault, match=f"allowed are 1 to {possible}"):
        lowest(values, possible + 1)


def test_those_who_choose_exaggerate() -> None:
    found = contrastive(responses_of(raters=12, stimuli=600, seed=2), 60, seed=0)
    assert found.exaggeration > 0.05
    assert found.scores_own.mean < found.scores.mean < found.scores_rest.mean
    assert (np.diff(found.own) >= 0).all() and len(set(found.chosen)) == 60
    assert found.first_half.sum() == 6
    # Where every stimulus is alike, what is chosen is chance: the other half sees nothing special.
    noise = responses_of(raters=12, stimuli=600, seed=2, spread=0)
    chance = contrastive(noise, 60, seed=0)
    assert chance.scores.mean == pytest.approx(chance.scores_rest.mean, abs=0.03)
    assert chance.scores_naive.mean < chance.scores_rest.mean - 0.1


def test_too_few_raters_for_two_halves() -> None:
    with pytest.raises(BehaviourFault, match="3 raters: at least 4"):
        contrastive(responses_of(raters=3, stimuli=10), 2)


def test_k_is_that_of_the_paper_or_a_tenth() -> None:
    assert [default_k(n) for n in (5, 160, 50_000)] == [1, 16, 1000]


def test_controls_are_of_the_class_and_near_in_accuracy() -> None:
    labels = np.array([0, 0, 0, 0, 1, 1, 1, -1])
    accuracy = np.array([0.2, 0.9, 0.25, 0.5, 0.1, 0.7, 0.4, 0.1])
    pairs = matched_controls(np.array([4, 0, 7]), labels, accuracy, np.ones(8, bool))
    assert pairs[["contrastive", "control"]].to_numpy().tolist() == [[4, 6], [0, 2]]
    assert pairs["difference"].tolist() == pytest.approx([0.3, 0.05])


@given(st.integers(0, 1000))
def test_controls_are_used_once_and_no_swap_is_better(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels, accuracy = rng.integers(0, 2, 14), rng.random(14)
    chosen = rng.choice(14, 4, replace=False)
    pairs = matched_controls(chosen, labels, accuracy, np.ones(14, bool))
    one, other = pairs["contrastive"].to_numpy(), pairs["control"].to_numpy()
    assert len(set(other)) == len(other) and not set(other) & set(chosen)
    assert (labels[one] == labels[other]).all()
    for a, b in combinations(range(len(pairs)), 2):
        if labels[one[a]] == labels[one[b]]:
            straight = abs(accuracy[[one[a], one[b]]] - accuracy[[other[a], other[b]]]).sum()
            crossed = abs(accuracy[[one[a], one[b]]] - accuracy[[other[b], other[a]]]).sum()
            assert straight <= crossed + 1e-12


def test_diagnostic_stimuli_divide_machines_and_not_people() -> None:
    machines = np.array([0.2, 1.0, 0.1, 0.6, np.nan, 0.3])
    people = np.array([1.0, 1.0, 0.8, 1.0, 1.0, np.nan])
    assert diagnostic(machines, people, 5).tolist() == [0, 3]
    assert diagnostic(machines, people, 1).tolist() == [0]
    assert diagnostic(machines, people, 5, people_agree=0.7).tolist() == [2, 0, 3]


# --- groups by accuracy --------------------------------------------------------------------------


def test_groups_are_what_their_raters_give_alone() -> None:
    responses = responses_of(raters=16, stimuli=200, missing=0.1, seed=4)
    groups, names = quantile_bins(responses.accuracy(), 4)
    found = agreement_by_group(responses, groups, names, 20)
    for number, row in found.table.iterrows():
        own = responses.codes[groups == number]
        others = agreement(responses.codes[groups != number], 4).per_stimulus
        assert row["kappa"] == pytest.approx(kappa(own))
        assert row["kappa_naive"] == pytest.approx(kappa(own[:, lowest(found.overall, 20)]))
        assert row["kappa_contrastive"] == pytest.approx(kappa(own[:, lowest(others, 20)]))
        np.testing.assert_allclose(found.within[number], agreement(own, 4).per_stimulus)
    assert (np.diff(found.table["low"]) >= 0).all()
    assert found.table["raters"].tolist() == [4] * 4
    np.testing.assert_allclose(found.overall, agreement(responses.codes, 4).per_stimulus)


def test_groups_need_labels_and_two_raters_each() -> None:
    with pytest.raises(BehaviourFault, match="1 of 3 raters have none"):
        quantile_bins(np.array([0.5, np.nan, 1]), 1)
    with pytest.raises(BehaviourFault, match="allowed are 1 to 2"):
        quantile_bins(np.linspace(0, 1, 5), 3)
