"""What a simulated participant sees of an image: found by its served bytes, not by name."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image

from diptych.simulation import Features
from diptych.study.content import FrozenStimulus
from diptych.study.loaded import LoadedStudy
from diptych_analysis.pictures import read_picture

THUMBNAIL = 4  # pixels a side


class UnknownImage(LookupError):
    """The host serves an image that the local study folder does not have."""


class Eyes:
    """Turns served bytes into features, through the attributes of the local study's manifest.

    Features are the numeric attributes, each standardised over the study's stimuli (mean 0,
    standard deviation 1); attributes that don't vary are left out. Labels and attributes in words
    are not seen. A study without numeric attributes is seen as thumbnails of 4 x 4 pixels.

    Args:
        study: the study folder as it was read, images included.
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

    async def look(self, images: Sequence[bytes]) -> list[Features]:
        """Features (d,) of each image; as `see`."""
        return [self.see(data) for data in images]

    def see(self, data: bytes) -> Features:
        """Features (d,) of an image from its served bytes.

        Raises:
            UnknownImage: when the study folder has no such image.
        """
        try:
            return self._features[hashlib.sha256(data).hexdigest()]
        except KeyError:
            raise UnknownImage(
                f"the host serves an image that the folder of {self._study!r} does not have: "
                "it serves another version. Open the study again, or use the folder of that "
                "version"
            ) from None


def _attributes(stimuli: Sequence[FrozenStimulus]) -> Features | None:
    """Numeric attributes of all stimuli (n, d), or None where there are none that vary."""
    names = dict.fromkeys(name for stimulus in stimuli for name in stimulus.attributes)
    columns = []
    for name in names:
        values = [stimulus.attributes.get(name) for stimulus in stimuli]
        if all(isinstance(value, int | float) for value in values) and len(set(values)) > 1:
            columns.append(values)
    return np.array(columns, dtype=np.float64).T if columns else None


def _thumbnail(data: bytes) -> Features:
    """Mean colours of a 4 x 4 grid of an image, (48,), between 0 and 1."""
    small = read_picture(data).resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float64).ravel() / 255
