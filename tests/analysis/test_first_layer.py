"""The CNN's memory-saving first layer is a plain convolution and pooling, gradients and all."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from diptych_analysis.tracing.encoders.cnn import FirstLayer


@pytest.mark.parametrize("size", [(32, 48), (192, 180)])  # places in 16 and in 32 bits
@pytest.mark.parametrize("channels", [1, 3])
def test_the_first_layer_is_convolution_and_pooling(size: tuple[int, int], channels: int) -> None:
    torch.manual_seed(0)
    pixels = torch.randint(0, 256, (7, channels, *size), dtype=torch.uint8)
    index = torch.tensor([5, 0, 3])
    conv = nn.Conv2d(channels, 8, 5, padding=2)
    ours = FirstLayer.apply(pixels, index, conv.weight, conv.bias)
    back = torch.randn_like(ours)
    ours.backward(back)
    found = [p.grad.clone() for p in conv.parameters() if p.grad is not None]
    conv.zero_grad()
    plain = nn.functional.max_pool2d(conv(pixels[index].float() / 255), 4)
    plain.backward(back)
    assert torch.allclose(ours, plain, atol=1e-6)
    for ours_grad, parameter in zip(found, conv.parameters(), strict=True):
        assert torch.allclose(ours_grad, parameter.grad, rtol=1e-4, atol=1e-3)
