"""Scores of concepts (TCAV): whether a concept moves a network towards a class.

A concept activation vector (CAV) is the direction, in a layer's pooled activations, that separates
images of a concept from random images. The score TS is the share of class images whose class logit
grows along it (Kim et al., ICML 2018). Two additions keep a score honest: the separation is tested
on images that did not fit the direction, and scores are compared with those of random images
against other random images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from diptych_analysis.concepts.faults import ConceptFault

Floats = npt.NDArray[np.float64]

#: Share of the images that test a direction and do not fit it.
HELD_OUT = 0.3
#: Fewest images of a concept: two fit the direction and one tests it.
FEWEST = 3


@dataclass(frozen=True)
class Cav:
    """A direction of length 1, and how well it separates images that did not fit it.

    Attributes
    ----------
    direction : ndarray, (units,)
        Towards the concept; all zero where nothing differs.
    accuracy : float
        Balanced accuracy on held-out images; .5 is chance.
    """

    direction: Floats
    accuracy: float


@dataclass(frozen=True)
class Score:
    """The scores of one concept against several random sets.

    Attributes
    ----------
    scores : ndarray, (random sets,)
        TS, 0 to 1, per random set.
    accuracies : ndarray, (random sets,)
        Held-out accuracy of each direction.
    """

    scores: Floats
    accuracies: Floats

    @property
    def mean(self) -> float:
        """Mean TS over random sets."""
        return float(self.scores.mean())

    @property
    def accuracy(self) -> float:
        """Mean held-out accuracy over random sets."""
        return float(self.accuracies.mean())

    @property
    def reward(self) -> float:
        """Mean TS, drawn towards .5 where the direction fails on held-out images.

        A direction at chance (accuracy .5) is not the concept, whatever its TS; then the reward
        is .5. A direction that never errs keeps its TS.
        """
        trust = np.clip(2 * self.accuracies - 1, 0, 1)
        return float((0.5 + (self.scores - 0.5) * trust).mean())


def fit_cav(concept: Floats, other: Floats, rng: np.random.Generator) -> Cav:
    """Fit the direction from other images to those of a concept (logistic regression).

    Parameters
    ----------
    concept, other : ndarray, (images, units)
        Pooled activations.
    rng : numpy.random.Generator
        Chooses the images that are held out.

    Raises
    ------
    ConceptFault
        If there are fewer than three images of either kind.
    """
    from sklearn.linear_model import LogisticRegression

    if min(len(concept), len(other)) < FEWEST:
        raise ConceptFault(
            f"{len(concept)} images of the concept and {len(other)} others: at least {FEWEST} of "
            "each are needed"
        )
    fit_concept, test_concept = _held_out(concept, rng)
    fit_other, test_other = _held_out(other, rng)
    fit = np.concatenate([fit_concept, fit_other])
    centre, spread = fit.mean(0), fit.std(0)
    # A unit without variance says nothing; dividing by 1 keeps its weight at zero.
    spread = np.where(spread > 1e-12, spread, 1.0)
    named = np.repeat([1, 0], [len(fit_concept), len(fit_other)])
    scaled = (fit - centre) / spread
    # The weights of a penalised fit lie in the span of the images, so a few axes are enough.
    _, _, axes = np.linalg.svd(scaled, full_matrices=False)
    model = LogisticRegression(C=0.1, class_weight="balanced", solver="newton-cholesky")
    model.fit(scaled @ axes.T, named)
    hits = [
        (model.predict((rows - centre) / spread @ axes.T) == name).mean()
        for rows, name in ((test_concept, 1), (test_other, 0))
    ]
    direction = model.coef_[0] @ axes / spread
    length = np.linalg.norm(direction)
    return Cav(direction / length if length > 0 else direction, float(np.mean(hits)))


def tcav_score(gradients: Floats, direction: Floats) -> float:
    """Return TS: the share of class images whose class logit grows along a direction.

    An image whose logit does not change counts half, so that TS of a direction and of its
    opposite always add up to 1. Published code counts it as no growth.

    Parameters
    ----------
    gradients : ndarray, (images, units)
        Derivatives of the class logit by the pooled activations.
    direction : ndarray, (units,)
        Of any length.
    """
    along = np.sign(gradients @ direction)
    return float((along + 1).mean() / 2)


def score_concept(
    concept: Floats,
    random_sets: Sequence[Floats],
    gradients: Floats,
    rng: np.random.Generator,
    *,
    shuffled: bool = False,
) -> Score:
    """Score a concept against every random set.

    Parameters
    ----------
    concept : ndarray, (images, units)
        Activations of the concept's images.
    random_sets : sequence of ndarray, (images, units)
        Activations of random images.
    gradients : ndarray, (class images, units)
        See `tcav_score`.
    rng : numpy.random.Generator
        Chooses held-out images.
    shuffled : bool
        Exchange images between concept and random set at random: a baseline that knows nothing.
    """
    cavs = []
    for other in random_sets:
        one, two = _shuffled(concept, other, rng) if shuffled else (concept, other)
        cavs.append(fit_cav(one, two, rng))
    return Score(
        np.array([tcav_score(gradients, cav.direction) for cav in cavs]),
        np.array([cav.accuracy for cav in cavs]),
    )


def null_scores(
    random_sets: Sequence[Floats], gradients: Floats, rng: np.random.Generator
) -> Floats:
    """Score every random set against the others in turn: what no concept reaches, (sets,)."""
    count = len(random_sets)
    pairs = [(i, (i + 1 + int(rng.integers(count - 1))) % count) for i in range(count)]
    return np.array(
        [
            tcav_score(gradients, fit_cav(random_sets[i], random_sets[j], rng).direction)
            for i, j in pairs
        ]
    )


def two_sided(scores: Floats, null: Floats) -> float:
    """Return the two-sided p value that a concept scores as random images do.

    The rank test of Mann and Whitney (1947): scores pile up at 0 and 1, where a t test fails.

    Parameters
    ----------
    scores, null : ndarray
        TS of the concept, and of random images.
    """
    from scipy.stats import mannwhitneyu

    if np.ptp(np.concatenate([scores, null])) == 0:
        return 1.0
    return float(mannwhitneyu(scores, null, alternative="two-sided").pvalue)


def _held_out(rows: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    order = rng.permutation(len(rows))
    test = max(1, round(HELD_OUT * len(rows)))
    return rows[order[test:]], rows[order[:test]]


def _shuffled(one: Floats, two: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    both = rng.permutation(np.concatenate([one, two]))
    return both[: len(one)], both[len(one) :]
