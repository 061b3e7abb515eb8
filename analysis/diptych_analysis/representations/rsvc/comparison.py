"""One class: concepts of both networks, and how well each network predicts them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from diptych_analysis.representations.faults import RepresentationFault
from diptych_analysis.representations.rsvc.dictionary import (
    Dictionary,
    Floats,
    Kind,
    checked,
    learn_dictionary,
)
from diptych_analysis.representations.rsvc.layerwise import correlations
from diptych_analysis.representations.rsvc.regression import Ints, image_folds, regress
from diptych_analysis.representations.rsvc.similarity_intervals import similarity_intervals

Side = Literal["a", "b"]
SIDES: tuple[Side, Side] = ("a", "b")
#: Fewest images of a class, as in the authors' code.
FEWEST_IMAGES = 5


@dataclass(frozen=True)
class Settings:
    """How concepts are found and compared; the defaults are the thesis's.

    Attributes
    ----------
    concepts : int
        k, concepts per network and class.
    alpha : float
        Penalty of the LASSO, on the scale of scikit-learn.
    folds : int
        Folds of images.
    kind : {"auto", "nmf", "semi-nmf"}
        Dictionary.
    iterations : int
        Limit of the dictionary's fit.
    seed : int
        Dictionary, folds and choice of images.
    """

    concepts: int = 10
    alpha: float = 0.1
    folds: int = 5
    kind: Kind = "auto"
    iterations: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the values, and prepare what follows from them."""
        for name, least in (("concepts", 1), ("folds", 2), ("iterations", 1), ("seed", 0)):
            if getattr(self, name) < least:
                raise RepresentationFault(f"{name} {getattr(self, name)}: at least {least}")
        if not 0 < self.alpha < np.inf:
            raise RepresentationFault(f"alpha {self.alpha}: allowed are numbers above 0")


@dataclass(frozen=True)
class PatchSet:
    """The same patches as both networks see them.

    Attributes
    ----------
    images : npt.NDArray[np.int64]
        Image of each patch, shape (n,).
    a, b : npt.NDArray[np.float64]
        Activations, shapes (n, d_a) and (n, d_b).
    """

    images: Ints
    a: Floats
    b: Floats

    def __post_init__(self) -> None:
        """Check the values, and prepare what follows from them."""
        if not len(self.images) == len(self.a) == len(self.b):
            raise RepresentationFault(
                f"{len(self.images)} patches, with {len(self.a)} rows of A and {len(self.b)} of B; "
                "expected one row per patch"
            )


@dataclass(frozen=True)
class ConceptSet:
    """The concepts of one network on the evaluation patches.

    Attributes
    ----------
    dictionary : Dictionary
        W and how it was found.
    coefficients : npt.NDArray[np.float64]
        U, shape (n, k).
    cross, same : npt.NDArray[np.float64]
        U as predicted by the other network and by the network that has them, shape (n, k).
    cross_constant, same_constant : npt.NDArray[np.bool_]
        Whether a prediction is the same for all patches; its similarity is 0. Shape (k,).
    cross_units, same_units : npt.NDArray[np.int64]
        Units with weight in at least one fold, shape (k,).
    """

    dictionary: Dictionary
    coefficients: Floats
    cross: Floats
    same: Floats
    cross_constant: npt.NDArray[np.bool_]
    same_constant: npt.NDArray[np.bool_]
    cross_units: Ints
    same_units: Ints

    @property
    def cmcs(self) -> Floats:
        """Cross-model concept similarity, shape (k,): Pearson correlation; 0 where flagged."""
        return np.where(self.cross_constant, 0.0, correlations(self.coefficients, self.cross))

    @property
    def smcs(self) -> Floats:
        """Same-model concept similarity, shape (k,)."""
        return np.where(self.same_constant, 0.0, correlations(self.coefficients, self.same))


