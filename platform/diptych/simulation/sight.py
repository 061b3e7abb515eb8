"""Which eyes an observer sees with: the manifest's numbers, or a network; and a machine's id."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from diptych.simulation import NetworkObserver, Observer, Sight
from diptych.simulation.vision import Eyes
from diptych.simulation.visitor import SimulationFault
from diptych.study.loaded import LoadedStudy

if TYPE_CHECKING:
    from diptych_analysis.mis.score import Scale

LONGEST_ID = 32  # what the tables hold as a participant's id


def sight_of(
    loaded: LoadedStudy,
    chosen: type[Observer],
    observer: str,
    model: str | None,
    scale: Scale | None,
) -> tuple[Sight, Callable[[np.random.Generator], Observer]]:
    """What the participants see images by, and what makes one of a generator.

    Args:
        loaded: the study folder.
        chosen: class of the observer.
        observer: its name.
        model: network that it follows.
        scale: how that network's similarities become probabilities; by default as published.

    Raises:
        SimulationFault: when the observer follows a network and none is named, or the other way.
        MachineFault: when there is no such network, or its weights can't be had.
    """
    if not issubclass(chosen, NetworkObserver):
        if model is not None:
            raise SimulationFault(f"the observer {observer!r} follows no network: give no model")
        return Eyes(loaded), chosen
    if model is None:
        raise SimulationFault(
            f"the observer {observer!r} follows a network: name it, such as efficientnet-lite1"
        )
    from diptych.simulation.network_vision import NetworkEyes
    from diptych_analysis.mis.score import Scale

    return NetworkEyes(model), partial(chosen, scale=scale or Scale())


def machine_id(model: str, scale: Scale | None = None) -> str:
    """The id a machine enters with: its name, and a hash of what the name can't say.

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
