"""The extremes of units, their items and their scores, against slow and obvious computations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from diptych_analysis.mis.items import Items, Plan
from diptych_analysis.mis.score import Scale, calibrate, margins, score_activations
from diptych_analysis.networks.extremes import Extremes
from diptych_analysis.networks.faults import MachineFault
from diptych_analysis.networks.store import DiskRows

# Few different values, so that ties are the rule; -0 and 0 tie too.
VALUES = st.sampled_from([-2.5, -1.0, -0.0, 0.0, 1e-30, 0.5, 0.5000001, 3.0])


def ranked(column: npt.NDArray[np.float32]) -> list[int]:
    """Images of one unit: greatest activation first, equals in the order of the images."""
    return sorted(range(len(column)), key=lambda image: (-column[image], image))


@settings(deadline=None)
@given(data=st.data(), images=st.integers(1, 40), units=st.integers(1, 4), keep=st.integers(1, 25))
def test_streamed_extremes_equal_a_full_sort(
    data: st.DataObject, images: int, units: int, keep: int
) -> None:
    activations = data.draw(hnp.arrays(np.float32, (images, units), elements=VALUES))
    cuts = sorted(data.draw(st.sets(st.integers(1, images), max_size=6)) | {images})
    blocks = list(zip([0, *cuts[:-1]], cuts, strict=True))
    order = data.draw(st.permutations(blocks))
    parts = [Extremes.of(activations[a:b], a, keep) for a, b in order if b > a]
    found = parts[0]
    for part in parts[1:]:
        found = found.merged(part)
    for unit in range(units):
        everything = ranked(activations[:, unit])
        assert found.most()[unit].tolist() == everything[:keep]
        assert found.least()[unit].tolist() == everything[::-1][:keep]
    least, greatest = found.range()
    assert np.array_equal(least, activations.min(axis=0))
    assert np.array_equal(greatest, activations.max(axis=0))
    assert found.count == images


def test_both_sides_share_no_image_even_where_all_are_equal() -> None:
    found = Extremes.of(np.zeros((20, 3), np.float32), 0, 10)
    assert not set(found.most()[0]) & set(found.least()[0])
    assert found.constant().all()


def test_a_range_just_above_the_limit_is_not_constant() -> None:
    column = np.array([[0.0, 0.0], [2e-8, 0.5e-8]], np.float32)
    assert Extremes.of(column, 0, 1).constant().tolist() == [False, True]


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_an_activation_that_is_no_number_is_named(bad: float) -> None:
    activations = np.zeros((3, 2), np.float32)
    activations[2, 1] = bad
    with pytest.raises(MachineFault, match=r"unit 1 gives (nan|inf) on image 12"):
        Extremes.of(activations, 10, 2)


@given(n=st.integers(1, 7), k=st.integers(1, 6), spare=st.integers(0, 9))
def test_every_item_gets_one_explanation_of_every_stratum(n: int, k: int, spare: int) -> None:
    images = 2 * n * (k + 1) + spare
    most = np.arange(images)[None, : n * (k + 1)]
    least = np.arange(images)[::-1][None, : n * (k + 1)]
    items = Plan(n, k).items(most, least, images)
    used = [items.positives, items.negatives, items.query_positive, items.query_negative]
    everything = np.concatenate([part.ravel() for part in used])
    assert len(set(everything)) == len(everything) == 2 * n * (k + 1)  # no image twice
    for item in range(n):
        strata = items.positives[0, item] // n  # ranks, as images are numbered by rank here
        assert strata.tolist() == list(range(k))
        assert ((images - 1 - items.negatives[0, item]) // n).tolist() == list(range(k))
    assert items.query_positive[0].tolist() == list(range(n * k, n * (k + 1)))


def test_percentile_queries_stand_at_the_percentile() -> None:
    images = 1000
    order = np.arange(images)[None, :]
    items = Plan(5, 3, percentile=2).items(order, order[:, ::-1], images)
    assert items.query_positive[0].tolist() == [20, 21, 22, 23, 24]
    assert items.query_negative[0].tolist() == [979, 978, 977, 976, 975]
    assert Plan(5, 3, percentile=2).name == "p2-98"


@pytest.mark.parametrize("arguments", [{"n": 0}, {"k": 0}, {"percentile": 50}, {"percentile": -1}])
def test_a_plan_that_can_not_be_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(MachineFault):
        Plan(**arguments)


def test_too_few_images_tell_how_many_are_needed() -> None:
    with pytest.raises(MachineFault, match=r"39 images are too few for N = 2 .*: 40 are needed"):
        Plan(2, 9).keep(39)
    assert Plan(2, 9).keep(40) == 20


def slow_margin(
    features: npt.NDArray[np.float32], up: int, down: int, plus: list[int], minus: list[int]
) -> float:
    """Eq. 1-3, a pair of images at a time."""

    def s(query: int, explanations: list[int]) -> float:
        pairs = [float(features[query].astype(float) @ features[e]) for e in explanations]
        return sum(pairs) / len(pairs)

    return (s(up, plus) - s(up, minus)) - (s(down, plus) - s(down, minus))


def drawn(seed: int, images: int, width: int, units: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(images, width)).astype(np.float32)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    activations = (features[:, :1] * rng.normal(size=units)).astype(np.float32)
    return features, activations + rng.normal(0, 0.1, size=(images, units)).astype(np.float32)


@pytest.mark.parametrize(("n", "k"), [(1, 1), (1, 4), (5, 1), (4, 3)])
def test_margins_equal_the_equations_pair_by_pair(n: int, k: int) -> None:
    features, activations = drawn(n + 10 * k, 2 * n * (k + 1) + 7, 6, 5)
    items, found = score_activations(activations, features, Plan(n, k))
    for unit in range(5):
        order = ranked(activations[:, unit])
        for item in range(n):
            plus = [order[j * n + (item + j) % n] for j in range(k)]
            minus = [order[::-1][j * n + (item + j) % n] for j in range(k)]
            up, down = order[n * k + item], order[::-1][n * k + item]
            assert items.positives[unit, item].tolist() == plus
            assert items.negatives[unit, item].tolist() == minus
            wanted = slow_margin(features, up, down, plus, minus)
            assert found[unit, item] == pytest.approx(wanted, abs=1e-6)


def test_gathering_from_disk_equals_comparing_all_pairs(tmp_path: Any) -> None:
    features, activations = drawn(3, 90, 8, 11)
    items, found = score_activations(activations, features, Plan(4, 3))
    np.save(tmp_path / "features.npy", features)
    rows = DiskRows(tmp_path / "features.npy")
    one_unit = Items(*(part[:1] for part in vars(items).values()))  # fewer numbers than images
    assert np.allclose(margins(rows, one_unit), found[:1], atol=1e-6)
    from diptych_analysis.mis import score

    assert np.allclose(score._by_gathering(rows, items), found, atol=1e-6)
    order = np.random.default_rng(0).permutation(90)
    dealt = DiskRows(tmp_path / "features.npy", order)
    assert np.allclose(
        score._by_gathering(dealt, items), score._by_gram(features[order], items), atol=1e-6
    )


@given(seed=st.integers(0, 999), value=st.floats(0.001, 1e3))
@settings(deadline=None)
def test_exchanging_the_explanations_turns_p_into_its_complement(seed: int, value: float) -> None:
    features, activations = drawn(seed, 40, 5, 3)
    items, found = score_activations(activations, features, Plan(2, 4))
    for reading in ("temperature", "product"):
        scale = Scale(value, reading)  # type: ignore[arg-type]
        p, q = scale.probability(found), scale.probability(margins(features, items.swapped()))
        assert np.allclose(p + q, 1, atol=1e-4)
        assert ((p >= 0) & (p <= 1)).all()


def test_both_readings_of_alpha() -> None:
    assert Scale(0.16, "temperature").probability(0.08) == pytest.approx(1 / (1 + math.exp(-0.5)))
    assert Scale(0.16, "product").probability(0.08) == pytest.approx(1 / (1 + math.exp(-0.0128)))
    assert Scale(1e-9).probability([-1.0, 1.0]).tolist() == [0.0, 1.0]  # no overflow
    with pytest.raises(MachineFault, match="temperature or product"):
        Scale(0.16, "factor")  # type: ignore[arg-type]
    with pytest.raises(MachineFault, match="greater than 0"):
        Scale(0.0)


@pytest.mark.parametrize("true", [0.02, 0.16, 1.5])
def test_calibration_finds_the_scale_that_made_the_scores(true: float) -> None:
    rng = np.random.default_rng(4)
    given_margins = rng.normal(0.1, 0.1, size=(40, 6)) * true / 0.16
    his = Scale(true).probability(given_margins).mean(axis=1)
    fitted = calibrate(given_margins, his)
    assert fitted.value == pytest.approx(true, rel=1e-3)
    assert fitted.calibrated and fitted.reading == "temperature"
    with pytest.raises(MachineFault, match="do not match"):
        calibrate(given_margins, his[:3])