@dataclass(frozen=True)
class Comparison:
    """The concepts of both networks for one class.

    Attributes
    ----------
    a, b : ConceptSet
        Of network A and of network B.
    images : npt.NDArray[np.int64]
        Image of each evaluation patch, shape (n,).
    counts : dict
        Images and patches of each step.
    settings : Settings
        What was asked for.
    """

    a: ConceptSet
    b: ConceptSet
    images: Ints
    settings: Settings
    counts: dict[str, int] = field(default_factory=dict)

    def side(self, name: Side) -> ConceptSet:
        """One of the two."""
        return self.a if name == "a" else self.b

    def frame(self) -> pd.DataFrame:
        """Make one row per concept: similarities, flags, and units with weight.

        `cmcs_low` and `cmcs_high` bound a 95 % bootstrap interval over images.
        """
        return pd.concat([self._rows(name) for name in SIDES], ignore_index=True)

    def _rows(self, name: Side) -> pd.DataFrame:
        concepts = self.side(name)
        low, high = similarity_intervals(
            concepts.coefficients, concepts.cross, self.images, seed=self.settings.seed
        )
        constant = concepts.cross_constant
        return pd.DataFrame(
            {
                "network": name,
                "concept": range(len(concepts.dictionary)),
                "cmcs": concepts.cmcs,
                "cmcs_low": np.where(constant, 0.0, low),
                "cmcs_high": np.where(constant, 0.0, high),
                "smcs": concepts.smcs,
                "cmcs_constant": concepts.cross_constant,
                "smcs_constant": concepts.same_constant,
                "cmcs_units": concepts.cross_units,
                "smcs_units": concepts.same_units,
            }
        )


def compare_concepts(
    own_a: npt.ArrayLike,
    own_b: npt.ArrayLike,
    training: PatchSet,
    evaluation: PatchSet,
    settings: Settings | None = None,
) -> Comparison:
    """Compare the concepts of two networks for one class.

    Parameters
    ----------
    own_a, own_b : array_like
        Activations of the patches of images that network A (or B) predicts as the class: its
        concepts are found here. Shapes (n_a, d_a) and (n_b, d_b).
    training : PatchSet
        Patches of the union of those images: the regressions are fitted here.
    evaluation : PatchSet
        Patches of other images: similarities are measured here.
    settings : Settings | None, optional
        Concepts, penalty, folds, seed.

    Raises
    ------
    RepresentationFault
        If an image is in both sets, images are too few, or a number is not finite.

    References
    ----------
    Thesis, sections 3.4.1 and 3.4.2.
    """
    settings = settings or Settings()
    _check_images(training.images, evaluation.images)
    dictionaries = {
        name: learn_dictionary(
            checked(own, f"network {name.upper()}, own patches"),
            settings.concepts,
            kind=settings.kind,
            seed=settings.seed,
            iterations=settings.iterations,
        )
        for name, own in zip(SIDES, (own_a, own_b), strict=True)
    }
    seen = {name: checked(getattr(training, name), f"network {name.upper()}") for name in SIDES}
    new = {name: checked(getattr(evaluation, name), f"network {name.upper()}") for name in SIDES}
    known = {name: dictionaries[name].coefficients(seen[name]) for name in SIDES}
    folds = image_folds(training.images, settings.folds, settings.seed)
    targets = np.concatenate([known["a"], known["b"]], axis=1)
    models = {name: regress(seen[name], targets, folds, settings.alpha) for name in SIDES}
    parts = {"a": slice(0, len(dictionaries["a"])), "b": slice(len(dictionaries["a"]), None)}
    sets = {}
    for name, other in (SIDES, SIDES[::-1]):
        part, cross, same = parts[name], models[other], models[name]
        sets[name] = ConceptSet(
            dictionary=dictionaries[name],
            coefficients=dictionaries[name].coefficients(new[name]),
            cross=cross.predict(new[other])[:, part],
            same=same.predict(new[name])[:, part],
            cross_constant=cross.constant[part],
            same_constant=same.constant[part],
            cross_units=cross.folds.any(axis=0).sum(axis=0)[part],
            same_units=same.folds.any(axis=0).sum(axis=0)[part],
        )
    counts = {
        "patches_own_a": len(np.asarray(own_a)),
        "patches_own_b": len(np.asarray(own_b)),
        "images_training": len(np.unique(training.images)),
        "patches_training": len(training.images),
        "images_evaluation": len(np.unique(evaluation.images)),
        "patches_evaluation": len(evaluation.images),
    }
    return Comparison(sets["a"], sets["b"], evaluation.images, settings, counts)


def _check_images(training: Ints, evaluation: Ints) -> None:
    shared = np.intersect1d(training, evaluation)
    if len(shared):
        raise RepresentationFault(
            f"{len(shared)} images are in both the training and the evaluation set "
            f"(first: {shared[0]}); expected different images"
        )
    for what, images in (("training", training), ("evaluation", evaluation)):
        count = len(np.unique(images))
        if count < FEWEST_IMAGES:
            raise RepresentationFault(f"{count} {what} images; at least {FEWEST_IMAGES} are needed")
