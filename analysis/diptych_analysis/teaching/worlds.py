"""Simulated images: points in a space of features, some of them easy to mistake."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

CLASSES, DIMENSIONS = 3, 6
POOL, UNSEEN = 120, 30
SEPARATION, SPREAD = 1.0, 0.5
HARD, PULL = 0.35, 0.4


@dataclass(frozen=True)
class World:
    """Simulated images and their classes.

    Attributes
    ----------
    features : ndarray of shape (n_images, n_dimensions)
        Where each image is in the space of features.
    labels : ndarray of shape (n_images,)
        The true class of each image, from 0.
    hard : ndarray of bool of shape (n_images,)
        Whether the image looks like the next class.
    pool, unseen : ndarray of int
        Numbers of the images that can be taught, and of those that only measure.
    """

    features: Floats
    labels: Ints
    hard: npt.NDArray[np.bool_]
    pool: Ints
    unseen: Ints

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return int(self.labels.max()) + 1


def make_world(rng: np.random.Generator) -> World:
    """Draw a world of three classes, with 35 % hard images in the pool and among the unseen.

    The mean of a class is a random point. A hard image is pulled 40 % of the way to the mean of
    the next class, so it still is nearer to the mean of its own class than to that one.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where the randomness comes from.

    Returns
    -------
    World
        120 images to teach with and 30 unseen ones, classes equally often in both.
    """
    means = rng.normal(0, SEPARATION, (CLASSES, DIMENSIONS))
    labels = np.concatenate([np.arange(n) % CLASSES for n in (POOL, UNSEEN)])
    rank = np.concatenate([np.arange(n) // CLASSES for n in (POOL, UNSEEN)])
    size = np.repeat([POOL // CLASSES, UNSEEN // CLASSES], [POOL, UNSEEN])
    hard = rank < np.round(HARD * size)
    pull = np.where(hard, PULL, 0.0)[:, None]
    centres = (1 - pull) * means[labels] + pull * means[(labels + 1) % CLASSES]
    features = centres + rng.normal(0, SPREAD, (POOL + UNSEEN, DIMENSIONS))
    everything = np.arange(POOL + UNSEEN)
    return World(standardised(features), labels, hard, everything[:POOL], everything[POOL:])


def standardised(features: Floats) -> Floats:
    """Return features of mean 0 and standard deviation 1; a constant feature becomes 0.

    Parameters
    ----------
    features : ndarray of shape (n_images, n_dimensions)
        Raw features.

    Returns
    -------
    ndarray of shape (n_images, n_dimensions)
        On one scale, which the traits of the learners assume.
    """
    spread = features.std(0)
    centred = features - features.mean(0)
    result: Floats = np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 1e-12)
    return result
