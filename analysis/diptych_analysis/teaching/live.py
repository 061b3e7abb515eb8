"""Rebuild a tracer from the stored answers of a session, on any host and at any trial."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from diptych_analysis.teaching.tracers import Tracer
from diptych_analysis.teaching.worlds import DIMENSIONS, Floats, standardised

SEED = 1
"""Of the particles: the same in all sessions, so that any host rebuilds the same tracer."""


class TooSlow(TimeoutError):
    """A choice that missed its deadline."""


@dataclass(frozen=True)
class Trial:
    """One earlier trial.

    Attributes
    ----------
    image, label : int
        Number of the image, and its true class.
    response : int or None
        The class that was chosen; None where it is not known.
    feedback : bool
        Whether the true class was shown afterwards.
    """

    image: int
    label: int
    response: int | None
    feedback: bool


@dataclass(frozen=True)
class Deadline:
    """A moment by which a choice must be made.

    Attributes
    ----------
    at : float
        On `time.monotonic()`, in seconds.
    """

    at: float

    @classmethod
    def after(cls, ms: float) -> Deadline:
        """Start now."""
        return cls(time.monotonic() + ms / 1000)

    def check(self) -> None:
        """Raise `TooSlow` once the moment has passed."""
        if time.monotonic() > self.at:
            raise TooSlow("the tracer missed its deadline")


def scaled(features: Floats) -> Floats:
    """Return standardised features whose distances do not grow with their number.

    Parameters
    ----------
    features : ndarray of shape (n_images, n_dimensions)
        Raw features.

    Returns
    -------
    ndarray of shape (n_images, n_dimensions)
        On the scale for which the traits of the families were chosen: six dimensions.
    """
    return np.asarray(standardised(features) * np.sqrt(DIMENSIONS / features.shape[1]))


def rebuild(
    features: Floats, n_classes: int, trials: Sequence[Trial], family: str, deadline: Deadline
) -> Tracer:
    """Rebuild the tracer of a session.

    Parameters
    ----------
    features : ndarray of shape (n_images, n_dimensions)
        Raw features of the images.
    n_classes : int
        Number of classes.
    trials : sequence of Trial
        What the session has shown so far, in order.
    family : str
        One of `tracers.TRACERS`.
    deadline : Deadline
        When to give up.

    Returns
    -------
    Tracer
        The same for the same arguments.

    Raises
    ------
    TooSlow
        After the deadline.
    """
    rng = np.random.default_rng(SEED)
    tracer = Tracer.draw(family, rng, scaled(features), n_classes)
    for trial in trials:
        deadline.check()
        tracer.observe(trial.image, trial.label, trial.response, feedback=trial.feedback)
    deadline.check()
    return tracer
