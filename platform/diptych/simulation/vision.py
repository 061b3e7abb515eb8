"""What a simulated participant sees of an image: the manifest's numbers, or a network's features.

An image is known by the hash of its served bytes, not by its name.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from diptych.simulation import Features, NetworkObserver, NumberMachine, Observer, Vision
from diptych.simulation.psychometric import (
    IdentityVision,
    LevelsOfStudy,
    PeopleFunctions,
    PsychometricObserver,
)
from diptych.simulation.visitor import SimulationFault
from diptych.study.content import FrozenStimulus
from diptych.study.loaded import LoadedStudy
from diptych.tasks import numbers_of
from diptych_analysis.pictures import read_picture

if TYPE_CHECKING:
    from diptych_analysis.mis.score import Scale

THUMBNAIL = 8  # pixels a side: enough to tell digits apart
LONGEST_ID = 32  # what the tables hold as a participant's id


class UnknownImage(LookupError):
    """The host serves an image that the local study folder does not have."""


class AttributeVision:
    """Turns served bytes into features, through the attributes of the local study's manifest.

    Features are the numeric attributes, each standardised over the study's stimuli (mean 0,
    standard deviation 1); attributes that don't vary are left out. Labels and attributes in words
    are not seen. A study without numeric attributes is seen as thumbnails of 8 x 8 pixels.

    Parameters
    ----------
    study : LoadedStudy
        The study folder as it was read, images included.
    """

    def __init__(self, study: LoadedStudy) -> None:
        self._study = study.content.name
        stimuli = study.content.stimuli
        raw = _attributes(stimuli)
        served = [study.images[stimulus.stimulus_id].encode() for stimulus in stimuli]
        if raw is None:
            raw = np.stack([_thumbnail(data) for data in served])
        spread = raw.std(axis=0)
        seen = (raw - raw.mean(axis=0))[:, spread > 0] / spread[spread > 0]
        self._features: Mapping[str, Features] = {
            hashlib.sha256(data).hexdigest(): row for data, row in zip(served, seen, strict=True)
        }
        self._numbers = {
            hashlib.sha256(data).hexdigest(): numbers_of(stimulus.attributes)
            for data, stimulus in zip(served, stimuli, strict=True)
        }

    async def look(self, images: Sequence[bytes]) -> list[Features]:
        """Return the features (d,) of each image; as `see`."""
        return [self.see(data) for data in images]

    def numbers(self, data: bytes) -> Mapping[str, float]:
        """Numeric attributes of an image in the manifest, from its served bytes."""
        return self._numbers.get(hashlib.sha256(data).hexdigest(), {})

    def see(self, data: bytes) -> Features:
        """Return the features (d,) of an image from its served bytes.

        Raises
        ------
        UnknownImage
            When the study folder has no such image.
        """
        try:
            return self._features[hashlib.sha256(data).hexdigest()]
        except KeyError:
            raise UnknownImage(
                f"the host serves an image that the folder of {self._study!r} does not have: "
                "it serves another version. Open the study again, or use the folder of that "
                "version"
            ) from None


class BatchedVision(ABC):
    """Turns served bytes into features, in batches that all participants share.

    An image is known by the hash of its bytes, so that each is looked at once, under however many
    addresses it is served. Whoever asks while a batch is at work waits, and then finds in the next
    one what everybody has asked for meanwhile.
    """

    def __init__(self) -> None:
        self._features: dict[str, Features] = {}
        self._wanted: dict[str, bytes] = {}
        self._at_work = asyncio.Lock()

    def numbers(self, data: bytes) -> Mapping[str, float]:
        """Return nothing: a machine sees pixels only."""
        return {}

    async def look(self, images: Sequence[bytes]) -> list[Features]:
        """Return the features (d,) of each image."""
        names = [hashlib.sha256(data).hexdigest() for data in images]
        for name, data in zip(names, images, strict=True):
            if name not in self._features:
                self._wanted[name] = data
        async with self._at_work:
            wanted, self._wanted = self._wanted, {}
            if wanted:
                # In a thread: others go on talking to the host meanwhile.
                self._features |= await asyncio.to_thread(self._compute, wanted)
        return [self._features[name] for name in names]

    def _compute(self, wanted: Mapping[str, bytes]) -> dict[str, Features]:
        rows = self._rows([read_picture(data) for data in wanted.values()])
        return dict(zip(wanted, rows, strict=True))

    @abstractmethod
    def _rows(self, pictures: Sequence[Image.Image]) -> Features:
        """Compute the features of pictures, (n, d)."""


class NetworkVision(BatchedVision):
    """Turns served bytes into a network's features of length 1.

    Parameters
    ----------
    model : str
        Name of the network, such as `efficientnet-lite1` or `timm:NAME`.

    Raises
    ------
    MachineFault
        When there is no such network, its weights can't be had, or it is a control
        that deals features out to the wrong images.
    """

    def __init__(self, model: str) -> None:
        # Here, because a host that only serves studies runs without PyTorch.
        from diptych_analysis.networks.faults import MachineFault
        from diptych_analysis.networks.similarity import Shuffled, similarity

        super().__init__()
        self._similarity = similarity(model)
        if isinstance(self._similarity, Shuffled):
            raise MachineFault(f"{model} looks at whole sets of images only: it can't take a study")

    def _rows(self, pictures: Sequence[Image.Image]) -> Features:
        return np.asarray(self._similarity.features(pictures), dtype=np.float64)


class NumberVision(BatchedVision):
    """Turns served bytes into the score that a machine gives them, of shape (1,).

    Parameters
    ----------
    model : str
        Name or folder of the machine, as `diptych_analysis.numerosity.machines.machine` takes it.

    Raises
    ------
    MachineFault
        When there is no such machine.
    """

    def __init__(self, model: str) -> None:
        # Here, because a host that only serves studies runs without PyTorch.
        from diptych_analysis.networks.faults import MachineFault
        from diptych_analysis.numerosity.faults import NumerosityFault
        from diptych_analysis.numerosity.machines import machine

        super().__init__()
        try:
            self._machine = machine(model)
        except NumerosityFault as fault:
            raise MachineFault(str(fault)) from fault
        self.machine_id = self._machine.name

    def _rows(self, pictures: Sequence[Image.Image]) -> Features:
        return self._machine.scores(pictures)[:, None]


def vision_of(
    loaded: LoadedStudy,
    chosen: type[Observer],
    observer: str,
    model: str | None,
    scale: Scale | None,
    people: PeopleFunctions | None = None,
) -> tuple[Vision, Callable[[np.random.Generator], Observer]]:
    """Return what the participants see images by, and what makes one of a generator.

    Parameters
    ----------
    loaded : LoadedStudy
        The study folder.
    chosen : type[Observer]
        Class of the observer.
    observer : str
        Its name.
    model : str | None
        Network that it follows.
    scale : Scale | None
        How that network's similarities become probabilities; by default as published.
    people : PeopleFunctions | None
        The functions of observers with a known psychometric function; for no other observer.

    Raises
    ------
    SimulationFault
        When the observer follows a network and none is named, or the other way.
    MachineFault
        When there is no such network, or its weights can't be had.
    """
    if issubclass(chosen, PsychometricObserver):
        seen, levels = IdentityVision(loaded), LevelsOfStudy(loaded.content)
        functions = people or PeopleFunctions()
        return seen, partial(chosen, levels=levels, names=seen.names, people=functions)
    if people is not None:
        raise SimulationFault(f"the observer {observer!r} has no known psychometric function")
    if not issubclass(chosen, NetworkObserver | NumberMachine):
        if model is not None:
            raise SimulationFault(f"the observer {observer!r} follows no network: give no model")
        return AttributeVision(loaded), chosen
    if issubclass(chosen, NumberMachine):
        if model is None:
            raise SimulationFault(
                f"the observer {observer!r} needs a model: a folder of `diptych numerosity train`, "
                "or pixels-area, pixels-hull or pixels-intensity"
            )
        return NumberVision(model), chosen
    if model is None:
        raise SimulationFault(
            f"the observer {observer!r} follows a network: name it, such as efficientnet-lite1"
        )
    from diptych_analysis.mis.score import Scale

    return NetworkVision(model), partial(chosen, scale=scale or Scale())


def machine_id(model: str, scale: Scale | None = None) -> str:
    """Return the id a machine enters with: its name, and a hash of what the name can't say.

    The same model and scale have the same id: at most 32 letters, digits, `-` and `_`.
    """
    from diptych_analysis.mis.score import Scale

    readable = re.sub(r"[^A-Za-z0-9_-]+", "-", model)
    settled = scale or Scale()
    plain = (settled.value, settled.reading) == (Scale().value, Scale().reading)
    if plain and readable == model and len(model) <= LONGEST_ID:
        return model
    exact = f"{model} {settled.value!r} {settled.reading}"
    digest = hashlib.sha256(exact.encode()).hexdigest()[:6]
    return f"{readable[: LONGEST_ID - 7]}-{digest}"


def _attributes(stimuli: Sequence[FrozenStimulus]) -> Features | None:
    """Return the numeric attributes of all stimuli (n, d), or None where none varies."""
    names = dict.fromkeys(name for stimulus in stimuli for name in stimulus.attributes)
    columns = []
    for name in names:
        values = [stimulus.attributes.get(name) for stimulus in stimuli]
        if all(isinstance(value, int | float) for value in values) and len(set(values)) > 1:
            columns.append(values)
    return np.array(columns, dtype=np.float64).T if columns else None


def _thumbnail(data: bytes) -> Features:
    """Return the mean colours of an 8 x 8 grid of an image, (192,), between 0 and 1."""
    small = read_picture(data).resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float64).ravel() / 255
