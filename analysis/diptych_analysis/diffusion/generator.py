"""A text-to-image diffusion model: what it draws for a prompt, and how well it denoises.

Stable Diffusion and the tiny world's model are the same here: latents, a U-Net that sees text
through cross-attention, and a noise schedule. Only the folder differs (`diffusion.folder`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from diptych_analysis.diffusion.faults import DiffusionFault

Bytes = npt.NDArray[np.uint8]


class Drawer(Protocol):
    """Something that draws images for words.

    Attributes
    ----------
    name : str
        As results name it.
    key : str
        Changes with anything that changes its images.
    """

    name: str

    @property
    def key(self) -> str:
        """Hash of the weights."""

    def draw(
        self, prompts: Sequence[str], seeds: Sequence[int], *, steps: int, guidance: float
    ) -> Bytes:
        """Draw one image per prompt; see `Generator.draw`."""


@dataclass
class Generator:
    """The parts of a diffusion model, on one device.

    Attributes
    ----------
    name : str
        Folder or name that it was loaded from.
    tokenizer, text_encoder, unet, vae
        As diffusers' Stable Diffusion pipeline has them.
    sampler
        Scheduler that removes noise in few steps (`set_timesteps`, `step`).
    noise
        Scheduler that adds noise in training (`add_noise`), of the same schedule.
    """

    name: str
    tokenizer: Any
    text_encoder: Any
    unet: Any
    vae: Any
    sampler: Any
    noise: Any
    _known_prompts: dict[str, Tensor] = field(default_factory=dict, repr=False)

    @property
    def device(self) -> torch.device:
        """Where the U-Net runs."""
        result: torch.device = self.unet.device
        return result

    @property
    def key(self) -> str:
        """Hash of the weights of U-Net, text encoder and autoencoder, 12 hex digits.

        Adapters do not count.
        """
        parts = (self.unet, self.text_encoder, self.vae)
        together = "".join(weights_hash(part) for part in parts)
        return hashlib.sha256(together.encode()).hexdigest()[:12]

    def encode_prompts(self, prompts: Sequence[str]) -> Tensor:
        """Encode prompts, (B, tokens, width); every prompt is encoded once and kept.

        Raises
        ------
        DiffusionFault
            If a prompt is longer than the text encoder takes.
        """
        new = [prompt for prompt in dict.fromkeys(prompts) if prompt not in self._known_prompts]
        if new:
            with torch.no_grad():
                for prompt, row in zip(new, self.embed(new), strict=True):
                    self._known_prompts[prompt] = row
        return torch.stack([self._known_prompts[prompt] for prompt in prompts])

    def embed(self, prompts: Sequence[str]) -> Tensor:
        """Encode prompts with gradients and without keeping them, (B, tokens, width)."""
        longest = self.tokenizer.model_max_length
        ids = self.tokenizer(list(prompts), padding="max_length", max_length=longest).input_ids
        for prompt, row in zip(prompts, ids, strict=True):
            if len(row) > longest:
                raise DiffusionFault(
                    f"prompt {prompt!r} has {len(row)} tokens; {self.name!r} takes {longest}"
                )
        result: Tensor = self.text_encoder(torch.tensor(ids, device=self.device))[0]
        return result

    def encode_images(self, images: Bytes) -> Tensor:
        """Turn images (B, H, W, 3), 0 to 255, into scaled latents (B, C, h, w)."""
        pixels = torch.from_numpy(images).to(self.device).permute(0, 3, 1, 2) / 127.5 - 1
        with torch.no_grad():
            latents: Tensor = self.vae.encode(pixels.to(self.vae.dtype)).latent_dist.mode()
        scaled: Tensor = latents.float() * self.vae.config.scaling_factor
        return scaled

    def decode_latents(self, latents: Tensor) -> Bytes:
        """Turn scaled latents into images (B, H, W, 3), 0 to 255."""
        with torch.no_grad():
            pixels = self.vae.decode(latents / self.vae.config.scaling_factor).sample
        scaled = ((pixels.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
        result: Bytes = scaled.permute(0, 2, 3, 1).cpu().numpy()
        return result

    def errors(self, latents: Tensor, text: Tensor, noise: Tensor, steps: Tensor) -> Tensor:
        """Return the mean squared error of denoising per image, (B,).

        The target is what the model's schedule names: the noise (`epsilon`), the velocity
        (`v_prediction`) or the clean latents (`sample`).

        Parameters
        ----------
        latents, noise : Tensor, (B, C, h, w)
            Clean latents, and the noise that is added.
        text : Tensor, (B, tokens, width)
            From `encode_prompts`.
        steps : Tensor of int, (B,)
            Steps of the noise schedule.
        """
        noisy = self.noise.add_noise(latents, noise, steps)
        predicted = self.unet(noisy, steps, encoder_hidden_states=text).sample
        kind = self.noise.config.prediction_type
        if kind == "v_prediction":
            target = self.noise.get_velocity(latents, noise, steps)
        else:
            target = latents if kind == "sample" else noise
        result: Tensor = ((predicted - target) ** 2).flatten(1).mean(1)
        return result

    def draw(
        self,
        prompts: Sequence[str],
        seeds: Sequence[int],
        *,
        steps: int = 10,
        guidance: float = 2.0,
    ) -> Bytes:
        """Draw one image per prompt, (B, H, W, 3), 0 to 255.

        Parameters
        ----------
        prompts : sequence of str, (B,)
            What to draw; the empty prompt draws anything.
        seeds : sequence of int, (B,)
            Seeds of the starting noise. A prompt and a seed always give the same image, whatever
            else is in the batch, up to rounding.
        steps : int
            Steps of the sampler.
        guidance : float
            Weight of classifier-free guidance (Ho and Salimans, 2022); 1 is none, which halves
            the time.
        """
        config = self.unet.config
        size = (config.in_channels, config.sample_size, config.sample_size)
        latents = torch.stack([starting_noise(seed, size) for seed in seeds]).to(self.device)
        text = self.encode_prompts(prompts)
        guided = guidance != 1
        if guided:
            text = torch.cat([self.encode_prompts([""] * len(prompts)), text])
        self.sampler.set_timesteps(steps, device=self.device)
        latents = latents * self.sampler.init_noise_sigma
        with torch.inference_mode():
            for step in self.sampler.timesteps:
                both = torch.cat([latents, latents]) if guided else latents
                both = self.sampler.scale_model_input(both, step)
                predicted = self.unet(both, step, encoder_hidden_states=text).sample
                if guided:
                    free, bound = predicted.chunk(2)
                    predicted = free + guidance * (bound - free)
                latents = self.sampler.step(predicted, step, latents).prev_sample
        return self.decode_latents(latents)


def starting_noise(seed: int, size: Sequence[int]) -> Tensor:
    """Draw the noise of one image from its seed, on the CPU so that devices agree."""
    return torch.randn(tuple(size), generator=torch.Generator().manual_seed(seed))


def weights_hash(module: Any) -> str:
    """Return 12 hex digits of all weights of a module that are no adapter's."""
    digest = hashlib.sha256()
    # Adapters move a layer's own weights down into `base_layer`.
    state = {
        name.replace(".base_layer", ""): tensor for name, tensor in module.state_dict().items()
    }
    for name, tensor in sorted(state.items()):
        if "lora_" not in name:
            digest.update(name.encode())
            digest.update(tensor.detach().float().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:12]


@contextmanager
def without_adapters(unet: Any) -> Iterator[None]:
    """Switch the adapters of a U-Net off: inside, it is the model as it was loaded."""
    unet.disable_adapters()
    try:
        yield
    finally:
        unet.enable_adapters()
