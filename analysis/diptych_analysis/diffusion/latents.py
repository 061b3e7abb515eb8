"""Latents without parameters: every square of pixels becomes one position with many channels."""

from __future__ import annotations

from types import SimpleNamespace

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor
from torch.nn.functional import pixel_shuffle, pixel_unshuffle


class SpaceToDepth(ModelMixin, ConfigMixin):  # type: ignore[misc]
    """Stand in for a variational autoencoder: the same calls, no loss and nothing to train.

    Parameters
    ----------
    block : int
        Side of a square of pixels; latents have 3 block^2 channels.
    scaling_factor : float
        Multiplies latents, so that their standard deviation is about 1.
    """

    config_name = "config.json"

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(self, block: int = 4, scaling_factor: float = 1.6) -> None:
        super().__init__()
        self.block = block
        # diffusers asks a model for the type and device of its parameters.
        self.register_buffer("none", torch.zeros(1), persistent=True)

    def encode(self, images: Tensor) -> SimpleNamespace:
        """Turn images (B, 3, H, W), -1 to 1, into latents (B, 3 block^2, H/block, W/block)."""
        latents = pixel_unshuffle(images, self.block)
        return SimpleNamespace(
            latent_dist=SimpleNamespace(mode=lambda: latents, sample=lambda *_: latents)
        )

    def decode(self, latents: Tensor) -> SimpleNamespace:
        """Turn latents back into images; `sample` holds them."""
        return SimpleNamespace(sample=pixel_shuffle(latents, self.block))
