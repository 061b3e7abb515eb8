"""Walks of put, take and shake, and the image before and after each action (thesis 7.2.3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diptych_analysis.numerosity.faults import NumerosityFault
from diptych_analysis.numerosity.scenes import Ints, Look, Scenes, random_scenes, scenes_of

#: Names by number, in the order of the network's classes.
ACTIONS = ("take", "shake", "put")
TAKE, SHAKE, PUT = range(3)


@dataclass(frozen=True)
class Walk:
    """A sequence of t actions and the t + 1 images between them.

    Parameters
    ----------
    actions : ndarray of int, shape (t,)
        0 take, 1 shake, 2 put.
    scenes : Scenes
        t + 1 images; action i leads from image i to image i + 1.
    """

    actions: Ints
    scenes: Scenes


def walk_counts(
    steps: int, limit: int, rng: np.random.Generator, *, action_size: int = 1
) -> tuple[Ints, Ints]:
    """Draw actions and the number of objects before and after them.

    The walk begins without objects. Each action is uniform over those possible: no take without
    objects, no put at the limit.

    Parameters
    ----------
    steps : int
        Number of actions.
    limit : int
        Greatest number of objects.
    rng : numpy.random.Generator
        Source of chance.
    action_size : int
        A put or take moves 1 to this number of objects, uniform, as far as objects and limit allow.
        1 is the precise action of the main experiment; 3 is the imprecise action of the authors'
        code (thesis 7.7.6 says 0 to 3).

    Returns
    -------
    actions : ndarray of int, shape (steps,)
    counts : ndarray of int, shape (steps + 1,)
    """
    if limit < 1 or action_size < 1 or steps < 1:
        raise NumerosityFault(
            f"steps {steps}, limit {limit}, action size {action_size}: each is at least 1"
        )
    chance = rng.random(steps)
    sizes = rng.integers(1, action_size + 1, steps)
    actions, counts = np.zeros(steps, np.int64), np.zeros(steps + 1, np.int64)
    for i in range(steps):
        now = int(counts[i])
        allowed = [SHAKE] if now else [SHAKE, PUT]
        if now:
            allowed = [TAKE, SHAKE] if now >= limit else [TAKE, SHAKE, PUT]
        actions[i] = allowed[int(chance[i] * len(allowed))]
        change = (actions[i] - SHAKE) * sizes[i]
        counts[i + 1] = min(max(now + change, 0), limit)
    return actions, counts


def random_walk(
    steps: int,
    limit: int,
    look: Look,
    rng: np.random.Generator,
    *,
    action_size: int = 1,
    jitter: bool = False,
) -> Walk:
    """Draw a walk with its images.

    Parameters
    ----------
    steps, limit, action_size : int
        As in `walk_counts`.
    look : Look
        Ranges of the objects.
    rng : numpy.random.Generator
        Source of chance; the same state gives the same walk.
    jitter : bool
        Keep objects from image to image and change their side and grey level slightly, within the
        look's ranges (thesis 7.7.5). By default all objects are new in each image. Positions are
        new in either case.
    """
    actions, counts = walk_counts(steps, limit, rng, action_size=action_size)
    if jitter:
        sides, grey = _kept_objects(counts, limit, look, rng)
        return Walk(actions, scenes_of(sides, grey, look, rng))
    return Walk(actions, random_scenes(counts, look, rng))


def _kept_objects(
    counts: Ints, limit: int, look: Look, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """Return sides and grey levels of objects that stay the same, each shape (t + 1, limit)."""
    kept = np.zeros((0, 2), np.int64)
    bounds = np.array([look.sides, look.intensities]).T
    change = np.array([look.jitter_side, look.jitter_intensity])
    found = np.zeros((len(counts), limit, 2), np.int64)
    for image, count in enumerate(counts):
        kept = np.clip(kept + rng.integers(-change, change + 1, kept.shape), bounds[0], bounds[1])
        if count < len(kept):
            kept = kept[rng.permutation(len(kept))[:count]]
        new = rng.integers(bounds[0], bounds[1] + 1, (int(count) - len(kept), 2))
        kept = np.concatenate([kept, new])
        found[image, :count] = kept
    return found[..., 0], found[..., 1]
