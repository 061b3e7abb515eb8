"""Simulated participants: how they perceive, decide and learn. One file a task.

A task names its module in `Task.observers`; the module has a dict `OBSERVERS`, name -> class. An
observer is given what a browser is shown, and of each image what can be seen of it: a vector of
features. It is never given a label that the host has not told it.
"""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from diptych import tasks

if TYPE_CHECKING:
    from diptych_analysis.machines.mis import Scale

Features = NDArray[np.float64]


class UnknownObserver(LookupError):
    """The task has no observer of that name."""


@dataclass(frozen=True)
class SeenTrial:
    """One trial as it reaches the eye.

    Attributes:
        phase: practice, training, test or catch.
        show: what the task shows, as the API serves it.
        features: by URL of an image, its features (d,): standardised over the study's images, or
            of length 1 where a network looks.
    """

    phase: str
    show: Mapping[str, Any]
    features: Mapping[str, Features]


@dataclass(frozen=True)
class Answer:
    """What an observer answers: the body of the task's response, and the time it took in ms."""

    response: dict[str, Any]
    rt_ms: float


class Observer(ABC):
    """One simulated participant. Everything it draws comes from the one generator it is given."""

    # What it is in the tables: simulated, or machine.
    kind: ClassVar[str] = "simulated"
    # Whether it reads the instructions; otherwise it guesses at questions about them.
    careful: bool = True

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng

    @abstractmethod
    def answer(self, trial: SeenTrial) -> Answer:
        """Look at a trial and answer it."""

    def learn(  # noqa: B027 (observers that mind no feedback need not say so)
        self, trial: SeenTrial, answer: Answer, feedback: Mapping[str, Any]
    ) -> None:
        """Take in the feedback to an answer; by default it is not minded."""

    def rest_ms(self) -> float:
        """Time in ms from feedback to the next trial where that is self-paced."""
        return lognormal(self.rng, 900, 0.4)


class NetworkObserver(Observer):
    """One that sees images as a network does.

    The features it is given are the network's, of length 1: their product is how similar the
    network finds two images.

    Args:
        rng: its generator.
        scale: how similarities become probabilities (MIS paper, eq. 4).
    """

    def __init__(self, rng: np.random.Generator, scale: Scale) -> None:
        super().__init__(rng)
        self.scale = scale


class Sight(Protocol):
    """What turns served images into features."""

    async def look(self, images: Sequence[bytes]) -> list[Features]:
        """Features (d,) of each image, from its served bytes."""


def lognormal(rng: np.random.Generator, median: float, spread: float) -> float:
    """A positive draw: log-normal with a median and the standard deviation of its logarithm."""
    return float(median * np.exp(rng.normal(0.0, spread)))


def observer_class(task: str, name: str) -> type[Observer]:
    """The class of a task's observer.

    Raises:
        UnknownObserver: naming those the task has.
    """
    known = observers_of(task)
    if name not in known:
        raise UnknownObserver(
            f"the task {task} has no observer {name!r}; it has: {', '.join(known) or 'none'}"
        )
    return known[name]


def observers_of(task: str) -> dict[str, type[Observer]]:
    """All observers of a task by name; empty for a task that names no module."""
    module = tasks.REGISTRY.get(task).observers
    found: dict[str, type[Observer]] = importlib.import_module(module).OBSERVERS if module else {}
    return found
