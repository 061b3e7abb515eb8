"""Patches of images: what a concept is looked for in (thesis, section 3.9)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PIL import Image
from torch import Tensor

from diptych_analysis.networks.networks import Network
from diptych_analysis.representations.faults import RepresentationFault

#: Steps of a network's preprocessing that change the frame: a patch is resized instead.
_FRAMING = ("Resize", "Crop", "Pad")


@dataclass(frozen=True)
class PatchGrid:
    """Overlapping square windows of an image.

    Attributes
    ----------
    size : int
        The image's shorter side becomes this long, and its centre square is used, in pixels.
    window : int
        Side of a patch, in pixels.
    stride : int
        Distance between patches, in pixels. With the defaults, an image has 4 x 4 patches, which
        leave out the last 7 pixels on the right and at the bottom.
    """

    size: int = 224
    window: int = 64
    stride: int = 51

    def __post_init__(self) -> None:
        """Check the values, and prepare what follows from them."""
        if not 1 <= self.window <= self.size or self.stride < 1:
            raise RepresentationFault(
                f"patches of {self.window} pixels every {self.stride} in {self.size}; allowed are "
                "a window up to the size and a stride of at least 1"
            )

    @property
    def corners(self) -> list[tuple[int, int]]:
        """Left and top of each patch, row by row."""
        places = range(0, self.size - self.window + 1, self.stride)
        return [(left, top) for top in places for left in places]

    def square(self, image: Image.Image) -> Image.Image:
        """Cut the centre square and resize it to `size`."""
        width, height = image.size
        side = min(width, height)
        left, top = (width - side) / 2, (height - side) / 2
        return image.resize(
            (self.size, self.size),
            Image.Resampling.BILINEAR,
            box=(left, top, left + side, top + side),
        )

    def patch(self, image: Image.Image, number: int) -> Image.Image:
        """Cut one patch."""
        left, top = self.corners[number]
        return self.square(image).crop((left, top, left + self.window, top + self.window))

    def cut(self, image: Image.Image) -> list[Image.Image]:
        """Cut all patches, row by row."""
        whole, side = self.square(image), self.window
        return [whole.crop((x, y, x + side, y + side)) for x, y in self.corners]


def patch_transform(network: Network) -> Callable[[Image.Image], Tensor]:
    """Make the preprocessing of patches: the network's, without its own cropping.

    A patch fills the network's input. Steps that the network itself would crop are replaced by one
    bilinear resize. A transform that is not a list of steps stays as it is.
    """
    steps: list[Any] | None = getattr(network.transform, "transforms", None)
    if steps is None:
        return network.transform
    kept = [step for step in steps if not any(word in type(step).__name__ for word in _FRAMING)]
    _, height, width = network.transform(Image.new("RGB", (256, 256))).shape

    def transform(patch: Image.Image) -> Tensor:
        value: Any = patch.resize((width, height), Image.Resampling.BILINEAR)
        for step in kept:
            value = step(value)
        assert isinstance(value, Tensor)
        return value

    return transform
