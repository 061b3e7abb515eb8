"""The Machine Interpretability Score (Zimmermann et al. 2024, Eq. 1-5).

With a similarity that is a product of feature vectors, and the mean as aggregation, Eq. 1-3 come to
    Delta+ - Delta- = (f(q+) - f(q-)) . (mean f(E+) - mean f(E-)),
called the margin of an item here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from diptych_analysis.mis.items import Items, Plan
from diptych_analysis.networks.extremes import Extremes
from diptych_analysis.networks.faults import MachineFault

Floats = npt.NDArray[np.float64]
Features = npt.NDArray[np.float32]
#: Up to so many images all pairs are compared once; beyond, features are gathered item by item.
GRAM_LIMIT = 4096
#: Bytes of features that are gathered at a time.
GATHERED = 64 * 2**20
PUBLISHED = 0.16


@dataclass(frozen=True)
class Scale:
    """How a margin becomes a probability (Eq. 4).

    The paper prints p = sigmoid(alpha * margin) with alpha = 0.16. Cosine margins being well below
    1, that would keep every score within some hundredths of 0.5; the published range (0.59-0.99)
    comes out where alpha divides the margin, as a temperature. Both readings are here by name.

    Attributes
    ----------
    value : float
        Alpha.
    reading : Literal["temperature", "product"]
        `temperature`: p = sigmoid(margin / alpha); `product`: p = sigmoid(alpha margin).
    calibrated : bool
        Whether alpha was fitted to human answers.
    """

    value: float = PUBLISHED
    reading: Literal["temperature", "product"] = "temperature"
    calibrated: bool = False

    def __post_init__(self) -> None:
        """Check the reading and the value."""
        if self.reading not in ("temperature", "product"):
            raise MachineFault(f"alpha is read as temperature or product, not as {self.reading!r}")
        if not (np.isfinite(self.value) and self.value > 0):
            raise MachineFault(f"alpha must be greater than 0, and is {self.value}")

    def probability(self, margins: npt.ArrayLike) -> Floats:
        """Return the probability of the right choice, of margins of any shape."""
        given = np.asarray(margins, dtype=np.float64)
        z = given / self.value if self.reading == "temperature" else given * self.value
        return np.asarray(0.5 * (1 + np.tanh(z / 2)))  # the logistic function, never overflowing

    def __str__(self) -> str:
        """Describe the scale in words."""
        how = "calibrated on human answers" if self.calibrated else "not calibrated"
        return f"alpha = {self.value:.4g} as {self.reading}, {how}"


def margins(features: Any, items: Items) -> npt.NDArray[np.float32]:
    """Return the margins of items, (U, N).

    Parameters
    ----------
    features : Any
        (images, d) float32; an array, or anything that gives rows for an index array.
    items : Items
        Whose image numbers index the features.
    """
    if len(features) <= GRAM_LIMIT and items.positives.size >= len(features):
        return _by_gram(np.asarray(features), items)
    return _by_gathering(features, items)


def _by_gram(features: Features, items: Items) -> npt.NDArray[np.float32]:
    gram = features @ features.T
    flat, size = gram.ravel(), len(gram)
    up, down = items.query_positive[..., None] * size, items.query_negative[..., None] * size
    # "clip" spares a copy per call; the numbers are images' own.
    total = flat.take(up + items.positives, mode="clip")
    total -= flat.take(up + items.negatives, mode="clip")
    total -= flat.take(down + items.positives, mode="clip")
    total += flat.take(down + items.negatives, mode="clip")
    return np.asarray(total.sum(axis=-1) / np.float32(items.positives.shape[-1]))


def _by_gathering(features: Any, items: Items) -> npt.NDArray[np.float32]:
    units, n, k = items.positives.shape
    width = features.shape[1]
    found = np.empty((units, n), dtype=np.float32)
    at_once = max(1, GATHERED // (n * (2 * k + 2) * width * 4))
    for first in range(0, units, at_once):
        part = slice(first, first + at_once)
        sides = features[items.positives[part]].mean(axis=2, dtype=np.float32)
        sides -= features[items.negatives[part]].mean(axis=2, dtype=np.float32)
        apart = features[items.query_positive[part]] - features[items.query_negative[part]]
        found[part] = np.einsum("und,und->un", apart, sides)
    return found


def score_activations(
    activations: npt.NDArray[np.float32], features: Features, plan: Plan | None = None
) -> tuple[Items, npt.NDArray[np.float32]]:
    """Score units straight from activations (images, units), the fast way."""
    plan = plan or Plan()
    images = len(activations)
    extremes = Extremes.of(activations, 0, plan.keep(images))
    items = plan.items(extremes.most(), extremes.least(), images)
    return items, margins(features, items)


def calibrate(found: npt.ArrayLike, his: npt.ArrayLike, weights: npt.ArrayLike = 1.0) -> Scale:
    """Fit the temperature with which the MIS comes nearest to human scores (section 3).

    Least squares between each unit's MIS and its HIS, over log alpha; the paper fits alpha to a
    random 5 % of the annotated units "to approximately match the value range".

    Parameters
    ----------
    found : npt.ArrayLike
        (U, N) margins of the units.
    his : npt.ArrayLike
        (U,) their human interpretability scores.
    weights : npt.ArrayLike, optional
        (U,) such as numbers of answers; equal by default.

    Raises
    ------
    MachineFault
        No unit, or numbers that aren't finite.
    """
    from scipy.optimize import minimize_scalar

    given, people = np.asarray(found, dtype=np.float64), np.asarray(his, dtype=np.float64)
    if given.ndim != 2 or len(given) == 0 or people.shape != given.shape[:1]:
        raise MachineFault(f"margins {given.shape} and human scores {people.shape} do not match")
    if not (np.isfinite(given).all() and np.isfinite(people).all()):
        raise MachineFault("margins and human scores must be finite numbers")
    trust = np.broadcast_to(np.asarray(weights, dtype=np.float64), people.shape)

    def loss(log_alpha: float) -> float:
        score = Scale(float(np.exp(log_alpha))).probability(given).mean(axis=1)
        return float((trust * (score - people) ** 2).sum())

    # A coarse look first: the loss may have more than one hollow.
    grid = np.linspace(np.log(1e-4), np.log(1e3), 60)
    best = grid[int(np.argmin([loss(x) for x in grid]))]
    step = grid[1] - grid[0]
    fitted = minimize_scalar(loss, bounds=(best - step, best + step), method="bounded")
    return Scale(float(np.exp(fitted.x)), "temperature", calibrated=True)
