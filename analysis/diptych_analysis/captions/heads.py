"""Heads on features: a class or a depth for every pixel, small enough to train on a CPU."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pixel_shuffle


class Head(nn.Module):
    """Bring all maps to the largest one, add them, and spread each position over its pixels.

    Parameters
    ----------
    channels : mapping of int to int
        Channels of the input by the side of the map.
    pixels : int
        Side of the image; a multiple of the largest map.
    outputs : int
        Values per pixel: the number of classes, or 1 for depth.
    known : int
        Length of a vector that is given besides the maps; 0 for none.
    width : int
        Channels inside.
    """

    def __init__(
        self,
        channels: Mapping[int, int],
        pixels: int,
        outputs: int,
        known: int = 0,
        width: int = 64,
    ) -> None:
        super().__init__()
        self.side = max(channels)
        self.block = pixels // self.side
        # Attention is a hundred times smaller than activations, so each channel is standardized.
        self.enter = nn.ModuleDict(
            {
                str(side): nn.Sequential(nn.BatchNorm2d(count), nn.Conv2d(count, width, 1))
                for side, count in channels.items()
            }
        )
        self.known = nn.Linear(known, width) if known else None
        self.between = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1),
            nn.GELU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.GELU(),
        )
        self.leave = nn.Conv2d(width, outputs * self.block**2, 1)

    def forward(self, maps: Mapping[int, Tensor], known: Tensor | None = None) -> Tensor:
        """Return one value per output and pixel, (n, outputs, pixels, pixels).

        Parameters
        ----------
        maps : mapping of int to Tensor, (n, channels, side, side)
            As `Features.joined` returns them.
        known : Tensor, (n, length), optional
            The vector, if the head takes one.
        """
        size = (self.side, self.side)
        parts = [
            interpolate(enter(maps[int(side)]), size, mode="bilinear", align_corners=False)
            for side, enter in self.enter.items()
        ]
        merged = torch.stack(parts).sum(0)
        if self.known is not None:
            assert known is not None
            merged = merged + self.known(known)[..., None, None]
        result: Tensor = pixel_shuffle(self.leave(merged + self.between(merged)), self.block)
        return result


def depth_of(output: Tensor, farthest: float) -> Tensor:
    """Turn a head's output (n, 1, H, W) into depth (n, H, W), 0 to `farthest`, as published."""
    return torch.sigmoid(output[:, 0]) * farthest
