"""The thesis's own CNN (Table 2.8)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from diptych_analysis.tracing.encoders.images import ImageEncoder, ImageStore, store_for
from diptych_analysis.tracing.training import Settings

CHUNK = 16
POOL = 4


class FirstLayer(torch.autograd.Function):
    """maxpool(conv(pixels / 255)), keeping bytes and the places of the maxima for the way back.

    Left to itself autograd would keep the convolution's output, sixteen times as large as what
    comes out of the pooling, and the pixels as floats: nine tenths of the memory of the CNN.
    """

    @staticmethod
    def forward(ctx: Any, pixels: Tensor, index: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """Filter and pool images `index` (U,) of `pixels` (S, channels, h, w): (U, 8, h/4, w/4)."""
        full = functional.conv2d(_scaled(pixels, index, weight), weight, bias, padding=2)
        pooled, places = functional.max_pool2d(full, POOL, return_indices=True)
        few = full.shape[2] * full.shape[3] <= torch.iinfo(torch.int16).max
        ctx.pixels = pixels  # all of them, shared: no copy of the chunk is kept
        ctx.save_for_backward(index, weight, places.to(torch.int16 if few else torch.int32))
        return pooled

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, None, Tensor, Tensor]:
        """Return the gradients of weight and bias; pixels need none."""
        index, weight, places = ctx.saved_tensors
        (back,) = gradients
        size = (len(index), len(weight), *ctx.pixels.shape[2:])
        full = back.new_zeros(size).flatten(2)
        full.scatter_(2, places.flatten(2).long(), back.flatten(2))
        _, of_weight, of_bias = torch.ops.aten.convolution_backward(
            full.view(size).contiguous(memory_format=torch.channels_last),
            _scaled(ctx.pixels, index, weight),
            weight,
            [len(weight)],
            [1, 1],
            [2, 2],
            [1, 1],
            False,
            [0, 0],
            1,
            [False, True, True],
        )
        return None, None, of_weight, of_bias


def _scaled(pixels: Tensor, index: Tensor, like: Tensor) -> Tensor:
    """Return some images as floats from 0 to 1, where the weights are."""
    scaled = pixels[index].to(like.device, torch.float32).div_(255)
    return scaled.contiguous(memory_format=torch.channels_last)


class ThesisCNN(ImageEncoder):
    """Two convolutions, two poolings, four linear layers, PReLU between (Table 2.8).

    Two readings. The flattened size follows from the image (16 h/16 w/16: 1,296 for 144 x 144 and
    1,024 for 128 x 128, where the table prints 1,204). PReLU comes after each pooling instead of
    before it: a PReLU with a slope of at least 0 keeps order, so that the greatest of the activated
    values is the activated greatest value, at a sixteenth of the work; the table's second PReLU
    after the first pooling would only multiply the slope.
    """

    def __init__(self, name: str, store: ImageStore, dim: int) -> None:
        super().__init__()
        assert store.shape is not None
        self.name, self.dim, self.store = name, dim, store
        channels, height, width = store.shape
        self.first = nn.Conv2d(channels, 8, 5, padding=2)
        self.body = nn.Sequential(
            nn.PReLU(),
            nn.Conv2d(8, 16, 5, padding=2),
            nn.MaxPool2d(POOL),
            nn.PReLU(),
            nn.Flatten(),
            nn.Linear(16 * (height // 16) * (width // 16), 512),
            nn.PReLU(),
            nn.Linear(512, 256),
            nn.PReLU(),
            nn.Linear(256, 256),
            nn.PReLU(),
            nn.Linear(256, dim),
            nn.PReLU(),
        )
        self.to(memory_format=torch.channels_last)

    def embed(self, index: Tensor) -> Tensor:
        """Return z (U, dim), computed for a few images at a time."""
        weight, bias = self.first.weight, self.first.bias
        parts = []
        for some in torch.split(index.cpu(), CHUNK):
            pooled = FirstLayer.apply(self.store.pixels, some, weight, bias)
            parts.append(self.body(pooled))
        return torch.cat(parts)

    def groups(self, settings: Settings) -> list[dict[str, Any]]:
        """Train all of it, at the encoder's rate."""
        return [{"params": list(self.parameters()), "lr": settings.encoder_rate}]

    @classmethod
    def rebuilt(cls, about: dict[str, Any], images: Path | None) -> Self:
        """Make the encoder of a description."""
        return cls(about["name"], store_for(about, images), about["dim"])
