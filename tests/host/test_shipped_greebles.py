"""The Greebles' attributes: what carries the class, how much, and that pictures show it."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from PIL import Image
from support.shipped import built, generator

CLASSES = ("Agara", "Bari", "Cooka")
PAIRS = ((0, 1), (0, 2), (1, 2))
MEANINGLESS = ("body_width", "head_size", "head_width")
Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sampled() -> tuple[dict[str, Array], Array]:
    """Attributes of 6,000 creatures a class, and their classes."""
    rng = np.random.default_rng(11)
    parts = [generator("greebles").sample_attributes(label, 6000, rng) for label in range(3)]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return columns, np.repeat(np.arange(3), 6000)


def nearest_mean(values: Array, label: Array, classes: tuple[int, ...]) -> float:
    """Accuracy of naming the class with the nearest mean, learned on one half of the creatures."""
    use = np.isin(label, classes)
    values, label = values[use], label[use]
    learn = np.arange(len(label)) % 2 == 0
    means = np.array([values[learn & (label == c)].mean() for c in classes])
    said = np.array(classes)[np.abs(values[~learn, None] - means).argmin(axis=1)]
    return float((said == label[~learn]).mean())


@pytest.mark.parametrize("name", MEANINGLESS)
def test_meaningless_attributes_do_not_tell_the_class(
    name: str, sampled: tuple[dict[str, Array], Array]
) -> None:
    columns, label = sampled
    assert nearest_mean(columns[name], label, (0, 1, 2)) == pytest.approx(1 / 3, abs=0.03)


def test_each_pair_is_told_apart_by_what_the_thesis_says(
    sampled: tuple[dict[str, Array], Array],
) -> None:
    """Fig. 2.7: Agara and Bari by body size, Cooka from both by the two colour channels."""
    columns, label = sampled
    by = {
        name: {pair: nearest_mean(columns[name], label, pair) for pair in PAIRS}
        for name in ("body_size", "red", "green")
    }
    assert by["body_size"][0, 1] > 0.8
    assert max(by["red"][0, 1], by["green"][0, 1]) < 0.62
    for pair in PAIRS[1:]:
        assert min(by["red"][pair], by["green"][pair]) > 0.74
        assert min(by["red"][pair], by["green"][pair]) > by["body_size"][pair]
    assert all(accuracy < 0.92 for pairs in by.values() for accuracy in pairs.values())


def test_an_ideal_observer_is_right_four_times_in_five(
    sampled: tuple[dict[str, Array], Array],
) -> None:
    """Bayes' rule with normal densities fitted to one half of the creatures."""
    columns, label = sampled
    x = np.stack(list(columns.values()), axis=1)
    learn = np.arange(len(label)) % 2 == 0
    score = []
    for c in range(3):
        own = x[learn & (label == c)]
        offset = x[~learn] - own.mean(axis=0)
        covariance = np.cov(own.T)
        distance = np.einsum("ij,jk,ik->i", offset, np.linalg.inv(covariance), offset)
        score.append(-0.5 * distance - 0.5 * np.linalg.slogdet(covariance)[1])
    accuracy = (np.argmax(score, axis=0) == label[~learn]).mean()
    assert 0.80 < accuracy < 0.85


@pytest.fixture(scope="module")
def pictures() -> tuple[Array, dict[str, Array]]:
    """270 pictures (270, 128, 128, 3) between 0 and 1, and their attributes."""
    folder = built("greebles", seed=3, per_class=90)
    with (folder / "stimuli.csv").open(newline="", encoding="utf-8") as file:
        manifest = list(csv.DictReader(file))
    images = np.array([np.asarray(Image.open(folder / row["file"])) for row in manifest]) / 255
    names = [name for name in manifest[0] if name not in ("file", "label")]
    return images, {name: np.array([float(row[name]) for row in manifest]) for name in names}


def test_the_belly_has_the_colour_of_the_manifest(
    pictures: tuple[Array, dict[str, Array]],
) -> None:
    images, attributes = pictures
    belly = images[:, 92:104, 58:70].reshape(len(images), -1, 3)
    for channel, name in enumerate(("red", "green")):
        # Shading dims all three channels alike, and blue is the same for all.
        shown = belly[..., channel].mean(axis=1) / belly[..., 2].mean(axis=1)
        assert np.corrcoef(shown, attributes[name])[0, 1] > 0.97


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("body_size", 0.95),
        ("body_width", 0.95),
        ("head_width", 0.9),
        ("red", 0.95),
        ("green", 0.95),
    ],
)
def test_attributes_can_be_read_off_the_pixels(
    name: str, least: float, pictures: tuple[Array, dict[str, Array]]
) -> None:
    """Share of variance that a ridge regression on 32 x 32 pixels explains in unseen pictures."""
    images, attributes = pictures
    small = images.reshape(len(images), 32, 4, 32, 4, 3).mean(axis=(2, 4)).reshape(len(images), -1)
    learn, unseen = slice(0, 210), slice(210, None)
    x, y = small - small[learn].mean(axis=0), attributes[name] - attributes[name][learn].mean()
    kernel = x[learn] @ x[learn].T + 0.05 * np.eye(210)
    guess = x[unseen] @ x[learn].T @ np.linalg.solve(kernel, y[learn])
    left = ((y[unseen] - guess) ** 2).sum() / ((y[unseen] - y[unseen].mean()) ** 2).sum()
    assert 1 - left > least


def test_the_head_is_as_tall_as_the_manifest_says(
    pictures: tuple[Array, dict[str, Array]],
) -> None:
    """From the top of the head to the pupils is a fixed share of the head's height."""
    images, attributes = pictures
    spans = []
    for image in images:
        wall = image[:, :3].max(axis=1)[:, None]
        creature = ((wall - image) > 0.08).any(axis=2)
        top = np.nonzero(creature.sum(axis=1) > 11)[0][0]  # the antenna is thinner
        pupils = np.nonzero(image.max(axis=2) < 0.25)[0]
        spans.append(pupils.mean() - top)
    assert np.corrcoef(spans, attributes["head_size"])[0, 1] > 0.9
