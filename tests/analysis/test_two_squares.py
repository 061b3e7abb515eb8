"""CKA between networks, its block structure, the drawn images, and the digits' machines."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from diptych_analysis.behaviour.digit_models import digit_models, digit_responses
from diptych_analysis.behaviour.faults import BehaviourFault
from diptych_analysis.behaviour.fleiss import agreement
from diptych_analysis.behaviour.kernel_alignment import blocks, cka_matrix
from diptych_analysis.behaviour.responses import from_long

seeds = st.integers(0, 2**32 - 1)


def hsic_slowly(k: np.ndarray, l: np.ndarray, *, unbiased: bool) -> float:  # noqa: E741
    """Song et al., by their words."""
    n = len(k)
    if not unbiased:
        h = np.eye(n) - np.ones((n, n)) / n
        return float(np.trace(k @ h @ l @ h))
    k, l = (m - np.diag(np.diag(m)) for m in (k, l))  # noqa: E741
    one = np.ones(n)
    first = np.trace(k @ l)
    second = (one @ k @ one) * (one @ l @ one) / ((n - 1) * (n - 2))
    third = 2 / (n - 2) * (one @ k @ l @ one)
    return float((first + second - third) / (n * (n - 3)))


@given(seeds, st.integers(5, 9), st.booleans())
def test_cka_is_that_of_the_definition(seed: int, n: int, unbiased: bool) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(n, 3)) + 1, rng.normal(size=(n, 5))
    k, l = x @ x.T, y @ y.T  # noqa: E741
    own = hsic_slowly(k, k, unbiased=unbiased) * hsic_slowly(l, l, unbiased=unbiased)
    found = cka_matrix([x, y], unbiased=unbiased)
    assert found[0, 1] == pytest.approx(hsic_slowly(k, l, unbiased=unbiased) / np.sqrt(own))
    assert np.diag(found) == pytest.approx(1)
    assert found[0, 1] == pytest.approx(found[1, 0])


@given(seeds, st.booleans())
def test_rotation_scale_and_shift_change_nothing(seed: int, unbiased: bool) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(12, 4)), rng.normal(size=(12, 6))
    rotation = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    plain = cka_matrix([x, y], unbiased=unbiased)
    moved = cka_matrix([3 * x @ rotation + rng.normal(size=4), y], unbiased=unbiased)
    np.testing.assert_allclose(moved, plain, atol=1e-9)
    stretched = cka_matrix([x, x * [10, 1, 1, 1]], unbiased=unbiased)
    assert stretched[0, 1] < 0.999


def test_independent_noise_is_near_zero_without_bias_only() -> None:
    rng = np.random.default_rng(0)
    pairs = [[rng.normal(size=(40, 30)) for _ in range(2)] for _ in range(60)]
    unbiased = [cka_matrix(pair, unbiased=True)[0, 1] for pair in pairs]
    assert np.mean(unbiased) == pytest.approx(0, abs=4 * np.std(unbiased) / np.sqrt(60))
    assert min(cka_matrix(pair)[0, 1] for pair in pairs) > 0.2


@given(arrays(np.float64, (4, 4), elements=st.floats(0, 1)))
def test_blocks_count_pairs(values: np.ndarray) -> None:
    similarity = (values + values.T) / 2
    found = blocks(similarity, ["a", "a", "b", "b"], permutations=30)
    within = [similarity[0, 1], similarity[2, 3]]
    between = similarity[:2, 2:].ravel()
    assert found.within == pytest.approx(np.mean(within))
    assert found.between == pytest.approx(between.mean())
    wins = [(a > b) + 0.5 * (a == b) for a in within for b in between]
    assert found.auc == pytest.approx(np.mean(wins))
    assert 0 < found.p <= 1


def test_a_planted_kind_is_found_and_a_random_one_is_not() -> None:
    rng = np.random.default_rng(0)
    base = {kind: rng.normal(size=(50, 8)) for kind in "ab"}
    kinds = list("aaaaaabbbbbb")
    planted = [base[kind] + rng.normal(size=(50, 8)) * 0.7 for kind in kinds]
    found = blocks(cka_matrix(planted), kinds)
    assert found.auc > 0.99 and found.p < 0.01 and found.within > found.between + 0.1
    noise = [rng.normal(size=(50, 8)) for _ in kinds]
    assert blocks(cka_matrix(noise), kinds).p > 0.05


def test_what_has_no_similarity_is_a_fault() -> None:
    with pytest.raises(BehaviourFault, match="the same for all stimuli"):
        cka_matrix([np.ones((5, 2)), np.eye(5)])
    with pytest.raises(BehaviourFault, match="the same for all stimuli, or has values like NaN"):
        cka_matrix([np.full((5, 2), np.nan), np.eye(5)])
    with pytest.raises(BehaviourFault, match=r"have \[4, 5\] stimuli"):
        cka_matrix([np.eye(4), np.eye(5)])
    with pytest.raises(BehaviourFault, match="two kinds with two networks"):
        blocks(np.eye(3), ["a", "a", "b"])


@pytest.mark.slow
def test_squares_lie_apart_and_both_kinds_of_network_learn() -> None:
    from diptych_analysis.behaviour.two_squares import experiment, make, shapes, train, two_squares

    squares = two_squares(40, np.random.default_rng(0))
    assert squares.sum(dim=(1, 2, 3)).unique().tolist() == [2 * 25 * 3]
    images, labels = shapes(60, np.random.default_rng(0))
    assert images.shape == (60, 3, 32, 32) and set(labels.tolist()) == set(range(6))
    assert train(make("convolution", 0), 0, steps=60) > 0.4
    found = experiment(each=2, steps=2, stimuli=12)
    assert set(found["trained"]) == {"shapes", "two squares"}
    again = experiment(each=2, steps=2, stimuli=12)
    assert found == again


@pytest.mark.slow
def test_59_machines_of_all_accuracies_classify_the_digits() -> None:
    names = [name for name, _ in digit_models()]
    assert len(names) == len(set(names)) == 59
    table, pixels = digit_responses()
    found = from_long(table)
    assert found.codes.shape == (59, 1097) and pixels.shape == (1097, 8, 8)
    assert found.accuracy().min() < 0.3 and found.accuracy().max() > 0.98
    assert agreement(found.codes, 10).kappa == pytest.approx(0.711, abs=0.03)
