"""Choosing the image of the next trial."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from diptych_analysis.teaching.tracers import TracerBase
from diptych_analysis.teaching.worlds import Floats, Ints

CANDIDATES = 15
JUDGED = 60
"""Most images by which a candidate is judged; of more, a sample with all classes."""


@dataclass(frozen=True)
class Options:
    """What the next trial can show.

    Attributes
    ----------
    images : ndarray of int of shape (n_options,)
        The unseen images; where all are seen, those that were shown least often.
    labels : ndarray of int of shape (n_images,)
        True class of every image of the study.
    shown : ndarray of int of shape (n_classes,)
        Number of trials of each class so far.
    judged : ndarray of int
        The images by which a choice is judged: all that may be taught.
    """

    images: Ints
    labels: Ints
    shown: Ints
    judged: Ints


@dataclass(frozen=True)
class Choice:
    """The image chosen, and why.

    Attributes
    ----------
    image : int
        Its number.
    scores : Mapping of int to float
        Score of each candidate that was scored; empty where none was.
    fallback : str or None
        Why the balanced policy chose instead; None where it did not.
    """

    image: int
    scores: Mapping[int, float]
    fallback: str | None = None


Chooser = Callable[[Options, TracerBase, np.random.Generator], Choice]


def choose_random(options: Options, tracer: TracerBase, rng: np.random.Generator) -> Choice:
    """Choose any image."""
    return Choice(int(rng.choice(options.images)), {})


def choose_balanced(options: Options, tracer: TracerBase, rng: np.random.Generator) -> Choice:
    """Choose any image of a class that was shown least often."""
    return Choice(balanced(options, rng), {})


def balanced(options: Options, rng: np.random.Generator) -> int:
    """Draw an image of a class that was shown least often among those that have options."""
    times = options.shown[options.labels[options.images]]
    return int(rng.choice(options.images[times == times.min()]))


def choose_largest_error(options: Options, tracer: TracerBase, rng: np.random.Generator) -> Choice:
    """Choose the image whose true class the tracer expects least."""
    if tracer.distrust:
        return Choice(balanced(options, rng), {}, tracer.distrust)
    p = tracer.probabilities(options.images)
    return _best(options.images, -p[np.arange(len(p)), options.labels[options.images]])


def choose_expected_gain(options: Options, tracer: TracerBase, rng: np.random.Generator) -> Choice:
    """Choose the candidate after which the tracer expects the highest mean P(true).

    Each of 15 candidates, as many of each class as possible, is taught to a copy of every
    particle. The score of a candidate is the mean P(true) afterwards, over up to 60 images of
    `options.judged`.
    """
    if tracer.distrust:
        return Choice(balanced(options, rng), {}, tracer.distrust)
    candidates = some_of_each_class(options.images, options.labels, CANDIDATES, rng)
    judged = some_of_each_class(options.judged, options.labels, JUDGED, rng)
    truth = options.labels[judged]
    scores = tracer.right_after(candidates, options.labels[candidates], judged, truth)
    return _best(candidates, scores)


def _best(images: Ints, scores: Floats) -> Choice:
    found = dict(zip(images.tolist(), scores.tolist(), strict=True))
    return Choice(int(images[scores.argmax()]), found)


def some_of_each_class(images: Ints, labels: Ints, count: int, rng: np.random.Generator) -> Ints:
    """Draw images at random, the classes as equally often as they allow.

    Parameters
    ----------
    images : ndarray of int of shape (n_options,)
        What to draw from.
    labels : ndarray of int of shape (n_images,)
        The class of every image.
    count : int
        Number of images to draw.
    rng : numpy.random.Generator
        Where the randomness comes from.

    Returns
    -------
    ndarray of int
        `count` different images, or all of them where there are fewer; in ascending order.
    """
    shuffled = rng.permutation(images)
    own = labels[shuffled]
    # The rank of each image within its class: the first of every class come first.
    by_class = np.argsort(own, kind="stable")
    sorted_own = own[by_class]
    rank = np.empty(len(own), int)
    rank[by_class] = np.arange(len(own)) - np.searchsorted(sorted_own, sorted_own)
    return np.sort(shuffled[np.argsort(rank, kind="stable")[:count]])


CHOOSERS: dict[str, Chooser] = {
    "random": choose_random,
    "balanced": choose_balanced,
    "largest_error": choose_largest_error,
    "expected_gain": choose_expected_gain,
}
UNTRACED = ("random", "balanced")
"""Policies that do not look at the tracer."""
