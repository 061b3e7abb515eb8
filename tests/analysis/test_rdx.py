"""RDX on made-up representations: invariants, slow computations beside fast ones, bad input."""

from __future__ import annotations

import math
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import SpectralClustering
from sklearn.metrics import adjusted_rand_score

from diptych_analysis.representations.faults import RepresentationFault
from diptych_analysis.representations.rdx.affinity import (
    affinity,
    difference,
    symmetric_affinities,
)
from diptych_analysis.representations.rdx.comparison import NO_DIFFERENCE, compare
from diptych_analysis.representations.rdx.distances import distances, ranks
from diptych_analysis.representations.rdx.grids import (
    Pairs,
    greedy_grids,
    nearest_grid,
    page_ranks,
    pagerank_grids,
    strongest_grid,
)
from diptych_analysis.representations.rdx.planted import planted_groups
from diptych_analysis.representations.rdx.scores import matched_overlap, recall, success_rate
from diptych_analysis.representations.rdx.settings import Settings
from diptych_analysis.representations.rdx.spectral import spectral_clusters

SEEDS = st.integers(0, 10_000)


def pair(n: int, seed: int, d: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Two noisy copies of the same clusters."""
    rng = np.random.default_rng(seed)
    shared = 2 * rng.normal(size=(5, d))[rng.integers(0, 5, n)]
    return shared + rng.normal(size=(n, d)), shared + rng.normal(size=(n, d))


def slow_ranks(rows: np.ndarray) -> np.ndarray:
    found = np.zeros((len(rows), len(rows)), dtype=int)
    for i, row in enumerate(rows):
        order = sorted(
            range(len(rows)), key=lambda j: (j != i, round(math.dist(row, rows[j]), 9), j)
        )
        for rank, j in enumerate(order):
            found[i, j] = rank
    return found


# Distances -----------------------------------------------------------------------------------


@given(st.integers(2, 40), st.integers(1, 5), SEEDS)
@settings(max_examples=30, deadline=None)
def test_ranks_are_those_of_sorted_distances_also_with_duplicates(
    n: int, d: int, seed: int
) -> None:
    rows = np.random.default_rng(seed).integers(-2, 3, (n, d)).astype(float)
    found = ranks(rows)
    assert (np.diag(found) == 0).all()
    np.testing.assert_array_equal(found, slow_ranks(rows))


@given(SEEDS)
@settings(max_examples=15, deadline=None)
def test_rotation_shift_and_scale_leave_ranks_as_they_are(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(150, 6))
    rotation = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    changed = 7.5 * rows @ rotation + rng.normal(size=6) * 100
    assert (ranks(rows) != ranks(changed)).mean() < 2e-4


def test_permuted_items_have_permuted_ranks() -> None:
    rows = pair(300, 1)[0]
    order = np.random.default_rng(0).permutation(300)
    assert (ranks(rows[order]) != ranks(rows)[np.ix_(order, order)]).mean() < 2e-4


def test_one_thread_and_several_give_the_same_bytes() -> None:
    a, b = pair(700, 2)
    one, two = ranks(a, jobs=1), ranks(a, jobs=2)
    assert one.tobytes() == two.tobytes()
    other = ranks(b)
    for x, y in zip(
        symmetric_affinities(one, other, Settings(), jobs=1),
        symmetric_affinities(one, other, Settings(), jobs=2),
        strict=True,
    ):
        assert x.tobytes() == y.tobytes()


def test_local_distances_scale_each_representation_by_its_own_neighbours() -> None:
    rows = pair(60, 3)[0]
    plain = np.array([[math.dist(x, y) for y in rows] for x in rows])
    scale = np.sort(plain, axis=1)[:, 7]
    slow = plain**2 / np.outer(scale, scale)
    np.testing.assert_allclose(
        distances(rows, "local"), slow / slow.max() * 59, rtol=1e-4, atol=1e-4
    )
    np.testing.assert_allclose(
        distances(rows, "max"), plain / plain.max() * 59, rtol=1e-4, atol=1e-4
    )


def test_guidance_puts_items_of_other_labels_behind_all_others() -> None:
    rows = pair(80, 4)[0]
    labels = np.arange(80) % 3
    found = ranks(rows, guide=labels)
    for i in range(80):
        same = labels == labels[i]
        assert found[i][same].max() < found[i][~same].min()


# Affinities ----------------------------------------------------------------------------------


@given(SEEDS, st.sampled_from(["local_bias", "subtract"]))
@settings(max_examples=20, deadline=None)
def test_the_reverse_direction_is_the_reciprocal(seed: int, kind: str) -> None:
    a, b = (ranks(rows) for rows in pair(90, seed))
    chosen = Settings(difference=kind)  # type: ignore[arg-type]
    forward, backward = (
        difference(a, b, chosen, items=90),
        difference(b, a, chosen, items=90),
    )
    np.testing.assert_array_equal(forward, -backward)
    product = affinity(a, b, chosen, items=90) * affinity(b, a, chosen, items=90)
    np.testing.assert_allclose(product, 1, atol=1e-6)
    assert affinity(a, b, chosen, items=90).max() <= math.exp(5) * (1 + 1e-6)


def test_affinities_follow_the_equation() -> None:
    a, b = (ranks(rows) for rows in pair(30, 5))
    forward, backward = symmetric_affinities(a, b, Settings(gamma=0.05, beta=3))

    def f(i: int, j: int, sign: int) -> float:
        x, y = int(a[i, j]), int(b[i, j])
        return math.exp(-3 * sign * math.tanh(0.05 * (x - y) / (min(x, y) + 1)))

    for i in range(30):
        for j in range(30):
            if i == j:
                assert forward[i, j] == backward[i, j] == 0
                continue
            assert forward[i, j] == pytest.approx((f(i, j, 1) + f(j, i, 1)) / 2, rel=1e-5)
            assert backward[i, j] == pytest.approx((f(i, j, -1) + f(j, i, -1)) / 2, rel=1e-5)


# Clusters and grids --------------------------------------------------------------------------


@pytest.mark.parametrize("n", [200, 500, 1200])
@pytest.mark.parametrize("seed", [0, 1])
def test_clusters_are_those_of_scikit_learn(n: int, seed: int) -> None:
    a, b, _ = planted_groups(n, 4, n // 20, seed=seed)
    graph = symmetric_affinities(ranks(a), ranks(b), Settings())[0]
    slow = SpectralClustering(5, affinity="precomputed", random_state=0, n_init=10)
    labels = slow.fit(graph.astype(np.float64)).labels_
    assert adjusted_rand_score(labels, spectral_clusters(graph, 5, 0)) >= 0.99


def both(n: int, seed: int, **which: object) -> Pairs:
    a, b = pair(n, seed)
    return Pairs(ranks(a), ranks(b), Settings(size=5, **which))  # type: ignore[arg-type]


def f_of(pairs: Pairs, i: int, j: int) -> float:
    return float(pairs.affinity(np.array([i]), np.array([j]))[0])


@pytest.mark.parametrize("seed", range(4))
def test_the_nearest_grid_is_the_one_of_a_plain_loop(seed: int) -> None:
    pairs = both(70, seed)
    members = np.sort(np.random.default_rng(seed).choice(70, 30, replace=False))
    best, score = None, -np.inf
    for centre in members:
        grid = sorted(members, key=lambda j: (pairs.a[centre, j], j))[:5]
        total = sum(f_of(pairs, i, j) for i in grid for j in grid)
        if total > score:
            best, score = grid, total
    assert nearest_grid(pairs, members).tolist() == best


@pytest.mark.parametrize("seed", range(4))
def test_the_strongest_grid_is_the_one_of_a_plain_loop(seed: int) -> None:
    pairs = both(60, seed)
    members = np.sort(np.random.default_rng(seed).choice(60, 25, replace=False))

    def edge(i: int, j: int) -> float:
        return (f_of(pairs, i, j) + f_of(pairs, j, i)) / 2

    best, score = None, -np.inf
    for centre in members:
        others = sorted((j for j in members if j != centre), key=lambda j: -edge(centre, j))[:4]
        total = sum(edge(centre, j) for j in others)
        if total > score + 1e-3:
            best, score = [centre, *others], total
    found = strongest_grid(pairs, members)
    assert sum(edge(found[0], j) for j in found[1:]) == pytest.approx(score, rel=1e-5)
    assert best is not None


def test_greedy_grids_are_those_of_a_plain_loop_and_share_no_item() -> None:
    pairs = both(120, 7)
    scores = {}
    for centre in range(120):
        grid = sorted(range(120), key=lambda j: pairs.a[centre, j])[:5]
        scores[centre] = (sum(f_of(pairs, i, j) for i in grid for j in grid), grid)
    blocked: set[int] = set()
    expected = []
    for centre, (_, grid) in sorted(scores.items(), key=lambda each: -each[1][0]):
        if not blocked & set(grid):
            expected.append(grid)
            blocked |= set(sorted(range(120), key=lambda j: pairs.a[centre, j])[:15])
    found = [grid.tolist() for grid in greedy_grids(pairs)]
    assert found == expected
    assert len({item for grid in found for item in grid}) == 5 * len(found)


def test_page_ranks_are_the_stationary_distribution() -> None:
    graph = symmetric_affinities(*(ranks(x) for x in pair(50, 8)), Settings())[0]
    step = 0.85 * (graph / graph.sum(axis=1, keepdims=True)).T + 0.15 / 50
    values, vectors = np.linalg.eig(step.astype(np.float64))
    slow = np.abs(vectors[:, np.argmax(values.real)].real)
    np.testing.assert_allclose(page_ranks(graph), slow / slow.sum(), atol=1e-6)
    first, second = islice(pagerank_grids(graph, 5), 2)
    assert first[0] == np.argmax(slow)
    assert set(first[1:]) == set(np.argsort(-graph[first[0]])[:4])
    assert not set(first) & set(second)


# The whole comparison ------------------------------------------------------------------------


def test_swapped_representations_swap_the_directions() -> None:
    a, b = pair(300, 9)
    one, two = compare(a, b), compare(b, a)
    assert [g.items.tolist() for g in one.forward.grids] == [
        g.items.tolist() for g in two.backward.grids
    ]
    assert one.backward.success_rate == two.forward.success_rate


def test_equal_representations_have_no_grid_and_say_so() -> None:
    a = pair(200, 10)[0]
    found = compare(a, 3 * a)
    assert found.forward.grids == found.backward.grids == ()
    assert found.forward.remarks == (NO_DIFFERENCE,)
    assert math.isnan(found.forward.success_rate)


@pytest.mark.slow
@pytest.mark.parametrize("sampling", ["spectral", "greedy"])
@pytest.mark.parametrize("d", [8, 16, 64])
@pytest.mark.parametrize(("n", "groups", "size"), [(1200, 6, 40), (1500, 10, 30), (2000, 10, 20)])
def test_nine_of_ten_planted_groups_are_found(
    sampling: str, d: int, n: int, groups: int, size: int
) -> None:
    chosen = Settings(grids=groups, sampling=sampling)  # type: ignore[arg-type]
    shares = []
    for seed in range(3):
        a, b, truth = planted_groups(n, groups, size, features=d, seed=seed)
        shares.append(recall(compare(a, b, chosen).forward.items, truth))
    assert np.mean(shares) >= 0.9


@pytest.mark.parametrize("seed", range(3))
def test_a_removed_concept_is_what_the_grids_share(seed: int) -> None:
    rng = np.random.default_rng(seed)
    concepts = rng.normal(size=(600, 12))
    concepts[:, 0] = 6 * rng.integers(0, 2, 600)
    found = compare(concepts, concepts[:, 1:], Settings(grids=3))
    values = [concepts[items, 0] for items in found.forward.items]
    shared = [max((v == 0).mean(), (v == 6).mean()) for v in values]
    assert np.mean(shared) >= 0.8
    mixed = [concepts[items, 0] for items in found.backward.items]
    assert all(0 < (v == 6).mean() < 1 for v in mixed)


def test_success_rate_of_four_items_by_hand() -> None:
    a = np.array([[0, 1, 2, 3], [1, 0, 2, 3], [2, 3, 0, 1], [1, 2, 3, 0]])
    b = np.array([[0, 1, 3, 2], [2, 0, 1, 3], [1, 2, 0, 3], [2, 1, 3, 0]])
    # Pairs of 0, 1 and 2: (0,1) ties, (0,2) closer, (1,0) closer, (1,2), (2,0) and (2,1) not.
    assert success_rate([np.array([0, 1, 2])], a, b) == 2 / 6
    assert success_rate([np.array([0, 1, 2]), np.array([0, 3])], a, b) == 3 / 8
    assert math.isnan(success_rate([], a, b))


def test_overlap_and_recall() -> None:
    x, y, z = np.array([1, 2, 3]), np.array([3, 4, 5]), np.array([7, 8, 9])
    assert matched_overlap([x, y], [y, x]) == 1
    assert matched_overlap([x], [y]) == pytest.approx(1 / 5)
    assert matched_overlap([x, z], [x]) == 0.5
    assert matched_overlap([], []) == 1
    assert matched_overlap([x], []) == 0
    assert recall([np.array([1, 2, 9])], [x, z]) == 0.5


# Bad input -----------------------------------------------------------------------------------

GOOD = np.random.default_rng(0).normal(size=(40, 3))


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        (GOOD, GOOD[:-1], "A has 40 rows and B has 39"),
        (np.where(np.arange(120).reshape(40, 3) == 7, np.nan, GOOD), GOOD, "first in row 2"),
        (GOOD, np.ones((40, 3)), "all rows of B are the same"),
        (GOOD[:12], GOOD[:12], "A has 12 items: 5 grids of 9 need at least 13"),
        (GOOD[:1], GOOD[:1], "A has 1 items"),
        (GOOD[:, 0], GOOD, "A has shape"),
        (np.array([["x"] * 3] * 40), GOOD, "A holds values that are no numbers"),
    ],
)
def test_bad_input_gets_one_clear_error(a: np.ndarray, b: np.ndarray, message: str) -> None:
    with pytest.raises(RepresentationFault, match=message):
        compare(a, b)


@pytest.mark.parametrize(
    "which", [{"grids": 0}, {"size": 1}, {"gamma": 0}, {"distance": "cosine"}, {"sampling": "x"}]
)
def test_bad_settings_get_one_clear_error(which: dict) -> None:
    with pytest.raises(RepresentationFault, match=next(iter(which))):
        Settings(**which)


def test_a_constant_column_changes_nothing() -> None:
    a, b = pair(100, 11)
    more = np.column_stack([a, np.full(100, 3.0)])
    one, two = compare(a, b, Settings(grids=2)), compare(more, b, Settings(grids=2))
    assert [g.items.tolist() for g in one.forward.grids] == [
        g.items.tolist() for g in two.forward.grids
    ]


def test_small_clusters_give_short_grids_and_say_so() -> None:
    rng = np.random.default_rng(0)
    b = rng.normal(size=(60, 8))
    a = b + 0.01 * rng.normal(size=(60, 8))
    a[:4] = 50 + 0.01 * rng.normal(size=(4, 8))
    found = compare(a, b, Settings(grids=8))
    sizes = [len(grid.items) for grid in found.forward.grids]
    assert min(sizes) < 9
    assert any(
        "gives a grid of" in remark or "no pair" in remark for remark in found.forward.remarks
    )
