"""Scenes and walks of the number sense: what each image must hold, checked image by image."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import label

from diptych_analysis.numerosity.actions import PUT, SHAKE, TAKE, random_walk, walk_counts
from diptych_analysis.numerosity.analyses.covariates import covariates
from diptych_analysis.numerosity.faults import NumerosityFault
from diptych_analysis.numerosity.scenes import Look, Scenes, random_scenes, scenes_of

SEEDS = st.integers(0, 2**32 - 1)
LOOKS = st.sampled_from([Look.of(s, p) for s in "AB" for p in (64, 96, 244)])


def drawn_slowly(scenes: Scenes) -> np.ndarray:
    """The images, one square after the other."""
    images = np.zeros((len(scenes), scenes.pixels, scenes.pixels), np.uint8)
    for i in range(len(scenes)):
        for j in range(scenes.sides.shape[1]):
            x, y, side = scenes.left[i, j], scenes.top[i, j], scenes.sides[i, j]
            images[i, y : y + side, x : x + side] = scenes.intensities[i, j]
    return images


def gap(scenes: Scenes, image: int, a: int, b: int) -> int:
    """Pixels between two squares, in the direction in which they are further apart."""
    gaps = []
    for at in (scenes.left[image], scenes.top[image]):
        first, second = sorted((a, b), key=lambda j: at[j])
        gaps.append(int(at[second] - at[first] - scenes.sides[image, first]))
    return max(gaps)


@given(LOOKS, st.lists(st.integers(0, 12), min_size=1, max_size=6), SEEDS)
def test_squares_are_inside_apart_and_counted(look: Look, counts: list[int], seed: int) -> None:
    scenes = random_scenes(counts, look, np.random.default_rng(seed))
    images = scenes.images()
    assert np.array_equal(scenes.counts, counts)
    assert np.array_equal(images, drawn_slowly(scenes))
    for i, count in enumerate(counts):
        there = range(count)
        assert all(gap(scenes, i, a, b) >= look.clearance for a in there for b in there if a < b)
        _, parts = label(images[i] > 0, np.ones((3, 3)))
        assert parts == count
        sides, grey = scenes.sides[i, :count], scenes.intensities[i, :count]
        assert np.all((sides >= look.sides[0]) & (sides <= look.sides[1]))
        assert np.all((grey >= look.intensities[0]) & (grey <= look.intensities[1]))
    values = covariates(scenes)
    assert np.array_equal(values["intensity"], images.astype(int).sum((1, 2)))
    assert np.array_equal(values["area"], (images > 0).sum((1, 2)))


def test_thirty_objects_fit_and_every_size_occurs() -> None:
    look = Look.of("B", 64)
    scenes = random_scenes(np.full(60, 30), look, np.random.default_rng(0))
    assert (look.sides, look.clearance) == ((3, 8), 1)
    assert set(np.unique(scenes.sides)) == set(range(3, 9))
    # Drawing a whole image again, not its last square, keeps the mean size: (3 + 8) / 2.
    assert abs(scenes.sides.mean() - 5.5) < 4 * scenes.sides.std() / np.sqrt(scenes.sides.size)


def test_the_published_sizes() -> None:
    assert Look.of("A", 244).sides == (15, 15)
    assert Look.of("B", 244) == Look(244, (10, 30), (25, 255), 3, 3, 5)


@given(st.integers(1, 300), st.integers(1, 8), st.integers(1, 3), SEEDS)
def test_a_walk_takes_only_possible_actions(
    steps: int, limit: int, action_size: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    actions, counts = walk_counts(steps, limit, rng, action_size=action_size)
    assert counts[0] == 0 and counts.min() >= 0 and counts.max() <= limit
    assert not np.any((actions == TAKE) & (counts[:-1] == 0))
    assert not np.any((actions == PUT) & (counts[:-1] == limit))
    change = np.diff(counts)
    assert np.array_equal(np.sign(change), actions - SHAKE)
    assert np.abs(change).max() <= action_size
    if action_size == 1:
        assert np.array_equal(change, actions - SHAKE)


def test_the_balance_of_actions() -> None:
    """Up to three objects, n has 2, 3, 3, 2 actions and is visited in proportion: 0.3, 0.4, 0.3."""
    actions, counts = walk_counts(100_000, 3, np.random.default_rng(0))
    shares = np.bincount(actions) / len(actions)
    assert shares == pytest.approx([0.3, 0.4, 0.3], abs=0.01)
    assert np.bincount(counts) / len(counts) == pytest.approx([0.2, 0.3, 0.3, 0.2], abs=0.015)


@given(SEEDS, st.integers(1, 5))
def test_jitter_keeps_objects(seed: int, limit: int) -> None:
    look = Look.of("B", 64)
    walk = random_walk(40, limit, look, np.random.default_rng(seed), jitter=True)
    scenes = walk.scenes
    for i in np.flatnonzero(walk.actions == SHAKE):
        for values, most in (
            (scenes.sides, look.jitter_side),
            (scenes.intensities, look.jitter_intensity),
        ):
            # Numbers that move by at most m stay within m of each other in sorted order, too.
            before, after = np.sort(values[i]), np.sort(values[i + 1])
            assert np.abs(before - after).max() <= most
    shaken = (walk.actions == SHAKE) & (walk.scenes.counts[:-1] == limit)
    if shaken.sum() > 3:
        assert not np.array_equal(scenes.left[:-1][shaken], scenes.left[1:][shaken])


def test_intensity_tells_the_number_of_equal_objects_only() -> None:
    found = {}
    for statistics in "AB":
        walk = random_walk(2000, 3, Look.of(statistics, 64), np.random.default_rng(1))
        intensity = walk.scenes.images().sum((1, 2), dtype=np.int64)
        found[statistics] = np.corrcoef(intensity, walk.scenes.counts)[0, 1]
    assert found["A"] == pytest.approx(1)
    assert found["B"] < 0.85


def test_the_same_seed_draws_the_same_images() -> None:
    look = Look.of("B", 64)
    one, two, other = (
        random_walk(50, 3, look, np.random.default_rng(seed)).scenes.images() for seed in (7, 7, 8)
    )
    assert np.array_equal(one, two) and not np.array_equal(one, other)


def test_what_does_not_fit_is_a_fault() -> None:
    look = Look.of("A", 64)
    with pytest.raises(NumerosityFault, match=r"400 objects .* do not fit into 64 x 64 pixels"):
        scenes_of(np.full((1, 400), 4), np.full((1, 400), 9), look, np.random.default_rng(0))
    with pytest.raises(NumerosityFault, match="objects 'C': allowed are A, B"):
        Look.of("C", 64)
    with pytest.raises(NumerosityFault, match="16 pixels: at least 32"):
        Look.of("A", 16)
    with pytest.raises(NumerosityFault, match="limit 0"):
        walk_counts(5, 0, np.random.default_rng(0))
