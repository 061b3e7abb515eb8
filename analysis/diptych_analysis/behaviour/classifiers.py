"""Classifiers of images: networks by name, and estimators of scikit-learn.

efficientnet-lite0, timm:NAME, ...      a network (see `diptych_analysis.networks.networks`)
estimator:MODULE:NAME                   a fitted estimator that a module of yours holds
"""

from __future__ import annotations

import hashlib
import importlib
import math
import pickle
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from diptych_analysis.behaviour.faults import BehaviourFault
from diptych_analysis.behaviour.responses import Floats

ESTIMATOR = "estimator:"


class Classifier(ABC):
    """Gives each image a probability for each category.

    Attributes
    ----------
    name : str
        Name of the rater in the results.
    key : str
        Changes with anything that can change a probability.
    categories : tuple of str
        Names of the categories.
    """

    name: str
    key: str
    categories: tuple[str, ...]

    @abstractmethod
    def probabilities(self, images: Sequence[Image.Image]) -> Floats:
        """Compute probabilities of RGB images, shape (images, categories)."""


class NetworkClassifier(Classifier):
    """A network whose output are the logits of its categories.

    Parameters
    ----------
    network : Network
        The network.
    categories : sequence of str, optional
        Names of its outputs. By default the WordNet ids of ImageNet where the network has them,
        else numbers from 0.
    """

    def __init__(self, network: Any, categories: Sequence[str] | None = None) -> None:
        self.network = network
        self.name, self.key = network.name, network.key
        count = self._logits([Image.new("RGB", (64, 64))]).shape[1]
        names = tuple(categories) if categories is not None else _imagenet(network.module, count)
        if len(names) != count:
            raise BehaviourFault(
                f"{self.name} has {count:,} categories; {len(names):,} names were given"
            )
        self.categories = names

    def _logits(self, images: Sequence[Image.Image]) -> Floats:
        import torch

        with torch.inference_mode():
            found = self.network.module(self.network.batch(images))
        if not isinstance(found, torch.Tensor) or found.ndim != 2:
            raise BehaviourFault(
                f"{self.name} is no classifier: its output is not one row per image"
            )
        return np.asarray(found.double().cpu().numpy())

    def probabilities(self, images: Sequence[Image.Image]) -> Floats:
        """Apply softmax to the logits."""
        logits = self._logits(images)
        if not np.isfinite(logits).all():
            raise BehaviourFault(f"{self.name} gives outputs that are no numbers")
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def _imagenet(module: Any, count: int) -> tuple[str, ...]:
    """WordNet ids of a network's outputs."""
    from timm import data

    known: Any = data
    subset = known.infer_imagenet_subset(module)
    names = known.ImageNetInfo(subset).label_names() if subset else []
    if len(names) != count:
        names = [str(number) for number in range(count)]
    return tuple(map(str, names))


class EstimatorClassifier(Classifier):
    """A fitted classifier of scikit-learn on pixels.

    It sees each image as grey values, or as red, green and blue, from 0 to 1, row by row. The size
    follows from the number of features that it was fitted to: side * side, or 3 * side * side.

    Parameters
    ----------
    name : str
        Name of the rater.
    estimator : object
        With `predict_proba`, or `predict` alone: then its category has the probability 1.
    """

    def __init__(self, name: str, estimator: Any) -> None:
        self.name, self.estimator = name, estimator
        classes, features = (
            getattr(estimator, attribute, None) for attribute in ("classes_", "n_features_in_")
        )
        if classes is None or features is None:
            raise BehaviourFault(
                f"{name} is no fitted classifier of scikit-learn: it has no classes_ or "
                "n_features_in_"
            )
        self.side, self.mode = _size(name, int(features))
        self.categories = tuple(str(each) for each in classes)
        self.key = hashlib.sha256(pickle.dumps(estimator)).hexdigest()[:12]

    def probabilities(self, images: Sequence[Image.Image]) -> Floats:
        """Resize, and ask the estimator."""
        size = (self.side, self.side)
        rows = [
            np.asarray(image.convert(self.mode).resize(size, Image.Resampling.BOX), float).ravel()
            for image in images
        ]
        pixels = np.stack(rows) / 255
        if hasattr(self.estimator, "predict_proba"):
            return np.asarray(self.estimator.predict_proba(pixels), dtype=float)
        places = {name: place for place, name in enumerate(self.categories)}
        chosen = [places[str(each)] for each in self.estimator.predict(pixels)]
        return np.eye(len(places))[chosen]


def _size(name: str, features: int) -> tuple[int, str]:
    for mode, channels in (("L", 1), ("RGB", 3)):
        side = math.isqrt(features // channels)
        if channels * side * side == features:
            return side, mode
    raise BehaviourFault(
        f"{name} was fitted to {features} features; allowed are side * side (grey) or "
        "3 * side * side (colour)"
    )


def load_classifier(
    name: str, *, device: str = "auto", categories: Sequence[str] | None = None
) -> Classifier:
    """Load a classifier by name.

    Raises
    ------
    BehaviourFault, MachineFault
        If there is no such classifier.
    """
    if not name.startswith(ESTIMATOR):
        from diptych_analysis.networks.networks import load_network

        return NetworkClassifier(load_network(name, device), categories)
    module, _, attribute = name.removeprefix(ESTIMATOR).partition(":")
    if not module or not attribute:
        raise BehaviourFault(f"{name}: expected estimator:MODULE:NAME, such as estimator:mine:svm")
    try:
        estimator = getattr(importlib.import_module(module), attribute)
    except Exception as error:  # a module of the user can raise anything
        told = f"{type(error).__name__}: {error}"
        raise BehaviourFault(f"{name} can't be loaded: {told}") from error
    return EstimatorClassifier(attribute, estimator)
