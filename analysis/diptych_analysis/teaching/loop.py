"""One simulated lesson: choose an image, let the learner respond, trace, teach."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diptych_analysis.teaching.choices import CHOOSERS, Choice, Options
from diptych_analysis.teaching.learners import FAMILIES
from diptych_analysis.teaching.tracers import PARTICLES, Tracer
from diptych_analysis.teaching.worlds import World, make_world

MEASURED = (10, 20, 30)


@dataclass(frozen=True)
class Lesson:
    """One simulated lesson.

    Attributes
    ----------
    choices : tuple of Choice
        What each trial showed, and why.
    responses : tuple of int
        The class that the learner chose in each trial.
    right : tuple of float
        The learner's mean P(true) on the unseen images after each number of `MEASURED` trials.
    """

    choices: tuple[Choice, ...]
    responses: tuple[int, ...]
    right: tuple[float, ...]

    @property
    def fallbacks(self) -> int:
        """Number of trials that the balanced policy chose because the tracer could not."""
        return sum(each.fallback is not None for each in self.choices)


def lesson(
    learner: str,
    tracer: str,
    policy: str,
    seed: int,
    *,
    particles: int = PARTICLES,
    world: World | None = None,
) -> Lesson:
    """Teach one simulated learner 30 images.

    Lessons of one seed and one family of learners are paired: they share the world, the
    learner's traits, and the random numbers that turn probabilities into responses.

    Parameters
    ----------
    learner : str
        A key of `learners.FAMILIES`.
    tracer : str
        One of `tracers.TRACERS`.
    policy : str
        A key of `choices.CHOOSERS`.
    seed : int
        Of everything that is random.
    particles : int
        Number of the tracer's particles.
    world : World or None
        The images; None draws them from the seed.

    Returns
    -------
    Lesson
        The same for the same arguments.
    """
    world = world or make_world(np.random.default_rng([seed, 0]))
    traits = np.random.default_rng([seed, 1])
    student = FAMILIES[learner].draw(traits, 1, world.features, world.n_classes)
    luck = np.random.default_rng([seed, 2]).random(MEASURED[-1])
    drawing = np.random.default_rng([seed, 3])
    traced = Tracer.draw(tracer, drawing, world.features, world.n_classes, particles)
    rng = np.random.default_rng([seed, 4])
    left, shown = world.pool, np.zeros(world.n_classes, int)
    choices, responses, right = [], [], []
    for trial in range(MEASURED[-1]):
        choice = CHOOSERS[policy](Options(left, world.labels, shown, world.pool), traced, rng)
        label = int(world.labels[choice.image])
        p = student.probabilities(np.array([choice.image]))[0, 0]
        response = min(int(np.searchsorted(p.cumsum(), luck[trial])), world.n_classes - 1)
        traced.observe(choice.image, label, response, feedback=True)
        student.learn(choice.image, label)
        choices.append(choice)
        responses.append(response)
        left = left[left != choice.image]
        shown = shown + (np.arange(world.n_classes) == label)
        if trial + 1 in MEASURED:
            right.append(_mean_right(student.probabilities(world.unseen)[0], world))
    return Lesson(tuple(choices), tuple(responses), tuple(right))


def _mean_right(p: np.ndarray[tuple[int, ...], np.dtype[np.float64]], world: World) -> float:
    truth = world.labels[world.unseen]
    return float(p[np.arange(len(truth)), truth].mean())
