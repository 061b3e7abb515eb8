"""Families of simulated learners. Each object steps several learners of a family together.

A learner sees an image, responds, and learns the true class when feedback shows it. The same
classes serve as simulated learners (one at a time) and as particles of a tracer (many).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Self

import numpy as np

from diptych_analysis.teaching.traits import common_traits, lognormal
from diptych_analysis.teaching.worlds import Floats, Ints

BACKGROUND = 0.05
"""Similarity that every class has without an example, so that no class is impossible."""


MOST_LOGIT = 50.0
"""Largest difference of two logits: exp of a larger one tells nothing more, and can be infinite."""


class Learners(ABC):
    """Several learners of one family, who see the same images.

    Parameters
    ----------
    traits : Mapping of str to ndarray
        One value (or vector) for each learner, by name; the first axis has n_learners entries.
    features : ndarray of shape (n_images, n_dimensions)
        The images, on one scale (`worlds.standardised`).
    n_classes : int
        Number of classes.
    """

    family: ClassVar[str]
    changing: ClassVar[tuple[str, ...]]
    """Names of the arrays that `learn` changes."""

    def __init__(self, traits: Mapping[str, Floats], features: Floats, n_classes: int) -> None:
        self.traits, self.features, self.n_classes = traits, features, n_classes
        self.count = len(traits["lapse"])

    @classmethod
    def draw(cls, rng: np.random.Generator, count: int, features: Floats, n_classes: int) -> Self:
        """Draw learners from the family's distribution of traits.

        Parameters
        ----------
        rng : numpy.random.Generator
            Where the randomness comes from.
        count : int
            Number of learners.
        features : ndarray of shape (n_images, n_dimensions)
            The images.
        n_classes : int
            Number of classes.
        """
        return cls(cls.draw_traits(rng, count, features.shape[1]), features, n_classes)

    @classmethod
    @abstractmethod
    def draw_traits(
        cls, rng: np.random.Generator, count: int, dimensions: int
    ) -> dict[str, Floats]:
        """Draw the traits of `count` learners."""

    @abstractmethod
    def logits(self, images: Ints) -> Floats:
        """Return the logits of the classes: (n_learners, n_images, n_classes)."""

    @abstractmethod
    def learn(self, image: int, label: int) -> None:
        """Let every learner see an image and its true class."""

    @abstractmethod
    def right_after(self, candidates: Ints, labels: Ints, images: Ints, truth: Ints) -> Floats:
        """Return the mean probability of the true class after one more trial.

        Nothing changes: each candidate is tried from the present state.

        Parameters
        ----------
        candidates, labels : ndarray of shape (n_candidates,)
            Images that the next trial could show, and their true classes.
        images, truth : ndarray of shape (n_images,)
            The images whose classes the learner would then be asked, and their true classes.

        Returns
        -------
        ndarray of shape (n_learners, n_candidates)
        """

    def state(self) -> tuple[Floats, ...]:
        """Return copies of what the learners have learnt, for `restore`."""
        return tuple(getattr(self, name).copy() for name in self.changing)

    def restore(self, state: tuple[Floats, ...]) -> None:
        """Go back to a state of learners with the same traits and images."""
        for name, array in zip(self.changing, state, strict=True):
            setattr(self, name, array.copy())

    def probabilities(self, images: Ints) -> Floats:
        """Return the probability of each response: (n_learners, n_images, n_classes)."""
        return self._respond(self.logits(images))

    def _with_lapses(self, p: Floats) -> Floats:
        """Mix probabilities, (n_learners, n), with those of a response at random."""
        lapse = self.traits["lapse"][:, None]
        return np.asarray((1 - lapse) * p + lapse / self.n_classes)

    def _respond(self, logits: Floats) -> Floats:
        """Softmax, mixed with a lapse: a response at random."""
        powered = np.exp(logits - logits.max(-1, keepdims=True))
        lapse = self.traits["lapse"].reshape(-1, *[1] * (logits.ndim - 1))
        p: Floats = powered / powered.sum(-1, keepdims=True)
        return (1 - lapse) * p + lapse / self.n_classes


class AttentiveLearners(Learners):
    """Learners whose attention to the features is uneven: distances are weighted by it."""

    # A host makes the learners again for each choice, which asks for few of the images. So nothing
    # is computed for an image before it is needed.

    def __init__(self, traits: Mapping[str, Floats], features: Floats, n_classes: int) -> None:
        super().__init__(traits, features, n_classes)
        self._weights = np.sqrt(traits["attention"])

    def seen(self, images: Ints) -> Floats:
        """Return images as each learner sees them: (n_learners, n, n_dimensions)."""
        return np.asarray(self.features[images] * self._weights[:, None, :])

    def distances(self, images: Ints, others: Ints) -> Floats:
        """Return Euclidean distances as each learner sees them: (n_learners, n, n_others)."""
        gaps = self.features[images][:, None] - self.features[others]
        flat = np.square(gaps).reshape(-1, gaps.shape[-1])
        square = self.traits["attention"] @ flat.T
        return np.asarray(np.sqrt(square).reshape(-1, len(images), len(others)))


class OneClassLearners(AttentiveLearners):
    """Learners for whom a trial changes the logits of its own class only, relative to the others.

    So the other classes are computed once, for all candidates.
    """

    @abstractmethod
    def changed(self, candidates: Ints, labels: Ints, images: Ints) -> tuple[Floats, Floats]:
        """Return the logits after one more trial.

        Parameters
        ----------
        candidates, labels, images : ndarray
            As in `right_after`.

        Returns
        -------
        others : ndarray of shape (n_learners, n_images, n_classes)
            Where the trial is of another class.
        own : ndarray of shape (n_learners, n_candidates, n_images)
            Of the candidate's class. The caller may overwrite it.
        """

    def right_after(self, candidates: Ints, labels: Ints, images: Ints, truth: Ints) -> Floats:
        # While a participant waits: so in place, and the axis of the classes comes first.
        others, after = self.changed(candidates, labels, images)
        powered = np.moveaxis(others, -1, 0).copy()
        most = powered.max(0)
        np.exp(powered - most, out=powered)
        after -= most[:, None]
        np.exp(np.minimum(after, MOST_LOGIT, out=after), out=after)
        # Summed without the candidate's class: subtracting it from the sum would lose digits.
        rest = {each: np.delete(powered, each, 0).sum(0) for each in np.unique(labels)}
        whole = np.stack([rest[each] for each in labels], 1)
        whole += after
        before = powered[truth, :, np.arange(len(images))].T
        right = np.where(truth == labels[:, None], after, before[:, None])
        right /= whole
        return self._with_lapses(right.mean(-1))


class Exemplar(OneClassLearners):
    """Learners who compare an image with every example they remember.

    The generalised context model: evidence of a class is the sum of exp(-focus * distance) over
    its examples, each weakened by (1 - forgetting) per trial since; the probability of a class
    is its evidence to the power `decision`, normalised.

    References
    ----------
    .. [1] Nosofsky, R. M. (1986). Attention, similarity, and the identification-categorization
       relationship. Journal of Experimental Psychology: General 115, 39-57, eq. 2-6.
    """

    family = "exemplar"
    changing = ("evidence",)

    def __init__(self, traits: Mapping[str, Floats], features: Floats, n_classes: int) -> None:
        super().__init__(traits, features, n_classes)
        self.evidence = np.zeros((self.count, len(features), n_classes))

    @classmethod
    def draw_traits(
        cls, rng: np.random.Generator, count: int, dimensions: int
    ) -> dict[str, Floats]:
        return {
            **common_traits(rng, count, dimensions),
            "focus": lognormal(rng, 1.2, 0.3, count),
            "decision": lognormal(rng, 2.4, 0.4, count),
        }

    def similarity(self, images: Ints, others: Ints) -> Floats:
        """Return the similarity of images to others: (n_learners, n, n_others)."""
        distances = self.distances(images, others)
        distances *= -self.traits["focus"][:, None, None]
        return np.asarray(np.exp(distances, out=distances))

    def logits(self, images: Ints) -> Floats:
        return self._powered(self.evidence[:, images])

    def _powered(self, evidence: Floats) -> Floats:
        powered = np.log(evidence + BACKGROUND)
        powered *= self.traits["decision"][:, None, None]
        return np.asarray(powered)

    def learn(self, image: int, label: int) -> None:
        everything = np.arange(len(self.features))
        self.evidence *= (1 - self.traits["forgetting"])[:, None, None]
        self.evidence[:, :, label] += self.similarity(np.array([image]), everything)[:, 0]

    def changed(self, candidates: Ints, labels: Ints, images: Ints) -> tuple[Floats, Floats]:
        kept = self.evidence[:, images] * (1 - self.traits["forgetting"])[:, None, None]
        own = self.similarity(candidates, images)
        own += kept.swapaxes(1, 2)[:, labels]
        return self._powered(kept), self._powered(own)


class Prototype(OneClassLearners):
    """Learners who compare an image with the average example of each class.

    The prototype of a class moves towards each new example by 1 / (number of examples so far),
    or by `least_step` where that is larger, so that early examples are forgotten. The logit of
    a class is -focus * distance to its prototype; a class without examples is at `far`.

    References
    ----------
    .. [1] Reed, S. K. (1972). Pattern recognition and categorization. Cognitive Psychology 3,
       382-407.
    """

    family = "prototype"
    changing = ("prototypes", "examples")
    far = 4.0

    def __init__(self, traits: Mapping[str, Floats], features: Floats, n_classes: int) -> None:
        super().__init__(traits, features, n_classes)
        self.prototypes = np.zeros((self.count, n_classes, features.shape[1]))
        self.examples = np.zeros(n_classes, int)

    @classmethod
    def draw_traits(
        cls, rng: np.random.Generator, count: int, dimensions: int
    ) -> dict[str, Floats]:
        traits = common_traits(rng, count, dimensions)
        return {
            "attention": traits["attention"],
            "lapse": traits["lapse"],
            "least_step": rng.beta(2.0, 30, count),
            "focus": lognormal(rng, 1.2, 0.3, count),
        }

    def logits(self, images: Ints) -> Floats:
        return self._logits(self.seen(images))

    def _logits(self, seen: Floats) -> Floats:
        gaps = self._gaps(seen, self.prototypes)
        gaps[..., self.examples == 0] = self.far
        gaps *= -self.traits["focus"][:, None, None]
        return gaps

    def learn(self, image: int, label: int) -> None:
        moved = self._moved(np.array([image]), np.array([label]))[:, 0]
        self.prototypes[:, label] = moved
        self.examples[label] += 1

    def changed(self, candidates: Ints, labels: Ints, images: Ints) -> tuple[Floats, Floats]:
        seen = self.seen(images)
        gaps = self._gaps(self._moved(candidates, labels), seen)
        gaps *= -self.traits["focus"][:, None, None]
        return self._logits(seen), gaps

    def _moved(self, images: Ints, labels: Ints) -> Floats:
        """Where the prototype of each label would be after each image: (n_learners, n, d)."""
        share = 1 / (self.examples[labels] + 1)
        step = np.maximum(share, self.traits["least_step"][:, None])
        step[:, self.examples[labels] == 0] = 1.0
        before = self.prototypes[:, labels]
        return np.asarray(before + step[..., None] * (self.seen(images) - before))

    @staticmethod
    def _gaps(points: Floats, centres: Floats) -> Floats:
        """Euclidean distances: (n_learners, n_points, n_centres)."""
        square = points @ (-2 * centres.swapaxes(1, 2))
        square += np.einsum("lnd,lnd->ln", points, points)[:, :, None]
        square += np.einsum("lnd,lnd->ln", centres, centres)[:, None]
        return np.asarray(np.sqrt(np.maximum(square, 0, out=square), out=square))


BIAS = 0.3
"""Input of every image that a linear learner's weights can use beside the features."""


