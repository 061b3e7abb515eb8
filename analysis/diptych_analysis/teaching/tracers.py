"""Tracing one learner: particles of a family, weighted by the likelihood of the answers."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from diptych_analysis.teaching.learners import FAMILIES
from diptych_analysis.teaching.worlds import Floats, Ints

PARTICLES = 30
ENOUGH = 5
"""Answers that a tracer needs before it is judged or used."""
MARGIN = 3.0
"""How much better a baseline must predict the answers before the tracer is distrusted, in nats:
the evidence against the tracer is then about 20 to 1. A few unlucky answers are not enough."""


class Particles(Protocol):
    """What a tracer asks of its particles; `learners.Learners` describes the methods."""

    count: int
    n_classes: int

    def probabilities(self, images: Ints) -> Floats:
        """Return the probability of each response: (n_particles, n_images, n_classes)."""

    def learn(self, image: int, label: int) -> None:
        """Let every particle see an image and its true class."""

    def right_after(self, candidates: Ints, labels: Ints, images: Ints, truth: Ints) -> Floats:
        """Return the mean P(true) after each candidate: (n_particles, n_candidates)."""

    def state(self) -> tuple[Floats, ...]:
        """Return copies of what the particles have learnt."""

    def restore(self, state: tuple[Floats, ...]) -> None:
        """Go back to a state."""


class Mixture:
    """Particles of several families, side by side.

    Parameters
    ----------
    parts : sequence of Particles
        At least one, all of the same images and classes.
    """

    def __init__(self, parts: Sequence[Particles]) -> None:
        self.parts = parts
        self.count = sum(each.count for each in parts)
        self.n_classes = parts[0].n_classes

    def probabilities(self, images: Ints) -> Floats:
        """Return the probability of each response: (n_particles, n_images, n_classes)."""
        return np.concatenate([each.probabilities(images) for each in self.parts])

    def learn(self, image: int, label: int) -> None:
        """Let every particle see an image and its true class."""
        for each in self.parts:
            each.learn(image, label)

    def right_after(self, candidates: Ints, labels: Ints, images: Ints, truth: Ints) -> Floats:
        """Return the mean P(true) after each candidate: (n_particles, n_candidates)."""
        return np.concatenate(
            [each.right_after(candidates, labels, images, truth) for each in self.parts]
        )

    def state(self) -> tuple[Floats, ...]:
        """Return copies of what the particles have learnt."""
        return tuple(array for each in self.parts for array in each.state())

    def restore(self, state: tuple[Floats, ...]) -> None:
        """Go back to a state."""
        left = list(state)
        for each in self.parts:
            own = tuple(left.pop(0) for _ in each.state())
            each.restore(own)


MIXED = "mixed"
TRACERS = (*FAMILIES, MIXED)
"""Families of tracers; `mixed` has particles of all families."""


OTHERS = 1 / 4
"""Share of the particles that each other family has in a tracer of one family. A prior that gives
the alternatives some weight costs little where it is right, and the answers correct it where it is
wrong (epsilon contamination; Berger 1985, section 4.7)."""

FamilyTraits = tuple[str, Mapping[str, Floats]]
"""A family, and the traits of its particles."""


def draw_traits(
    family: str, rng: np.random.Generator, dimensions: int, particles: int = PARTICLES
) -> list[FamilyTraits]:
    """Draw the traits of a tracer's particles.

    Parameters
    ----------
    family : str
        One of `TRACERS`.
    rng : numpy.random.Generator
        Where the traits come from.
    dimensions : int
        Number of features.
    particles : int
        Number of particles; `mixed` has as many of each family as possible, the others some of each
        other family (`OTHERS`).

    Returns
    -------
    list of tuple
        Family and traits, one entry per family.
    """
    if family == MIXED:
        counts = dict.fromkeys(FAMILIES, max(1, particles // len(FAMILIES)))
    else:
        others = [name for name in FAMILIES if name != family]
        counts = dict.fromkeys(others, int(OTHERS * particles))
        counts = {family: particles - sum(counts.values())} | {k: n for k, n in counts.items() if n}
    return [
        (name, FAMILIES[name].draw_traits(rng, count, dimensions)) for name, count in counts.items()
    ]


@dataclass(frozen=True)
class Snapshot:
    """What a tracer has inferred at one moment."""

    state: tuple[Any, ...]
    answers: int
    right: int
    scores: dict[str, float]

    @property
    def nbytes(self) -> int:
        """Size of the arrays, in bytes."""
        return sum(int(getattr(each, "nbytes", 0)) for each in self.state)


class TracerBase(ABC):
    """A tracer of one learner that knows how well it has predicted the answers.

    Parameters
    ----------
    n_classes : int
        Number of classes.

    Attributes
    ----------
    answers : int
        Number of answers observed.
    scores : dict of str to float
        Log probability of the answers, each predicted before it came: `tracer`, `plain`
        (the learner's rate of right answers so far) and `chance`.
    """

    def __init__(self, n_classes: int) -> None:
        self.n_classes = n_classes
        self.answers, self.right = 0, 0
        self.scores = {"tracer": 0.0, "plain": 0.0, "chance": 0.0}

    @abstractmethod
    def observe(
        self,
        image: int,
        label: int,
        response: int | None,
        *,
        feedback: bool,
        rt_ms: float | None = None,
    ) -> None:
        """Take in one trial.

        Parameters
        ----------
        image, label : int
            Number of the image, and its true class.
        response : int or None
            The class that the learner chose; None where it is not known.
        feedback : bool
            Whether the learner then saw the true class.
        rt_ms : float or None
            Response time, in ms; None where it is not known.
        """

    def wait(self, seconds: float) -> None:
        """Take in a pause before the next trial. The simulated families do not know times."""
        return

    @abstractmethod
    def probabilities(self, images: Ints) -> Floats:
        """Return the probability of each response: (n_images, n_classes)."""

    @abstractmethod
    def right_after(self, candidates: Ints, labels: Ints, images: Ints, truth: Ints) -> Floats:
        """Return the expected mean P(true) on `images` after each candidate: (n_candidates,)."""

    @abstractmethod
    def _state(self) -> tuple[Any, ...]:
        """Return arrays that nothing changes later."""

    @abstractmethod
    def _restore(self, state: tuple[Any, ...]) -> None:
        """Go back to a state."""

    def snapshot(self) -> Snapshot:
        """Return all that the tracer has inferred, for `restore`."""
        return Snapshot(self._state(), self.answers, self.right, dict(self.scores))

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to a snapshot of a tracer that was made in the same way."""
        self._restore(snapshot.state)
        self.answers, self.right = snapshot.answers, snapshot.right
        self.scores = dict(snapshot.scores)

    def _score(self, p: float, *, is_right: bool) -> None:
        classes = self.n_classes
        # One right answer among `n_classes` before the first: starts at chance.
        rate = (self.right + 1) / (self.answers + classes)
        plain = rate if is_right else (1 - rate) / (classes - 1)
        for name, value in (("tracer", p), ("plain", plain), ("chance", 1 / classes)):
            self.scores[name] += math.log(value)
        self.answers += 1
        self.right += is_right

    @property
    def distrust(self) -> str | None:
        """Why the tracer should not choose, or None where it may."""
        if self.answers < ENOUGH:
            return f"{self.answers} answers; the tracer needs {ENOUGH}"
        for name in ("chance", "plain"):
            if self.scores["tracer"] < self.scores[name] - MARGIN:
                known = {"chance": "chance", "plain": "the rate of right answers"}[name]
                return f"{known} predicts the answers better than the tracer"
        return None


class Tracer(TracerBase):
    """What one learner knows, inferred from their answers.

    Each particle is a learner with fixed traits who saw the same trials. Its weight is the
    likelihood of the answers.

    Parameters
    ----------
    particles : Particles
        Learners with traits drawn from the family, before their first trial.

    Attributes
    ----------
    log_weights : ndarray of shape (n_particles,)
        Log likelihood of the answers under each particle.
    """

    def __init__(self, particles: Particles) -> None:
        super().__init__(particles.n_classes)
        self.particles = particles
        self.log_weights = np.zeros(particles.count)

    @classmethod
    def draw(
        cls,
        family: str,
        rng: np.random.Generator,
        features: Floats,
        n_classes: int,
        particles: int = PARTICLES,
    ) -> Tracer:
        """Draw a tracer of a family.

        Parameters
        ----------
        family : str
            One of `TRACERS`.
        rng : numpy.random.Generator
            Where the particles' traits come from.
        features : ndarray of shape (n_images, n_dimensions)
            The images, on one scale (`worlds.standardised`).
        n_classes : int
            Number of classes.
        particles : int
            Number of particles.
        """
        traits = draw_traits(family, rng, features.shape[1], particles)
        return cls.of(traits, features, n_classes)

    @classmethod
    def of(cls, traits: Sequence[FamilyTraits], features: Floats, n_classes: int) -> Tracer:
        """Make a tracer from traits that are drawn."""
        parts = [FAMILIES[family](own, features, n_classes) for family, own in traits]
        return cls(parts[0] if len(parts) == 1 else Mixture(parts))

    @property
    def weights(self) -> Floats:
        """Posterior probability of each particle, (n_particles,)."""
        weights: Floats = np.exp(self.log_weights - self.log_weights.max())
        return np.asarray(weights / weights.sum())

    def observe(
        self,
        image: int,
        label: int,
        response: int | None,
        *,
        feedback: bool,
        rt_ms: float | None = None,
    ) -> None:
        """Take in one trial, as `TracerBase` says."""
        if response is not None:
            p = self.particles.probabilities(np.array([image]))[:, 0]
            self._score(float(self.weights @ p[:, response]), is_right=label == response)
            self.log_weights = self.log_weights + np.log(p[:, response])
        if feedback:
            self.particles.learn(image, label)

    def probabilities(self, images: Ints) -> Floats:
        """Return the probability of each response: (n_images, n_classes)."""
        p = self.particles.probabilities(images)
        return np.asarray(np.tensordot(self.weights, p, 1))

    def right_after(self, candidates: Ints, labels: Ints, images: Ints, truth: Ints) -> Floats:
        """Return the expected mean P(true) on `images` after each candidate: (n_candidates,)."""
        after = self.particles.right_after(candidates, labels, images, truth)
        return np.asarray(self.weights @ after)

    def _state(self) -> tuple[Any, ...]:
        return (self.log_weights.copy(), *self.particles.state())

    def _restore(self, state: tuple[Any, ...]) -> None:
        self.log_weights = state[0].copy()
        self.particles.restore(state[1:])
