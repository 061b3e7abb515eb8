"""Name what a learner does not see: an attribute of the images, or the difference of two classes.

Each gap is a hypothesis that predicts the answers, as the tracer does. Blind to an attribute: the
tracer's particles see the images without it. A pair of classes: the particles answer either of the
two equally often. A gap is claimed where it predicts the answers far better than the tracer that
sees everything, and than two baselines that know nothing about images.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from diptych_analysis.teaching.learners import FAMILIES
from diptych_analysis.teaching.live import SEED, Trial, scaled
from diptych_analysis.teaching.tracers import ENOUGH, MIXED, PARTICLES, Mixture, Tracer
from diptych_analysis.teaching.worlds import Floats

CLAIM = 2.3
"""Evidence for a gap that is claimed, in nats: odds of 10 to 1."""

MOST_LEVELS = 12
"""Values of an attribute of names."""

Values = npt.NDArray[np.float64] | npt.NDArray[np.str_]


@dataclass(frozen=True)
class Gap:
    """Something that a learner may not see.

    Attributes
    ----------
    kind : str
        attribute or pair.
    names : tuple of str
        The attribute, or the two classes.
    evidence : float
        How much better it predicts the answers than the best of the tracer that sees everything,
        chance and the rate of right answers; a difference of log likelihoods, in nats. The log of
        the number of gaps of its kind is taken off: one of many fits by chance.
    """

    kind: str
    names: tuple[str, ...]
    evidence: float

    @property
    def claimed(self) -> bool:
        """Whether the evidence is large enough to name the gap."""
        return self.evidence >= CLAIM


@dataclass(frozen=True)
class Diagnosis:
    """What a learner does not see, as far as their answers tell.

    Attributes
    ----------
    gaps : tuple of Gap
        All hypotheses, attributes and pairs, the largest evidence first.
    answers : int
        Number of answers that they predict.
    """

    gaps: tuple[Gap, ...]
    answers: int

    @property
    def found(self) -> Gap | None:
        """The gap with the largest evidence; None where that is not large enough."""
        best = next(iter(self.gaps), None)
        claimed = best is not None and best.claimed and self.answers >= ENOUGH
        return best if claimed else None


def without(features: Floats, values: Values) -> Floats:
    """Take an attribute out of features: what is left does not depend on it linearly.

    Parameters
    ----------
    features : ndarray of shape (n_images, n_dimensions)
        Features, on any scale.
    values : ndarray of shape (n_images,)
        The attribute: numbers, or names of its levels.

    Returns
    -------
    ndarray of shape (n_images, n_dimensions)
        The residuals of the regression of each feature on the attribute.
    """
    if values.dtype.kind in "fiu":
        columns = values.astype(float)[:, None]
    else:
        levels = np.unique(values)
        columns = (values[:, None] == levels[None, 1:]).astype(float)
    design = np.column_stack([np.ones(len(values)), columns])
    fitted, *_ = np.linalg.lstsq(design, features, rcond=None)
    return np.asarray(features - design @ fitted)


def even_tracer(
    features: Floats, n_classes: int, family: str, particles: int = PARTICLES
) -> Tracer:
    """Return a tracer whose particles attend to all features alike.

    Uneven attention would let the tracer that sees everything be nearly blind to an attribute.

    Parameters
    ----------
    features : ndarray of shape (n_images, n_dimensions)
        What the particles see, on the scale of `live.scaled`.
    n_classes : int
        Number of classes.
    family : str
        One of `tracers.TRACERS`.
    particles : int
        Number of particles, as many of each family as possible.
    """
    rng = np.random.default_rng(SEED)
    families = [FAMILIES[name] for name in (FAMILIES if family == MIXED else [family])]
    parts = []
    for each in families:
        traits = each.draw_traits(rng, particles // len(families), features.shape[1])
        even = {**traits, "attention": np.ones_like(traits["attention"])}
        parts.append(each(even, features, n_classes))
    return Tracer(Mixture(parts))


def attributes_among(columns: Mapping[str, Sequence[object]]) -> dict[str, Values]:
    """Return the columns of a manifest that a learner could be blind to.

    Parameters
    ----------
    columns : Mapping of str to sequence
        Cells of each column, one per image; None where a cell is empty.

    Returns
    -------
    dict of str to ndarray
        Columns of numbers, and of 2 to 12 names with two images each; empty cells are a name too.
        Columns of one value, and of numbers with empty cells, are left out.
    """
    found: dict[str, Values] = {}
    for name, cells in columns.items():
        if all(isinstance(cell, int | float) for cell in cells):
            numbers = np.array(cells, float)
            if len(np.unique(numbers)) > 1:
                found[name] = numbers
        elif not any(isinstance(cell, int | float) for cell in cells):
            names = np.array(["" if cell is None else str(cell) for cell in cells])
            counts = np.unique(names, return_counts=True)[1]
            if 2 <= len(counts) <= MOST_LEVELS and counts.min() > 1:
                found[name] = names
    return found


class PairHypotheses:
    """Predictions of a tracer that does not tell two classes apart, for each pair of classes.

    Parameters
    ----------
    tracer : Tracer
        Sees everything. It must observe each trial after `observe`.
    """

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        classes = range(tracer.particles.n_classes)
        self.pairs = list(combinations(classes, 2))
        self._with = [
            [at for at, pair in enumerate(self.pairs) if each in pair] for each in classes
        ]
        self._log_weights = np.zeros((len(self.pairs), tracer.particles.count))

    def observe(self, image: int, response: int) -> None:
        """Take in one answer."""
        p = self._tracer.particles.probabilities(np.array([image]))[:, 0]
        self._log_weights += np.log(p[:, response])
        for at in self._with[response]:
            own = np.log(p[:, list(self.pairs[at])].mean(1)) - np.log(p[:, response])
            self._log_weights[at] += own

    @property
    def scores(self) -> Floats:
        """Log likelihood of the answers under each pair, (n_pairs,)."""
        most = self._log_weights.max(1, keepdims=True)
        return np.asarray(most[:, 0] + np.log(np.exp(self._log_weights - most).mean(1)))


def diagnose(
    features: Floats,
    classes: Sequence[str],
    trials: Sequence[Trial],
    attributes: Mapping[str, Values],
    *,
    family: str = MIXED,
    particles: int = PARTICLES,
) -> Diagnosis:
    """Weigh what a learner may not see.

    Parameters
    ----------
    features : ndarray of shape (n_images, n_dimensions)
        Raw features of the images.
    classes : sequence of str
        Names of the classes, in the order of their numbers in `trials`.
    trials : sequence of Trial
        What the learner saw and answered, in order.
    attributes : Mapping of str to ndarray of shape (n_images,)
        What a learner could be blind to: numbers, or names of levels.
    family : str
        One of `tracers.TRACERS`.
    particles : int
        Number of particles of each tracer.

    Returns
    -------
    Diagnosis
        The same for the same arguments.
    """
    whole = scaled(features)

    def tracer(seen: Floats) -> Tracer:
        return even_tracer(seen, len(classes), family, particles)

    seeing = tracer(whole)
    blind = {name: tracer(without(whole, values)) for name, values in attributes.items()}
    pairs = PairHypotheses(seeing)
    for trial in trials:
        if trial.response is not None:
            pairs.observe(trial.image, trial.response)
        for each in (seeing, *blind.values()):
            each.observe(trial.image, trial.label, trial.response, feedback=trial.feedback)
    attribute = {(name,): each.scores["tracer"] for name, each in blind.items()}
    # Two classes that a learner can't tell apart are all they have: that is chance.
    told = len(classes) > 2
    pair = {
        (classes[a], classes[b]): float(score)
        for (a, b), score in zip(pairs.pairs, pairs.scores, strict=True)
        if told
    }
    rival = max(seeing.scores.values())
    gaps = [
        Gap(kind, names, score - rival - math.log(len(scores)))
        for kind, scores in (("attribute", attribute), ("pair", pair))
        for names, score in scores.items()
    ]
    gaps.sort(key=lambda gap: -gap.evidence)
    return Diagnosis(tuple(gaps), seeing.answers)
