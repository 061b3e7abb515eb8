"""Baselines beside slow computations and planted answers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.cluster import KMeans

from diptych_analysis.representations.baselines.dictionaries import METHODS, greatest
from diptych_analysis.representations.baselines.nlmcd import _gap, nlmcd
from diptych_analysis.representations.baselines.similarity import (
    debiased_cka,
    linear_cka,
    mutual_neighbours,
    representational_similarity,
)
from diptych_analysis.representations.rdx.distances import ranks


def clusters(seed: int = 0, n: int = 240) -> tuple[np.ndarray, np.ndarray]:
    """Three well-separated clusters of not negative rows, along three axes."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 3
    rows = np.abs(0.2 * rng.normal(size=(n, 6)))
    rows[np.arange(n), labels] += rng.uniform(2, 4, n)
    return rows, labels


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in METHODS if name != "PCA"])
def test_each_dictionary_finds_well_separated_clusters(name: str) -> None:
    rows, labels = clusters()
    grids = METHODS[name](rows, 3, 9, 0)
    assert [len(grid) for grid in grids] == [9, 9, 9]
    pure = [len(set(labels[grid])) == 1 for grid in grids]
    # A latent of an autoencoder may stay silent; its grid is then arbitrary.
    assert sum(pure) >= (2 if "SAE" in name else 3)
    if "SAE" not in name:
        assert len({labels[grid[0]] for grid in grids}) == 3


@pytest.mark.parametrize("signed", [False, True])
def test_convex_nmf_follows_the_published_updates(signed: bool) -> None:
    rows, _ = clusters(n=60)
    rows = rows - rows.mean(axis=0) if signed else rows
    kernel = rows @ rows.T
    plus, minus = (np.abs(kernel) + kernel) / 2, (np.abs(kernel) - kernel) / 2
    labels = KMeans(3, n_init=1, random_state=0).fit(rows).labels_
    indicator = np.eye(3)[labels]
    w, g = (indicator + 0.2) / indicator.sum(axis=0), indicator + 0.2
    for _ in range(100):  # Ding et al., Eq. 27 and 28
        g *= np.sqrt((plus @ w + g @ w.T @ minus @ w) / (minus @ w + g @ w.T @ plus @ w + 1e-12))
        w *= np.sqrt((plus @ g + minus @ w @ g.T @ g) / (minus @ g + plus @ w @ g.T @ g + 1e-12))
    found = METHODS["CNMF"](rows, 3, 9, 0)
    assert [grid.tolist() for grid in found] == [grid.tolist() for grid in greatest(g, 9)]


def test_pca_takes_the_greatest_scores() -> None:
    rows, _ = clusters()
    centred = rows - rows.mean(axis=0)
    scores = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
    for grid, score in zip(METHODS["PCA"](rows, 2, 5, 0), scores.T, strict=True):
        either = [set(np.argsort(-sign * score)[:5]) for sign in (1, -1)]
        assert set(grid.tolist()) in either


def test_greatest_orders_items() -> None:
    assert greatest(np.array([[1, 5], [3, 4], [2, 9]]), 2)[1].tolist() == [2, 0]


def test_cka_is_that_of_centred_kernels_and_ignores_rotation() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(40, 5)), rng.normal(size=(40, 7))
    centre = np.eye(40) - 1 / 40
    k, other = centre @ a @ a.T @ centre, centre @ b @ b.T @ centre
    slow = (k * other).sum() / np.sqrt((k * k).sum() * (other * other).sum())
    assert linear_cka(a, b) == pytest.approx(slow)
    rotation = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    assert linear_cka(a, 3 * a @ rotation + 1) == pytest.approx(1)
    wide = [rng.normal(size=(60, 300)) for _ in range(2)]
    assert linear_cka(*wide) > 0.5
    assert abs(debiased_cka(*wide)) < 0.1
    assert debiased_cka(a, a) == pytest.approx(1)


def test_rsa_and_mutual_neighbours_are_those_of_plain_loops() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(25, 3)), rng.normal(size=(25, 4))
    pairs = [(i, j) for i in range(25) for j in range(i)]
    near = [[np.linalg.norm(m[i] - m[j]) for i, j in pairs] for m in (a, b)]
    assert representational_similarity(a, b) == pytest.approx(spearmanr(*near).statistic)
    shared = 0.0
    for i in range(25):
        sets = [
            set(sorted(range(25), key=lambda j, m=m, i=i: np.linalg.norm(m[i] - m[j]))[1:6])
            for m in (a, b)
        ]
        shared += len(sets[0] & sets[1]) / 5
    assert mutual_neighbours(ranks(a), ranks(b), neighbours=5) == pytest.approx(shared / 25)


def test_the_gap_of_two_concepts_is_that_of_all_pairs() -> None:
    rng = np.random.default_rng(2)
    u, v = rng.integers(0, 2, (2, 20)).astype(float)
    slow = sum(
        abs(abs(u[i] - u[j]) - abs(v[i] - v[j])) / 2 for i in range(20) for j in range(i)
    ) / (20 * 19 / 2)
    assert _gap(u, v) == pytest.approx(slow)


@pytest.mark.slow
def test_nlmcd_shows_clusters_that_the_other_lacks() -> None:
    rng = np.random.default_rng(3)
    labels = np.arange(300) % 3
    centres = 20 * np.eye(3, 5)
    a = centres[labels] + 0.5 * rng.normal(size=(300, 5))
    b = centres[np.where(labels == 2, rng.integers(0, 3, 300), labels)]
    b = b + 0.5 * rng.normal(size=(300, 5))
    grids = nlmcd(a, b, 1, 9, 0)
    assert len(grids) == 1 and len(grids[0]) == 9
    assert len(set(labels[grids[0]])) == 1
