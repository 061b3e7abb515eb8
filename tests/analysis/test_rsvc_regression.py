"""RSVC: the LASSO on a shared Gram beside other solvers, folds of images, scaling."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Lasso

from diptych_analysis.representations.faults import RepresentationFault
from diptych_analysis.representations.rsvc.regression import (
    Scaling,
    image_folds,
    lasso,
    regress,
)

ALPHA = 0.1


def table(seed: int, n: int, d: int, *, correlated: bool = True) -> np.ndarray:
    rng = np.random.default_rng(seed)
    found = rng.normal(size=(n, d))
    if correlated:
        found += 2 * rng.normal(size=(n, 3)) @ rng.normal(size=(3, d))
    return Scaling.of(found).apply(found)


def target(seed: int, given: np.ndarray, used: int = 4) -> np.ndarray:
    rng = np.random.default_rng(seed + 1000)
    found = given[:, :used] @ rng.normal(size=used) + 0.3 * rng.normal(size=len(given))
    return (found - found.mean()) / found.std()


def broken(x: np.ndarray, u: np.ndarray, w: np.ndarray, alpha: float) -> float:
    """How far the optimality conditions are broken, from the data and not from the Gram."""
    slope = x.T @ (u - x @ w) / len(x)
    off = np.where(w != 0, np.abs(slope - alpha * np.sign(w)), np.maximum(np.abs(slope) - alpha, 0))
    return float(off.max())


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(5, 80),
    d=st.integers(1, 120),
    alpha=st.floats(0.005, 1.2),
)
def test_weights_meet_the_optimality_conditions(seed: int, n: int, d: int, alpha: float) -> None:
    x = table(seed, n, d)
    u = target(seed, x, min(4, d))
    w = lasso(x.T @ x, x.T @ u, n, alpha)
    assert broken(x, u, w, alpha) < 1e-6


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), copies=st.integers(1, 5), flat=st.integers(0, 3))
@example(seed=5046, copies=3, flat=0)  # LARS ends at weights of 1e13
def test_duplicate_and_constant_units_are_no_obstacle(seed: int, copies: int, flat: int) -> None:
    x = table(seed, 60, 12)
    x = np.concatenate([*[x[:, :4]] * copies, x, np.zeros((60, flat))], axis=1)
    u = target(seed, x)
    w = lasso(x.T @ x, x.T @ u, 60, ALPHA)
    assert broken(x, u, w, ALPHA) < 1e-6


@pytest.mark.parametrize("seed", range(4))
def test_weights_equal_those_of_scikit_learn(seed: int) -> None:
    x = table(seed, 400, 150)
    u = target(seed, x)
    other = Lasso(alpha=ALPHA, fit_intercept=False, tol=1e-12, max_iter=100_000).fit(x, u)
    assert lasso(x.T @ x, x.T @ u, 400, ALPHA) == pytest.approx(other.coef_, abs=1e-3)


@pytest.mark.parametrize("seed", range(4))
def test_weights_equal_those_of_celer(seed: int) -> None:
    celer = pytest.importorskip("celer", reason="celer is not installed")
    x = table(seed, 300, 500)
    u = target(seed, x)
    other = celer.Lasso(alpha=ALPHA, fit_intercept=False, tol=1e-10).fit(np.asfortranarray(x), u)
    assert lasso(x.T @ x, x.T @ u, 300, ALPHA) == pytest.approx(other.coef_, abs=1e-3)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), above=st.floats(1.0, 3.0))
def test_a_penalty_of_the_largest_slope_leaves_no_weight(seed: int, above: float) -> None:
    x = table(seed, 40, 30)
    u = target(seed, x)
    alpha = above * float(np.abs(x.T @ u).max()) / 40
    assert not lasso(x.T @ x, x.T @ u, 40, alpha).any()


def test_another_start_leads_to_the_same_weights() -> None:
    x = table(3, 200, 80)
    u = target(3, x)
    rng = np.random.default_rng(0)
    far = rng.normal(size=80) * (rng.random(80) < 0.5)
    gram, toward = x.T @ x, x.T @ u
    cold = lasso(gram, toward, 200, ALPHA)
    assert lasso(gram, toward, 200, ALPHA, far) == pytest.approx(cold, abs=1e-9)


@settings(max_examples=50, deadline=None)
@given(
    images=st.lists(st.integers(0, 30), min_size=5, max_size=200),
    folds=st.integers(2, 6),
    seed=st.integers(0, 100),
)
def test_all_patches_of_an_image_are_in_one_fold(images: list[int], folds: int, seed: int) -> None:
    names = np.array(images)
    if len(set(images)) < folds:
        with pytest.raises(RepresentationFault, match=f"{folds} folds of {len(set(images))}"):
            image_folds(names, folds, seed)
        return
    rows = image_folds(names, folds, seed)
    assert sorted(np.concatenate(rows)) == list(range(len(names)))
    held = [set(names[part]) for part in rows]
    assert all(not a & b for i, a in enumerate(held) for b in held[:i])
    assert all(held)


def test_each_fold_is_fitted_without_its_own_rows() -> None:
    rng = np.random.default_rng(0)
    x, u = 3 + 2 * rng.normal(size=(100, 20)), rng.gamma(2, 1, (100, 2))
    u[:, 0] += x[:, 0]
    folds = image_folds(np.arange(100) // 4, 5, 0)
    found = regress(x, u, folds, ALPHA)
    standard_x, standard_u = Scaling.of(x).apply(x), Scaling.of(u).apply(u)
    for weights, rows in zip(found.folds, folds, strict=True):
        kept = np.setdiff1d(np.arange(100), rows)
        other = Lasso(alpha=ALPHA, fit_intercept=False, tol=1e-12)
        other.fit(standard_x[kept], standard_u[kept])
        assert np.abs(weights.T - other.coef_).max() < 1e-5


def test_predictions_are_the_mean_of_the_folds_in_units_of_the_target() -> None:
    rng = np.random.default_rng(1)
    x, u = rng.normal(size=(80, 10)), rng.gamma(2, 1, (80, 3))
    u[:, 0] = 5 + 40 * x[:, 0]
    found = regress(x, u, image_folds(np.arange(80) // 4, 4, 0), 0.01)
    new = rng.normal(size=(7, 10))
    inputs = (new - x.mean(0)) / (x.std(0) + 1e-8)
    each = [inputs @ weights * (u.std(0) + 1e-8) + u.mean(0) for weights in found.folds]
    assert found.predict(new) == pytest.approx(np.mean(each, axis=0))
    # 1 % of the penalty shrinks the slope by 1 %.
    assert np.polyfit(new[:, 0], found.predict(new)[:, 0], 1)[0] == pytest.approx(40, rel=0.05)


def test_scaling_a_unit_changes_no_prediction() -> None:
    rng = np.random.default_rng(2)
    x, u = rng.normal(size=(80, 10)), rng.gamma(2, 1, (80, 3))
    u += np.abs(x[:, :3])
    folds = image_folds(np.arange(80) // 4, 4, 0)
    scales, shifts = rng.uniform(0.01, 100, 10), rng.normal(size=10)
    plain = regress(x, u, folds, 0.05).predict(x)
    scaled = regress(x * scales + shifts, u, folds, 0.05).predict(x * scales + shifts)
    assert scaled == pytest.approx(plain, abs=1e-5)


@pytest.mark.parametrize("alpha", [0.0, -1.0])
def test_a_penalty_that_is_not_positive_is_refused(alpha: float) -> None:
    rows = image_folds(np.arange(10), 2, 0)
    with pytest.raises(RepresentationFault, match="alpha"):
        regress(np.ones((10, 2)), np.ones((10, 1)), rows, alpha)
