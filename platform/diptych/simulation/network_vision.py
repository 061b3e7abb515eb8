"""What a network sees of an image: its features, computed once for each image that is served."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from diptych.simulation import Features
from diptych_analysis.networks.faults import MachineFault
from diptych_analysis.networks.similarity import Shuffled, similarity
from diptych_analysis.pictures import read_picture


class NetworkEyes:
    """Turns served bytes into a network's features, in batches that all participants share.

    An image is known by the hash of its bytes, so that each is looked at once, under however many
    addresses it is served. Whoever asks while a batch is at work waits, and then finds in the next
    one what everybody has asked for meanwhile.

    Args:
        model: name of the network, such as `efficientnet-lite1` or `timm:NAME`.

    Raises:
        MachineFault: when there is no such network, its weights can't be had, or it is a control
            that deals features out to the wrong images.
    """

    def __init__(self, model: str) -> None:
        self._similarity = similarity(model)
        if isinstance(self._similarity, Shuffled):
            raise MachineFault(f"{model} looks at whole sets of images only: it can't take a study")
        self._features: dict[str, Features] = {}
        self._wanted: dict[str, bytes] = {}
        self._at_work = asyncio.Lock()

    async def look(self, images: Sequence[bytes]) -> list[Features]:
        """Features (d,) of length 1 of each image."""
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
        pictures = [read_picture(data) for data in wanted.values()]
        rows = np.asarray(self._similarity.features(pictures), dtype=np.float64)
        return dict(zip(wanted, rows, strict=True))