class Linear(AttentiveLearners):
    """Learners who weigh features and correct the weights by their error (delta rule).

    The logit of a class is `decision` times a weighted sum of the attended features and a bias.
    Each image has length 1, so that none counts more by being far from the mean (normalised
    delta rule). A trial decays all weights by `forgetting`, then adds
    rate * (truth - p) * features.

    References
    ----------
    .. [1] Gluck, M. A. and Bower, G. H. (1988). From conditioning to category learning: an
       adaptive network model. Journal of Experimental Psychology: General 117, 227-247, eq. 5.
    """

    family = "linear"
    changing = ("weights",)

    def __init__(self, traits: Mapping[str, Floats], features: Floats, n_classes: int) -> None:
        super().__init__(traits, features, n_classes)
        self.weights = np.zeros((self.count, features.shape[1] + 1, n_classes))

    def inputs(self, images: Ints) -> Floats:
        """Return the inputs of the weighted sums: (n_learners, n, n_dimensions + 1)."""
        raw = np.empty((self.count, len(images), self.features.shape[1] + 1))
        np.divide(self.seen(images), np.sqrt(self.features.shape[1]), out=raw[..., :-1])
        raw[..., -1] = BIAS
        raw /= np.sqrt(np.einsum("lnd,lnd->ln", raw, raw))[..., None]
        return raw

    @classmethod
    def draw_traits(
        cls, rng: np.random.Generator, count: int, dimensions: int
    ) -> dict[str, Floats]:
        return {
            **common_traits(rng, count, dimensions),
            "rate": lognormal(rng, 0.6, 0.4, count),
            "decision": lognormal(rng, 3.0, 0.3, count),
        }

    def logits(self, images: Ints) -> Floats:
        return self._logits(self.inputs(images))

    def _logits(self, inputs: Floats) -> Floats:
        return np.asarray(inputs @ (self.traits["decision"][:, None, None] * self.weights))

    def _errors(self, inputs: Floats, labels: Ints) -> Floats:
        """Truth less the probability without lapses: (n_learners, n, n_classes)."""
        logits = self._logits(inputs)
        powered = np.exp(logits - logits.max(-1, keepdims=True))
        p = powered / powered.sum(-1, keepdims=True)
        return np.asarray(np.eye(self.n_classes)[labels] - p)

    def learn(self, image: int, label: int) -> None:
        shown = self.inputs(np.array([image]))
        error = self._errors(shown, np.array([label]))
        step = shown.swapaxes(1, 2) * error * self._rate()
        self.weights = self.weights * self._keep() + step

    def right_after(self, candidates: Ints, labels: Ints, images: Ints, truth: Ints) -> Floats:
        # While a participant waits: so one class at a time, in place.
        shown, asked = self.inputs(candidates), self.inputs(images)
        error = np.moveaxis(self._errors(shown, labels), -1, 0)[..., None]
        step = shown @ asked.swapaxes(1, 2)
        step *= self._rate() * self.traits["decision"][:, None, None]
        kept = np.moveaxis(self._logits(asked) * self._keep(), -1, 0).copy()
        own = kept[truth, :, np.arange(len(images))].T
        own_error = error[truth, :, :, 0].transpose(1, 2, 0)
        # One over the sum of exp(other - own) is the softmax of the true class.
        whole = np.zeros_like(step)
        for other, other_error in zip(kept, error, strict=True):
            over = other_error - own_error
            over *= step
            over += (other - own)[:, None]
            whole += np.exp(np.minimum(over, MOST_LOGIT, out=over), out=over)
        return self._with_lapses(np.reciprocal(whole, out=whole).mean(-1))

    def _keep(self) -> Floats:
        return np.asarray((1 - self.traits["forgetting"])[:, None, None])

    def _rate(self) -> Floats:
        return self.traits["rate"][:, None, None]


FAMILIES: dict[str, type[Learners]] = {each.family: each for each in (Exemplar, Prototype, Linear)}
