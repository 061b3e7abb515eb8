"""Error consistency, distributions and the raters needed, against slow versions and simulations."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import entropy as scipy_entropy
from sklearn.metrics import cohen_kappa_score
from support.responses import responses_of

from diptych_analysis.behaviour.distributions import (
    compare,
    cross_entropy,
    entropy,
    js,
    kl,
    rank_correlation,
    shares,
    spearman_brown,
    split_half,
)
from diptych_analysis.behaviour.error_consistency import (
    consistency_of_counts,
    error_consistency,
    mean_consistency,
)
from diptych_analysis.behaviour.faults import BehaviourFault
from diptych_analysis.behaviour.findings import Options, find
from diptych_analysis.behaviour.fleiss import agreement, pair_agreement
from diptych_analysis.behaviour.raters_needed import agreement_noise, moments
from diptych_analysis.behaviour.responses import together
from diptych_analysis.behaviour.tallies import group_tallies

flags = st.tuples(st.integers(2, 6), st.integers(2, 12)).flatmap(
    lambda shape: st.tuples(arrays(bool, shape), arrays(bool, shape))
)
#: Two tables of counts of the same shape, with at least one response per stimulus.
two_counts = st.tuples(st.integers(1, 8), st.integers(2, 5)).flatmap(
    lambda shape: st.tuples(
        *[
            arrays(np.int64, shape, elements=st.integers(0, 9)).map(
                lambda t: t + (t.sum(axis=1, keepdims=True) == 0)
            )
        ]
        * 2
    )
)
whole_counts = st.tuples(st.integers(2, 8), st.integers(2, 5)).flatmap(
    lambda shape: arrays(np.int64, shape, elements=st.integers(0, 9))
)


# --- error consistency ---------------------------------------------------------------------------


@given(flags)
def test_error_consistency_is_the_kappa_of_right_and_wrong(given_: tuple[np.ndarray, ...]) -> None:
    right, counted = given_
    found = error_consistency(right & counted, counted)
    for a, b in combinations(range(len(right)), 2):
        both = counted[a] & counted[b]
        assert found.stimuli[a, b] == both.sum()
        if not both.any():
            assert np.isnan(found.observed[a, b])
            continue
        x, y = right[a][both], right[b][both]
        assert found.observed[a, b] == pytest.approx((x == y).mean(), abs=1e-6)
        alike = len(set(x)) == 1 and len(set(y)) == 1
        if alike and x[0] == y[0]:
            assert np.isnan(found.consistency[a, b])
        else:
            expected = 0 if alike else cohen_kappa_score(x, y, labels=[False, True])
            assert found.consistency[a, b] == pytest.approx(expected, abs=1e-6)


@given(flags)
def test_error_consistency_is_symmetric_and_within_its_limits(given_: tuple) -> None:
    right, counted = given_
    found = error_consistency(right & counted, counted)
    np.testing.assert_allclose(found.consistency, found.consistency.T, atol=1e-9)
    there = np.isfinite(found.consistency)
    assert (found.consistency <= found.most + 1e-9)[there].all()
    assert (found.consistency >= found.least - 1e-9)[there].all()
    own = np.diag(found.consistency)
    assert own[np.isfinite(own)] == pytest.approx(1)


@given(st.integers(1, 11), st.integers(1, 11))
def test_the_limits_are_reached(a: int, b: int) -> None:
    x, y = np.arange(12) < a, np.arange(12) < b
    everything = np.ones((2, 12), bool)
    found = error_consistency(np.stack([x, y]), everything)
    assert found.consistency[0, 1] == pytest.approx(found.most[0, 1])
    found = error_consistency(np.stack([x, y[::-1]]), everything)
    assert found.consistency[0, 1] == pytest.approx(found.least[0, 1])


def test_independent_raters_have_none() -> None:
    right = np.random.default_rng(0).random((6, 20_000)) < np.linspace(0.3, 0.9, 6)[:, None]
    found = mean_consistency(right, np.ones_like(right), resamples=0)
    assert found.mean == pytest.approx(0, abs=0.01)
    assert found.pairs == 15 and found.interval is None


def test_other_raters_are_compared_with_the_first() -> None:
    right = np.random.default_rng(1).random((7, 50)) < 0.7
    counted = np.random.default_rng(2).random((7, 50)) < 0.8
    whole = error_consistency(right, counted)
    part = error_consistency(right[:3], counted[:3], (right[3:], counted[3:]))
    np.testing.assert_allclose(part.consistency, whole.consistency[:3, 3:])
    mean = mean_consistency(right[:3], counted[:3], (right[3:], counted[3:]), resamples=0)
    assert mean.mean == pytest.approx(whole.consistency[:3, 3:].mean())


def test_the_interval_is_that_of_drawing_stimuli_again() -> None:
    right, counted = responses_of(raters=5, stimuli=120, missing=0.1, seed=3).right()
    found = mean_consistency(right, counted, resamples=400, seed=1)
    rng = np.random.default_rng(7)
    slow = []
    for _ in range(400):
        drawn = rng.integers(0, 120, 120)
        slow.append(mean_consistency(right[:, drawn], counted[:, drawn], resamples=0).mean)
    assert found.interval is not None and found.interval[0] < found.mean < found.interval[1]
    np.testing.assert_allclose(found.interval, np.quantile(slow, [0.025, 0.975]), atol=0.03)


@given(arrays(bool, st.tuples(st.integers(2, 6), st.integers(1, 10))))
def test_counts_give_what_all_pairs_give(right: np.ndarray) -> None:
    raters, a = len(right), right.mean()
    found = consistency_of_counts(right.sum(axis=0), np.full(right.shape[1], raters))
    same = [(right[i] == right[j]).mean() for i, j in combinations(range(raters), 2)]
    chance = a**2 + (1 - a) ** 2
    if chance == 1:
        assert np.isnan(found)
    else:
        assert found == pytest.approx((np.mean(same) - chance) / (1 - chance))


def test_counts_that_can_not_be() -> None:
    with pytest.raises(BehaviourFault, match="between 0 and all responses"):
        consistency_of_counts([3], [2])
    with pytest.raises(BehaviourFault, match="must share their stimuli"):
        error_consistency(*[np.ones((2, 3), bool)] * 2, (np.ones((2, 4), bool),) * 2)


# --- distributions -------------------------------------------------------------------------------


@given(two_counts)
def test_divergences_keep_their_limits(tables: tuple[np.ndarray, np.ndarray]) -> None:
    p, q = map(shares, tables)
    assert (kl(p, q) >= 0).all() and (js(p, q) >= 0).all()
    assert (js(p, q) <= np.log(2)).all()
    np.testing.assert_allclose(js(p, q), js(q, p))
    np.testing.assert_allclose(cross_entropy(p, q), entropy(p) + kl(p, q), atol=1e-9)
    np.testing.assert_allclose(entropy(p), scipy_entropy(p, axis=1), atol=1e-12)
    assert kl(p, p) == pytest.approx(0, abs=1e-9)


@given(whole_counts)
def test_divergence_is_that_of_scipy_where_no_share_is_zero(counts: np.ndarray) -> None:
    p, q = shares(counts + 1), shares(counts[::-1] + 2)
    np.testing.assert_allclose(kl(p, q), scipy_entropy(p, q, axis=1), atol=1e-9)


def test_a_comparison_counts_stimuli_with_responses_of_both() -> None:
    people = np.array([[8, 2, 0], [0, 9, 1], [0, 0, 0], [5, 4, 1]])
    machines = np.array([[5, 3, 2], [1, 6, 3], [9, 0, 0], [1, 5, 4]])
    found = compare(people, machines)
    assert found.stimuli == 3
    # Second choices: the second, the third, and then the second against the third.
    assert found.second_choices == pytest.approx(2 / 3)
    entropies = [[scipy_entropy(row) for row in table[[0, 1, 3]]] for table in (people, machines)]
    assert found.entropy_correlation == pytest.approx(rank_correlation(*map(np.array, entropies)))
    with pytest.raises(BehaviourFault, match="no stimulus"):
        compare([[0, 0]], [[1, 0]])
    with pytest.raises(BehaviourFault, match="must be the same"):
        compare([[1, 0]], [[1, 0, 0]])


def test_halves_of_the_same_people_agree_and_their_ceiling_holds() -> None:
    rng = np.random.default_rng(0)
    truth = rng.dirichlet([0.4] * 5, 300)
    people = np.stack([rng.multinomial(40, p) for p in truth])
    found = split_half(people, splits=5)
    assert found.reliability == pytest.approx(spearman_brown(found.entropy_correlation))
    reached = rank_correlation(entropy(shares(people)), entropy(truth))
    assert found.ceiling == pytest.approx(reached, abs=0.03)
    # What people's halves differ by is more than the truth differs from all of them.
    assert found.js > compare(people, truth).js > 0
    assert np.isnan(split_half(np.array([[1, 0]])).ceiling)


# --- raters needed -------------------------------------------------------------------------------


@given(arrays(np.int64, 6, elements=st.integers(0, 2)))
def test_moments_are_shares_of_raters_who_agree(responses: np.ndarray) -> None:
    from itertools import permutations

    counts = np.bincount(responses, minlength=3)[None]
    s, cubes, squared = (float(x[0]) for x in moments(counts))
    assert s == pytest.approx(np.mean([a == b for a, b in permutations(responses, 2)]))
    assert cubes == pytest.approx(np.mean([a == b == c for a, b, c in permutations(responses, 3)]))
    fours = [a == b and c == d for a, b, c, d in permutations(responses, 4)]
    assert squared == pytest.approx(np.mean(fours))


def test_the_noise_is_that_of_drawing_raters_again() -> None:
    rng = np.random.default_rng(0)
    truth = rng.dirichlet([0.5] * 4, 400)
    agreed = np.square(truth).sum(axis=1)
    found = agreement_noise([rng.multinomial(30, truth)])
    assert found.variance == pytest.approx(agreed.var(), rel=0.15)
    for raters in (5, 20):
        drawn = np.stack([pair_agreement(rng.multinomial(raters, truth)) for _ in range(80)])
        assert found.noise(raters) == pytest.approx(drawn.var(axis=0).mean(), rel=0.1)
        reached = np.mean([np.corrcoef(row, agreed)[0, 1] for row in drawn])
        assert found.correlation(raters) == pytest.approx(reached, abs=0.02)


def test_the_fewest_raters_are_found() -> None:
    rng = np.random.default_rng(1)
    found = agreement_noise([rng.multinomial(30, rng.dirichlet([0.5] * 4, 400))])
    needed = found.raters_for(0.9)
    assert needed is not None
    assert found.correlation(needed) >= 0.9 > found.correlation(needed - 1)
    alike = agreement_noise([rng.multinomial(30, [0.25] * 4, 400)])
    assert alike.variance < 1e-4
    assert agreement_noise([np.array([[1, 1], [2, 1]])]).raters_for(0.9) is None


@given(st.integers(1, 4), st.integers(1, 5), st.integers(0, 999))
def test_groups_are_counted_in_one_pass(n_groups: int, categories: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    codes = rng.integers(-1, categories, (8, 11))
    groups = rng.integers(0, n_groups, 8)
    for block, counts in group_tallies(codes, categories, groups, n_groups):
        for g in range(n_groups):
            for c in range(categories):
                expected = (codes[groups == g][:, block] == c).sum(axis=0)
                assert counts[g, :, c].tolist() == expected.tolist()


def test_the_ceiling_of_agreement_is_what_a_perfect_machine_reaches() -> None:
    everybody = responses_of(raters=600, stimuli=150, seed=7)
    whole = agreement(everybody.codes, 4).per_stimulus
    ceilings, reached = [], []
    for start in range(0, 240, 12):
        people = everybody.of_raters(np.arange(start, start + 12))
        machines = everybody.of_raters(np.arange(300, 310))
        machines = replace(machines, raters=machines.raters.assign(kind="machine"))
        both = find(together([people, machines]), Options(resamples=20)).both
        assert both is not None
        ceilings.append(both.agreement_ceiling)
        own = agreement(people.codes, 4).per_stimulus
        reached.append(np.corrcoef(own, whole)[0, 1])
        assert both.agreement_correlation < both.agreement_ceiling
    assert np.mean(ceilings) == pytest.approx(np.mean(reached), abs=0.02)
