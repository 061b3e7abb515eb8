"""RSVC: dictionaries, similarities of planted concepts, importance, replacement, grids, layers."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from scipy.optimize import nnls
from torch import nn

from diptych_analysis.representations.faults import RepresentationFault
from diptych_analysis.representations.rsvc.comparison import (
    Comparison,
    PatchSet,
    Settings,
    compare_concepts,
)
from diptych_analysis.representations.rsvc.dictionary import learn_dictionary, nonnegative
from diptych_analysis.representations.rsvc.grids import concept_grids
from diptych_analysis.representations.rsvc.heads import Head, target_of
from diptych_analysis.representations.rsvc.importance import contributions, importance
from diptych_analysis.representations.rsvc.layerwise import correlations, layer_similarity
from diptych_analysis.representations.rsvc.planted import Planted, planted_pair
from diptych_analysis.representations.rsvc.replacement import replacement_test
from diptych_analysis.representations.rsvc.similarity_intervals import similarity_intervals

SHARED = 4


@pytest.fixture(scope="module")
def planted() -> Planted:
    return planted_pair(SHARED, only_b=1)


def compared(a: PatchSet, b: PatchSet, concepts: int = SHARED + 1) -> Comparison:
    return compare_concepts(a.a, a.b, a, b, Settings(concepts=concepts))


def best_match(found: np.ndarray, true: np.ndarray) -> np.ndarray:
    """The found concept that follows each true one most, and how closely."""
    table = np.corrcoef(found.T, true.T)[: found.shape[1], found.shape[1] :]
    return np.array([table.argmax(axis=0), table.max(axis=0)])


# Dictionaries


@pytest.mark.parametrize("kind", ["nmf", "semi-nmf"])
def test_planted_concepts_are_found_up_to_order_and_scale(planted: Planted, kind: str) -> None:
    found = learn_dictionary(planted.training.b, SHARED + 1, kind=kind)  # type: ignore[arg-type]
    units = found.concepts / np.linalg.norm(found.concepts, axis=1, keepdims=True)
    true = planted.concepts_b / np.linalg.norm(planted.concepts_b, axis=1, keepdims=True)
    cosine = units @ true.T
    best = max(np.trace(cosine[list(order)]) for order in permutations(range(SHARED + 1)))
    assert best / (SHARED + 1) > 0.95
    assert found.kind == kind and found.converged and found.error < 0.3


def test_the_coefficients_follow_the_planted_ones(planted: Planted) -> None:
    found = learn_dictionary(planted.training.b, SHARED + 1)
    names, closeness = best_match(found.coefficients(planted.evaluation.b), planted.coefficients)
    assert sorted(names) == list(range(SHARED + 1))
    assert closeness.min() > 0.98


@examples(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(1, 20), k=st.integers(1, 8), d=st.integers(1, 30))
def test_coefficients_equal_nonnegative_least_squares_on_the_same_concepts(
    seed: int, n: int, k: int, d: int
) -> None:
    rng = np.random.default_rng(seed)
    concepts, rows = rng.normal(size=(k, d)), rng.normal(size=(n, d))
    found = nonnegative(rows, concepts)
    assert found.shape == (n, k) and found.min() >= 0
    for row, own in zip(rows, found, strict=True):
        slow, residual = nnls(concepts.T, row)
        assert np.linalg.norm(row - own @ concepts) == pytest.approx(residual, abs=1e-6)
        if k <= d:
            assert own == pytest.approx(slow, abs=1e-6)


def test_coefficients_are_those_of_the_fit_when_it_is_exact() -> None:
    # The authors' code passes W to NMF, which ignores it and fits another dictionary.
    rng = np.random.default_rng(0)
    used, concepts = rng.gamma(1, 1, (200, 3)), rng.gamma(1, 1, (3, 20))
    assert nonnegative(used @ concepts, concepts) == pytest.approx(used, abs=1e-8)


def test_a_signed_layer_gets_semi_nmf_and_its_error_falls() -> None:
    rng = np.random.default_rng(0)
    signed = rng.gamma(1, 1, (300, 4)) @ rng.normal(size=(4, 30))
    found = learn_dictionary(signed, 4)
    short = learn_dictionary(signed, 4, iterations=10)
    assert found.kind == "semi-nmf" and found.converged
    assert found.error < short.error and not short.converged
    assert nonnegative(signed, found.concepts).min() >= 0


def test_more_concepts_than_rank_leave_the_similarities_finite(planted: Planted) -> None:
    low = replace(planted.training, a=planted.training.a[:, :1] * np.ones((1, 6)))
    new = replace(planted.evaluation, a=planted.evaluation.a[:, :1] * np.ones((1, 6)))
    found = compared(low, new, concepts=7)
    assert len(found.a.dictionary) + found.a.dictionary.dead == 7
    assert np.isfinite(found.frame()[["cmcs", "smcs"]]).all(axis=None)


# Similarities


def test_a_concept_of_one_network_only_has_no_similarity(planted: Planted) -> None:
    found = compared(planted.training, planted.evaluation)
    names, _ = best_match(found.b.coefficients, planted.coefficients)
    similarity = found.b.cmcs[names.astype(int)]
    assert abs(similarity[SHARED]) < 0.1
    assert similarity[:SHARED].min() > 0.9
    assert found.b.smcs.min() > 0.9


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 5))
def test_the_lonely_concept_is_found_with_other_seeds(seed: int) -> None:
    planted = planted_pair(SHARED, only_b=1, seed=seed)
    found = compared(planted.training, planted.evaluation)
    names, _ = best_match(found.b.coefficients, planted.coefficients)
    similarity = found.b.cmcs[names.astype(int)]
    assert abs(similarity[SHARED]) < 0.1 and similarity[:SHARED].min() > 0.9
    back, _ = best_match(found.a.coefficients, planted.coefficients[:, :SHARED])
    assert found.a.cmcs[back.astype(int)].min() > 0.9


def test_a_network_beside_itself_has_equal_similarities(planted: Planted) -> None:
    own = planted.training.b
    twice = replace(planted.training, a=own), replace(planted.evaluation, a=planted.evaluation.b)
    found = compared(*twice)
    assert found.a.cmcs == pytest.approx(found.a.smcs, abs=1e-9)
    assert found.a.cmcs == pytest.approx(found.b.cmcs, abs=1e-9)
    assert found.a.cmcs.min() > 0.95


def test_swapping_the_networks_swaps_the_results(planted: Planted) -> None:
    def swapped(patches: PatchSet) -> PatchSet:
        return PatchSet(patches.images, patches.b, patches.a)

    one = compared(planted.training, planted.evaluation)
    two = compared(swapped(planted.training), swapped(planted.evaluation))
    assert one.a.cmcs == pytest.approx(two.b.cmcs, abs=1e-6)
    assert one.b.smcs == pytest.approx(two.a.smcs, abs=1e-6)


def test_an_invertible_map_of_the_predicting_network_keeps_the_information(
    planted: Planted,
) -> None:
    rng = np.random.default_rng(0)
    turn, _ = np.linalg.qr(rng.normal(size=(64, 64)))
    seen = replace(planted.training, a=planted.training.a @ turn)
    new = replace(planted.evaluation, a=planted.evaluation.a @ turn)
    plain, turned = (
        compared(planted.training, planted.evaluation),
        compare_concepts(seen.a, seen.b, seen, new, Settings(concepts=SHARED + 1)),
    )
    assert turned.b.cmcs == pytest.approx(plain.b.cmcs, abs=0.05)


def test_independent_activations_have_no_similarity() -> None:
    rng = np.random.default_rng(0)
    images = np.arange(1600) // 16

    def patches(first: int) -> PatchSet:
        return PatchSet(
            first + images,
            np.maximum(rng.normal(size=(1600, 20)), 0),
            np.maximum(rng.normal(size=(1600, 20)), 0),
        )

    found = compare_concepts(
        *(lambda own: (own.a, own.b, own, patches(100)))(patches(0)),
        Settings(concepts=4, alpha=0.001),
    )
    assert np.abs(found.frame()["cmcs"]).max() < 3 / np.sqrt(1600)


def test_a_penalty_that_leaves_no_weight_is_flagged_with_similarity_zero(planted: Planted) -> None:
    seen, new = planted.training, planted.evaluation
    found = compare_concepts(seen.a, seen.b, seen, new, Settings(concepts=5, alpha=5.0)).frame()
    assert (found["cmcs"] == 0).all() and found["cmcs_constant"].all()
    assert (found["cmcs_units"] == 0).all() and found["smcs_constant"].all()


def test_evaluation_never_uses_training_images(planted: Planted) -> None:
    seen = planted.training
    mixed = replace(planted.evaluation, images=planted.evaluation.images - 1)
    with pytest.raises(RepresentationFault, match="1 images are in both"):
        compare_concepts(seen.a, seen.b, seen, mixed)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda a: a[:40], r"3 training images; at least 5"),
        (lambda a: np.where(np.arange(len(a))[:, None] == 7, np.nan, a), r"row 7, column 0 is nan"),
        (lambda a: np.zeros_like(a), r"all are zero"),
    ],
)
def test_unusable_activations_are_refused(planted: Planted, change: object, message: str) -> None:
    wrong = change(planted.training.a)  # type: ignore[operator]
    seen = PatchSet(planted.training.images[: len(wrong)], wrong, planted.training.b[: len(wrong)])
    with pytest.raises(RepresentationFault, match=message):
        compare_concepts(wrong, seen.b, seen, planted.evaluation)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"concepts": 0}, "concepts 0"),
        ({"folds": 1}, "folds 1"),
        ({"alpha": 0.0}, "alpha 0.0"),
        ({"kind": "pca"}, "dictionary 'pca': allowed are auto, nmf, semi-nmf"),
        ({"concepts": 5000}, "5000 concepts from 960 patches"),
        ({"folds": 61}, "61 folds of 60 images"),
    ],
)
def test_unusable_settings_are_refused(planted: Planted, given: dict, message: str) -> None:
    seen = planted.training
    with pytest.raises(RepresentationFault, match=message):
        compare_concepts(seen.a, seen.b, seen, planted.evaluation, Settings(**given))


def test_intervals_equal_a_bootstrap_that_copies_images() -> None:
    rng = np.random.default_rng(0)
    images = np.repeat(np.arange(12), rng.integers(1, 6, 12))
    left = rng.normal(size=(len(images), 2)) + images[:, None] / 4
    right = left + rng.normal(size=left.shape)
    low, high = similarity_intervals(left, right, images, draws=200, seed=3)
    counts = np.random.default_rng(3).multinomial(12, np.full(12, 1 / 12), size=200)
    for column in range(2):
        slow = []
        for drawn in counts:
            rows = np.concatenate(
                [np.flatnonzero(images == i) for i in np.repeat(np.arange(12), drawn)]
            )
            slow.append(np.corrcoef(left[rows, column], right[rows, column])[0, 1])
        ends = np.quantile(slow, [0.025, 0.975])
        assert [low[column], high[column]] == pytest.approx(ends)


def test_intervals_hold_the_similarity_and_shrink_with_images(planted: Planted) -> None:
    rows = compared(planted.training, planted.evaluation).frame()
    known = rows[~rows["cmcs_constant"]]
    assert (known["cmcs_low"] <= known["cmcs"]).all()
    assert (known["cmcs"] <= known["cmcs_high"]).all()
    rng = np.random.default_rng(1)
    few, many = (
        np.subtract(*similarity_intervals(*rng.normal(size=(2, n, 1)), np.arange(n))[::-1])
        for n in (20, 2000)
    )
    assert many[0] < few[0] / 5


# Importance and replacement


def linear_head(d: int, classes: int, seed: int = 0) -> Head:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Head(nn.Linear(d, classes))


class NormHead(nn.Module):
    """A head with a norm layer, in double precision."""

    def __init__(self, d: int, classes: int) -> None:
        super().__init__()
        self.norm, self.fc = nn.LayerNorm(d), nn.Linear(d, classes)
        self.double()

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        return self.fc(self.norm(given + 1 + torch.arange(given.shape[1])))


@pytest.fixture
def used() -> np.ndarray:
    return np.random.default_rng(5).gamma(1, 1, (30, 4))


@pytest.fixture
def concepts() -> np.ndarray:
    return np.random.default_rng(6).gamma(1, 1, (4, 12))


def gain(head: Head, used: np.ndarray, concepts: np.ndarray, classes: list, target: str) -> object:
    rows = head.logits(np.stack([used @ concepts, 0 * used @ concepts]).reshape(-1, 12))
    values = target_of(rows, classes, target)
    return values[: len(used)] - values[len(used) :]


@pytest.mark.parametrize("classes", [[2], [0, 3]])
def test_contributions_of_a_linear_head_add_up_exactly(used, concepts, classes) -> None:
    head = linear_head(12, 5)
    found = contributions(used, concepts, head, classes)
    assert found.sum(axis=1) == pytest.approx(gain(head, used, concepts, classes, "logit"))


@pytest.mark.parametrize("target", ["logit", "loss"])
@pytest.mark.parametrize("kind", ["linear", "norm"])
@pytest.mark.parametrize("classes", [[2], [0, 3]])
def test_contributions_add_up(used, concepts, classes, kind: str, target: str) -> None:
    head = linear_head(12, 5) if kind == "linear" else Head(NormHead(12, 5))
    found = contributions(used, concepts, head, classes, target=target)  # type: ignore[arg-type]
    wanted = gain(head, used, concepts, classes, target)
    assert np.abs(found.sum(axis=1) - wanted).max() < 0.01 * np.abs(wanted).max()


@pytest.mark.parametrize("target", ["logit", "loss"])
def test_the_closed_form_equals_autograd(used, concepts, target: str) -> None:
    head = linear_head(12, 5)
    slow = Head(nn.Sequential(head.module.double()))
    wanted = contributions(used, concepts, slow, [1, 2], target=target)  # type: ignore[arg-type]
    found = contributions(used, concepts, head, [1, 2], target=target)  # type: ignore[arg-type]
    assert found == pytest.approx(wanted, abs=1e-9)


def test_importance_is_relative_to_the_largest() -> None:
    assert importance(np.array([[1.0, -4.0], [3.0, -4.0]])) == pytest.approx([0.5, -1])
    assert importance(np.zeros((3, 2))) == pytest.approx([0, 0])


def test_replacing_a_column_by_itself_changes_nothing(used, concepts) -> None:
    found = replacement_test(used, used, used, concepts, linear_head(12, 5))
    assert (found["l2"] == 0).all() and (found["match"] == 1).all()
    assert found["kl"].abs().max() < 1e-12


@pytest.mark.parametrize("strength", [1.0, 0.5])
def test_replacement_equals_the_reconstruction_column_by_column(
    used, concepts, strength: float
) -> None:
    rng = np.random.default_rng(0)
    cross, same = rng.normal(size=(2, 30, 4))
    head = linear_head(12, 5)
    found = replacement_test(used, cross, same, concepts, head, strength=strength)
    for i in range(4):
        other, own = used.copy(), used.copy()
        other[:, i] = strength * cross[:, i] + (1 - strength) * used[:, i]
        own[:, i] = strength * same[:, i] + (1 - strength) * used[:, i]
        rows = np.linalg.norm(other @ concepts - own @ concepts, axis=1)
        p, q = (
            torch.from_numpy(head.logits(table @ concepts)).log_softmax(1) for table in (own, other)
        )
        assert found["l2"][i] == pytest.approx(rows.mean())
        kl = nn.functional.kl_div(q, p, log_target=True, reduction="batchmean")
        assert found["kl"][i] == pytest.approx(float(kl))
        assert found["match"][i] == float((p.argmax(1) == q.argmax(1)).double().mean())


@pytest.mark.parametrize("strength", [0.0, 1.5])
def test_a_replacement_of_no_share_is_refused(used, concepts, strength: float) -> None:
    with pytest.raises(RepresentationFault, match="strength"):
        replacement_test(used, used, used, concepts, None, strength=strength)


# Layers and grids


def test_layer_similarity_equals_correlations_pair_by_pair() -> None:
    rng = np.random.default_rng(0)
    a = {f"a{i}": rng.gamma(1, 1, (50, 3 + i)) for i in range(3)}
    b = {f"b{i}": rng.gamma(1, 1, (50, 5 - i)) for i in range(2)}
    found = layer_similarity(a, b).set_index(["layer_a", "layer_b"])
    for one, left in a.items():
        for two, right in b.items():
            table = np.corrcoef(left.T, right.T)[: left.shape[1], left.shape[1] :]
            first, second = table.max(axis=1).mean(), table.max(axis=0).mean()
            row = found.loc[(one, two)]
            assert row["mcs_a"] == pytest.approx(first)
            assert row["mcs_b"] == pytest.approx(second)
            assert row["mmcs"] == pytest.approx((first + second) / 2)
    back = layer_similarity(b, a).set_index(["layer_b", "layer_a"])
    assert back.loc[found.index, "mmcs"].to_numpy() == pytest.approx(found["mmcs"].to_numpy())
    assert found.max(axis=None) <= 1


def test_layers_of_different_patches_are_refused() -> None:
    with pytest.raises(RepresentationFault, match="same patches"):
        layer_similarity({"a": np.ones((3, 2))}, {"b": np.ones((4, 2))})


def test_a_constant_column_correlates_with_nothing() -> None:
    rng = np.random.default_rng(0)
    table = rng.normal(size=(20, 2))
    flat = np.column_stack([np.full(20, 0.1), table[:, 1]])
    assert correlations(table, flat) == pytest.approx([0, 1])


@examples(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    images=st.integers(1, 60),
    patches=st.integers(1, 6),
    size=st.integers(1, 9),
)
def test_grids_are_disjoint_with_one_patch_per_image(
    seed: int, images: int, patches: int, size: int
) -> None:
    rng = np.random.default_rng(seed)
    n = images * patches
    image = np.arange(n) // patches
    real, predicted = np.maximum(rng.normal(size=(2, n)), 0)
    found = concept_grids(real, predicted, image, size)
    grids = [found.top, found.under, found.over]
    for rows in grids:
        assert len(rows) <= size and len(set(image[rows])) == len(rows)
    assert len(set(np.concatenate(grids))) == sum(map(len, grids))
    assert (real[found.under] > predicted[found.under]).all()
    assert (real[found.over] < predicted[found.over]).all()
    # By hand: the largest coefficient of each image, in order.
    largest = sorted((max(real[image == i]) for i in range(images)), reverse=True)
    assert list(real[found.top]) == [value for value in largest[:size] if value > 0]
    barred = set(largest[:10])
    assert not barred & set(real[found.under]) - {0.0}
