"""59 scikit-learn models of 8 x 8 digits: machines of all accuracies in half a minute, offline.

    python -m diptych_analysis.behaviour.digit_models out/digits

writes `images/`, `labels.csv` and `responses.parquet` for `diptych agree` and `diptych classify`.
The images are scikit-learn's (UCI *Optical Recognition of Handwritten Digits*, CC BY 4.0): 700
train the models, and 1,097 are classified.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

TRAINING = 700
#: Side of the images that people see, in pixels.
SHOWN = 256
Models = Iterator[tuple[str, Any]]


def digit_models() -> Models:
    """Make 59 unfitted models of ten families, from a depth of one question to nearly perfect.

    Yields
    ------
    name : str
        Family and setting.
    model : object
        A classifier of scikit-learn.
    """
    yield from _neighbours()
    yield from _linear()
    yield from _kernels()
    yield from _trees()
    yield from _bayes()
    yield from _networks()


def _neighbours() -> Models:
    from sklearn.neighbors import KNeighborsClassifier, NearestCentroid

    for k in (1, 3, 5, 9, 15, 31, 61, 121):
        yield f"neighbours-{k}", KNeighborsClassifier(k)
    yield "nearest-centroid", NearestCentroid()


def _linear() -> Models:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.linear_model import LogisticRegression, Perceptron, RidgeClassifier
    from sklearn.svm import LinearSVC

    for c in (0.0001, 0.001, 0.01, 0.1, 1, 10):
        yield f"logistic-{c:g}", LogisticRegression(C=c, max_iter=2000)
    for c in (0.001, 0.01, 0.1, 1):
        yield f"linear-svm-{c:g}", LinearSVC(C=c, random_state=0)
    for alpha in (0.1, 10, 1000):
        yield f"ridge-{alpha:g}", RidgeClassifier(alpha=alpha)
    yield "perceptron", Perceptron(random_state=0)
    yield "discriminant", LinearDiscriminantAnalysis()


def _kernels() -> Models:
    from sklearn.svm import SVC

    for c in (0.1, 1, 10):
        for gamma in (0.005, 0.05, 0.5):
            yield f"rbf-svm-{c:g}-{gamma:g}", SVC(C=c, gamma=gamma)
    for degree in (2, 3):
        yield f"polynomial-svm-{degree}", SVC(kernel="poly", degree=degree)


def _trees() -> Models:
    from sklearn.ensemble import AdaBoostClassifier, ExtraTreesClassifier, RandomForestClassifier
    from sklearn.tree import DecisionTreeClassifier

    for depth in (1, 2, 3, 4, 5, 6, 8, 12):
        yield f"tree-{depth}", DecisionTreeClassifier(max_depth=depth, random_state=0)
    for depth in (2, 4, 8):
        for trees in (10, 60):
            model = RandomForestClassifier(trees, max_depth=depth, random_state=0)
            yield f"forest-{trees}-{depth}", model
    yield "extra-trees-60", ExtraTreesClassifier(60, random_state=0)
    yield "boosted-stumps", AdaBoostClassifier(n_estimators=30, random_state=0)


def _bayes() -> Models:
    from sklearn.naive_bayes import BernoulliNB, GaussianNB, MultinomialNB

    for smoothing in (1e-9, 1e-2, 1.0):
        yield f"gaussian-bayes-{smoothing:g}", GaussianNB(var_smoothing=smoothing)
    yield "bernoulli-bayes", BernoulliNB(binarize=0.5)
    yield "multinomial-bayes", MultinomialNB()


def _networks() -> Models:
    from sklearn.neural_network import MLPClassifier

    for units in (4, 16, 64):
        yield f"network-{units}", MLPClassifier((units,), max_iter=300, random_state=0)


def digits(seed: int = 0) -> tuple[Any, Any, Any, Any]:
    """Split the digits at random.

    Returns
    -------
    training, its labels, test, its labels : ndarray
        Pixels from 0 to 1, shape (images, 64), and digits, shape (images,).
    """
    from sklearn.datasets import load_digits

    data = load_digits()
    order = np.random.default_rng(seed).permutation(len(data.target))
    train, test = order[:TRAINING], order[TRAINING:]
    pixels = data.data / 16
    return pixels[train], data.target[train], pixels[test], data.target[test]


def digit_responses(
    seed: int = 0, watch: Callable[[str], None] = lambda name: None
) -> tuple[pd.DataFrame, Any]:
    """Fit the models and let them classify the test images.

    Parameters
    ----------
    seed : int
        Seed of the split.
    watch : callable
        Called with the name of each model.

    Returns
    -------
    responses : pd.DataFrame
        `rater`, `kind`, `stimulus` (`digit-0000`), `response`, `label`.
    pixels : ndarray, shape (images, 8, 8)
        Grey values from 0 to 1.
    """
    train, labels, test, truth = digits(seed)
    names = [f"digit-{number:04d}" for number in range(len(test))]
    parts = []
    for name, model in digit_models():
        watch(name)
        with warnings.catch_warnings():
            # Some models stop before they converge: weak machines are wanted here.
            warnings.simplefilter("ignore")
            response = model.fit(train, labels).predict(test)
        parts.append(
            pd.DataFrame(
                {
                    "rater": name,
                    "kind": "machine",
                    "stimulus": names,
                    "response": response.astype(str),
                    "label": truth.astype(str),
                }
            )
        )
    return pd.concat(parts, ignore_index=True), test.reshape(-1, 8, 8)


def write_digits(to: Path, seed: int = 0, watch: Callable[[str], None] = lambda name: None) -> None:
    """Write `images/`, `labels.csv` and `responses.parquet`; `watch` gets each model's name."""
    from PIL import Image

    responses, pixels = digit_responses(seed, watch)
    (to / "images").mkdir(parents=True, exist_ok=True)
    responses.to_parquet(to / "responses.parquet", index=False)
    labels = responses.drop_duplicates("stimulus")[["stimulus", "label"]]
    labels = labels.assign(file=labels["stimulus"] + ".png")[["file", "label"]]
    labels.to_csv(to / "labels.csv", index=False)
    for file, image in zip(labels["file"], pixels, strict=True):
        # Dark ink on white paper, in large even squares.
        grey = Image.fromarray(np.round(255 * (1 - image)).astype(np.uint8))
        grey.resize((SHOWN, SHOWN), Image.Resampling.NEAREST).save(to / "images" / file)


if __name__ == "__main__":
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "digits")
    write_digits(folder, watch=lambda name: print(name, file=sys.stderr))
    print(f"Wrote {folder}: responses.parquet, labels.csv and images.")
