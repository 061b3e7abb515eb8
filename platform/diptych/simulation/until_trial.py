"""A preview that begins at a trial: a simulated participant takes the way there."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
import numpy as np

from diptych.simulation import observer_class
from diptych.simulation.participation import Participation
from diptych.simulation.vision import vision_of
from diptych.simulation.visitor import Refused, SimulationFault, Visitor
from diptych.study.loaded import LoadedStudy


async def go_to_trial(
    base_url: str,
    loaded: LoadedStudy,
    entry: Mapping[str, str],
    trial: int,
    transport: httpx.AsyncBaseTransport,
) -> str:
    """Begin a session, answer the trials before one, and leave it there.

    Parameters
    ----------
    base_url : str
        Address of the host.
    loaded : LoadedStudy
        The study folder, as it was frozen.
    entry : Mapping[str, str]
        Query of the link, with a preview key.
    trial : int
        How many trials are answered. A session that ends before stays at its end.
    transport : httpx.AsyncBaseTransport
        How the host is reached.

    Returns
    -------
    str
        The token of the session.

    Raises
    ------
    SimulationFault
        When the host refuses.
    """
    chosen = observer_class(loaded.content.spec.task.name, "learner")
    vision, make = vision_of(loaded, chosen, "learner", None, None)
    async with httpx.AsyncClient(base_url=base_url, timeout=60, transport=transport) as client:
        visitor = Visitor(client)
        participation = Participation(
            visitor,
            loaded.content,
            make(np.random.default_rng(trial)),
            vision,
            0.0,
            lambda: None,
            stop_at=trial,
        )
        try:
            await participation.take(dict(entry))
        except Refused as fault:
            raise SimulationFault(f"at {participation.step}: {fault}") from None
    return visitor.token or ""
