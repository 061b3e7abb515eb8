"""Simulated participants: how they perceive, decide and learn. One file a task.

A task names its module in `Task.observers`; the module has a dict `OBSERVERS`, name -> class. An
observer is given what a browser is shown, and of each image what can be seen of it: a vector of
features. It is never given a label that the host has not told it.
"""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from diptych import tasks

if TYPE_CHECKING:
    from diptych_analysis.mis.score import Scale

Features = NDArray[np.float64]


class UnknownObserver(LookupError):
    """The task has no observer of that name."""


@dataclass(frozen=True)
class SeenTrial:
    """One trial as it reaches the eye.

    Attributes
    ----------
    phase : str
        practice, training, test or catch.
    show : Mapping[str, Any]
        What the task shows, as the API serves it.
    features : Mapping[str, Features]
        By URL of an image, its features (d,): standardised over the study's images, or
        of length 1 where a network looks.
    numbers : Mapping[str, Mapping[str, float]]
        By URL of an image, the numeric columns of its row in stimuli.csv, in their own units and
        in the order of the columns. Empty where a network looks.
    """

    phase: str
    show: Mapping[str, Any]
    features: Mapping[str, Features]
    numbers: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


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
    # Whether it closes the page somewhere on the way.
    leaves: ClassVar[bool] = False
    # Whether it takes the study once more, from the same browser.
    comes_again: ClassVar[bool] = False
    # Whether it uses a pointer: a script that only speaks to the host has none.
    has_hands: ClassVar[bool] = True

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        # What it does beside answering is drawn apart, so that answers don't depend on it.
        self._aside = rng.spawn(1)[0]
        self._browser = _draw_browser(self._aside)

    @abstractmethod
    def answer(self, trial: SeenTrial) -> Answer:
        """Look at a trial and answer it."""

    def learn(  # noqa: B027 (observers that mind no feedback need not say so)
        self, trial: SeenTrial, answer: Answer, feedback: Mapping[str, Any]
    ) -> None:
        """Take in the feedback to an answer; by default it is not minded.

        `trial.features` also holds the images that explain the answer.
        """

    def pass_days(self, days: float) -> None:  # noqa: B027 (most observers forget nothing)
        """Let days pass before the next part of the study; by default nothing is forgotten."""

    def browser(self) -> dict[str, Any]:
        """Return what its browser says of itself: always the same, and that it is simulated."""
        if self.kind == "machine":
            return {"width": 1280, "height": 800, "user_agent": "diptych machine", "language": "en"}
        return dict(self._browser)

    def hands(self, ms: float) -> tuple[int, int, int]:
        """Return movements, presses and keys of a stretch of time, as the page would count them."""
        if not self.has_hands:
            return 0, 0, 0
        seconds = ms / 1000
        return int(self._aside.poisson(9 * seconds)), 1 + int(self._aside.poisson(seconds / 3)), 0

    def leaves_at(self, trials: int) -> int | None:
        """Return after how many answers it closes the page; None when it stays."""
        return int(self._aside.integers(1, max(trials, 2))) if self.leaves else None

    def rest_ms(self) -> float:
        """Return the time in ms from feedback to the next trial where that is self-paced."""
        return lognormal(self.rng, 900, 0.4)


# Widths of windows people have, and how many of a hundred have them: a few are very common.
_WINDOWS = ((1920, 28), (1536, 22), (1366, 16), (1440, 10), (2560, 8), (1280, 8), (1680, 8))
_SYSTEMS = (("Windows NT 10.0; Win64; x64", 65), ("Macintosh; Intel Mac OS X 10_15_7", 25),
            ("X11; Linux x86_64", 10))  # fmt: skip
_LANGUAGES = (("en-GB", 40), ("en-US", 35), ("de", 10), ("pl", 10), ("es", 5))


def _draw_browser(rng: np.random.Generator) -> dict[str, Any]:
    """Draw a browser as people have them: many have the same window, and the same version."""
    width = _one_of(rng, _WINDOWS)
    version = int(rng.choice([141, 142, 143], p=[0.1, 0.3, 0.6]))
    # Bars of tabs, bookmarks and tasks take from the height: not the same for everybody.
    height = round(width * 9 / 16) - int(rng.choice([73, 86, 111, 121, 130, 137, 158]))
    return {
        "width": width,
        "height": height,
        "pixel_ratio": float(rng.choice([1, 1.25, 2])),
        "touch": False,
        "user_agent": f"Mozilla/5.0 ({_one_of(rng, _SYSTEMS)}) Chrome/{version} diptych-simulate",
        "language": _one_of(rng, _LANGUAGES),
    }


def _one_of(rng: np.random.Generator, weighted: Sequence[tuple[Any, int]]) -> Any:
    """Draw one of several by its weight."""
    weights = np.array([weight for _, weight in weighted], dtype=float)
    return weighted[int(rng.choice(len(weighted), p=weights / weights.sum()))][0]


class NetworkObserver(Observer):
    """One that sees images as a network does.

    The features it is given are the network's, of length 1: their product is how similar the
    network finds two images.

    Parameters
    ----------
    rng : np.random.Generator
        Its generator.
    scale : Scale
        How similarities become probabilities (MIS paper, eq. 4).
    """

    def __init__(self, rng: np.random.Generator, scale: Scale) -> None:
        super().__init__(rng)
        self.scale = scale


class NumberMachine(Observer):
    """A machine that decides by one score per image, and takes no time.

    The features that it is given are the score, shape (1,): the number that a network perceives, or
    a quantity of the pixels.
    """

    kind = "machine"

    def rest_ms(self) -> float:
        """Return no pause."""
        return 0.0


class Vision(Protocol):
    """What turns served images into features."""

    async def look(self, images: Sequence[bytes]) -> list[Features]:
        """Return the features (d,) of each image, from its served bytes."""

    def numbers(self, data: bytes) -> Mapping[str, float]:
        """Numbers that the manifest gives for an image, from its served bytes."""


def lognormal(rng: np.random.Generator, median: float, spread: float) -> float:
    """Draw a log-normal number with a median and the standard deviation of its logarithm."""
    return float(median * np.exp(rng.normal(0.0, spread)))


def observer_class(task: str, name: str) -> type[Observer]:
    """Find the class of a task's observer.

    Raises
    ------
    UnknownObserver
        Naming those the task has.
    """
    known = observers_of(task)
    if name not in known:
        raise UnknownObserver(
            f"the task {task} has no observer {name!r}; it has: {', '.join(known) or 'none'}"
        )
    return known[name]


def observers_of(task: str) -> dict[str, type[Observer]]:
    """Return all observers of a task by name; empty for a task that names no module."""
    module = tasks.REGISTRY.get(task).observers
    found: dict[str, type[Observer]] = importlib.import_module(module).OBSERVERS if module else {}
    return found
