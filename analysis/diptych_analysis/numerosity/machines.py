"""Machines that judge numbers: a trained network, or one quantity of the pixels.

Each gives an image one score. The machine takes the image with the greater score for the one with
more objects.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from diptych_analysis.numerosity.displays import hull_area
from diptych_analysis.numerosity.faults import NumerosityFault

if TYPE_CHECKING:
    from diptych_analysis.numerosity.probes import Floats

#: Images with no object and with one object that set zero and unit of a network's scores.
SCALE_IMAGES = 150
_LONGEST_NAME, _DIGEST = 32, 6
Grey = npt.NDArray[np.uint8]


class Machine(Protocol):
    """A machine that gives each image a score."""

    name: str

    def scores(self, pictures: Sequence[Image.Image]) -> Floats:
        """Score images; the result has shape (n,)."""


class PixelMachine:
    """A machine that knows one quantity of the pixels, and no number.

    Parameters
    ----------
    name : str
        Name in the tables.
    quantity : callable
        Computes the score of an image from its grey levels, shape (height, width), 0 to 255.
    """

    def __init__(self, name: str, quantity: Callable[[Grey], float]) -> None:
        self.name = name
        self._quantity = quantity

    def scores(self, pictures: Sequence[Image.Image]) -> Floats:
        """Score images; the result has shape (n,)."""
        return np.array([self._quantity(_grey(each)) for each in pictures], dtype=np.float64)


def _area(grey: Grey) -> float:
    """Count the pixels that are not black."""
    return float((grey > 0).sum())


def _intensity(grey: Grey) -> float:
    """Sum all grey levels."""
    return float(grey.sum(dtype=np.int64))


def _hull(grey: Grey) -> float:
    """Compute the area of the convex hull of all pixels that are not black, in pixels."""
    corners = []
    for row in np.flatnonzero(grey.any(axis=1)):
        lit = np.flatnonzero(grey[row])
        ends = (float(lit[0]), float(lit[-1] + 1))
        corners += [(x, float(y)) for x in ends for y in (row, row + 1)]
    return hull_area(corners)


#: Machines that see one quantity of the pixels, by name.
PIXEL_MACHINES: Mapping[str, Callable[[Grey], float]] = {
    "pixels-area": _area,
    "pixels-hull": _hull,
    "pixels-intensity": _intensity,
}


class NetworkMachine:
    """A trained network that scores an image by the number that it perceives.

    The score is the distance of the embedding from the empty image, in units of one object
    (`perceived_number`). Images are scaled to the size of the network's training images, each
    pixel to the mean of what it covers.

    Parameters
    ----------
    folder : Path
        A folder of `diptych numerosity train`: of one network, or with one network in it.

    Raises
    ------
    NumerosityFault
        If there is not one trained network, or it cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        from diptych_analysis.numerosity import probes, training
        from diptych_analysis.numerosity.runs import read_settings

        run = _run_in(folder)
        self._settings = read_settings(run)
        self._net = training.load_network(run / "network.pt", self._settings)
        digest = hashlib.sha256((run / "network.pt").read_bytes()).hexdigest()[:_DIGEST]
        self.name = f"{run.name[: _LONGEST_NAME - _DIGEST - 1]}-{digest}"
        scenes = probes.number_scenes(
            self._settings.look, probes.ProbeSettings(most=1, images=SCALE_IMAGES)
        )
        self._scale_z, self._scale_counts = probes.embedded(self._net, scenes), scenes.counts

    def scores(self, pictures: Sequence[Image.Image]) -> Floats:
        """Score images; the result has shape (n,).

        Raises
        ------
        NumerosityFault
            If an image is not square.
        """
        import torch

        from diptych_analysis.numerosity.analyses.perceived import perceived_number
        from diptych_analysis.numerosity.probes import CHUNK

        images = torch.from_numpy(np.stack([self._scaled(each) for each in pictures]))
        with torch.no_grad():
            parts = [self._net.embed(chunk).numpy() for chunk in torch.split(images, CHUNK)]
        z = np.concatenate([self._scale_z, *parts]).astype(np.float64)
        unknown = np.full(len(images), -1)
        perceived = perceived_number(z, np.concatenate([self._scale_counts, unknown]))
        return perceived[len(self._scale_z) :]

    def _scaled(self, picture: Image.Image) -> Grey:
        if picture.width != picture.height:
            raise NumerosityFault(
                f"an image has {picture.width} x {picture.height} pixels: the network needs "
                "square images"
            )
        side = self._settings.pixels
        small = Image.fromarray(_grey(picture)).resize((side, side), Image.Resampling.BOX)
        return np.array(small)


def machine(model: str) -> Machine:
    """Return a machine by its name or folder.

    Parameters
    ----------
    model : str
        `pixels-area`, `pixels-hull`, `pixels-intensity`, or a folder of `diptych numerosity train`.

    Raises
    ------
    NumerosityFault
        If there is no such machine.
    """
    if model in PIXEL_MACHINES:
        return PixelMachine(model, PIXEL_MACHINES[model])
    if not Path(model).is_dir():
        raise NumerosityFault(
            f"{model!r} is no machine that judges numbers: allowed are a folder of `diptych "
            f"numerosity train`, and {', '.join(PIXEL_MACHINES)}"
        )
    return NetworkMachine(Path(model))


def _run_in(folder: Path) -> Path:
    """Return the folder of the one network in a folder."""
    from diptych_analysis.numerosity.runs import finished_runs

    if (folder / "network.pt").exists():
        return folder.resolve()
    runs = finished_runs(folder)
    if len(runs) > 1:
        raise NumerosityFault(
            f"{str(folder)!r} holds {len(runs)} networks: name the folder of one, such as "
            f"{str(runs[0])!r}"
        )
    return runs[0]


def _grey(picture: Image.Image) -> Grey:
    return np.array(picture.convert("L"))
