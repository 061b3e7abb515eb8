"""Preferences move the generator: direct preference optimisation of low-rank adapters.

L = -log sigmoid(beta [(r_w - r_l) - (m_w - m_l)]), where m and r are the denoising errors of the
model and of the reference, for the preferred image w and the other image l under the same noise
(Wallace et al., CVPR 2024, eq. 14). The reference is the model with its adapters off, so it never
changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from diptych_analysis.diffusion.generator import Generator, without_adapters

Bytes = npt.NDArray[np.uint8]
#: The projections of attention that get an adapter.
ADAPTED = ("to_q", "to_k", "to_v", "to_out.0")


@dataclass(frozen=True)
class PreferenceSettings:
    """How preferences move the generator.

    Parameters
    ----------
    beta : float
        How sharply a preference counts; 2500 as published.
    rate : float
        Learning rate of AdamW. The published 1e-5 is for Stable Diffusion.
    rank : int
        Rank of the adapters.
    updates : int
        Optimizer steps per preference.
    """

    beta: float = 2500.0
    rate: float = 3e-4
    rank: int = 8
    updates: int = 2


class PreferenceTuner:
    """Adapters on a generator's U-Net, and the optimizer that preferences drive.

    Parameters
    ----------
    generator : Generator
        Gets the adapters; it draws with them from now on.
    settings : PreferenceSettings
        Rates and ranks.
    seed : int
        Fixes the starting adapters, which change nothing yet.
    """

    def __init__(self, generator: Generator, settings: PreferenceSettings, seed: int) -> None:
        from peft import LoraConfig

        self.generator, self.settings = generator, settings
        config = LoraConfig(
            r=settings.rank,
            lora_alpha=settings.rank,
            target_modules=list(ADAPTED),
            init_lora_weights=True,
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            generator.unet.add_adapter(config)
        self.parameters = {
            name: p for name, p in generator.unet.named_parameters() if "lora_" in name
        }
        self.optimizer = torch.optim.AdamW(
            self.parameters.values(), lr=settings.rate, weight_decay=0.01
        )

    def prefer(self, prompt: str, winners: Bytes, losers: Bytes, rng: np.random.Generator) -> float:
        """Move the generator towards the preferred images; return the loss before, nats.

        Parameters
        ----------
        prompt : str
            What both groups were drawn for.
        winners, losers : ndarray, (pairs, H, W, 3)
            Preferred images and the others; the i-th of each form a pair.
        rng : numpy.random.Generator
            Draws noise and steps.
        """
        latents = [self.generator.encode_images(images) for images in (winners, losers)]
        first = None
        for _ in range(self.settings.updates):
            loss = nn.functional.softplus(-self.logits(prompt, latents[0], latents[1], rng)).mean()
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(self.parameters.values(), 1.0)
            self.optimizer.step()
            first = float(loss.detach()) if first is None else first
        return first or 0.0

    def logits(
        self, prompt: str, winners: Tensor, losers: Tensor, rng: np.random.Generator
    ) -> Tensor:
        """Return beta [(r_w - r_l) - (m_w - m_l)] per pair, (pairs,).

        Parameters
        ----------
        prompt : str
            What both groups were drawn for.
        winners, losers : Tensor, (pairs, C, h, w)
            Latents.
        rng : numpy.random.Generator
            Draws one noise and one step per pair, the same for both images.
        """
        pairs, generator = len(winners), self.generator
        noise = torch.from_numpy(rng.standard_normal(winners.shape, np.float32))
        steps = torch.from_numpy(rng.integers(0, generator.noise.config.num_train_timesteps, pairs))
        noise, steps = noise.to(generator.device).repeat(2, 1, 1, 1), steps.to(generator.device)
        both = torch.cat([winners, losers])
        text = generator.encode_prompts([prompt]).expand(2 * pairs, -1, -1)
        given = (both, text, noise, steps.repeat(2))
        moved = generator.errors(*given).view(2, pairs)
        with torch.no_grad(), without_adapters(generator.unet):
            fixed = generator.errors(*given).view(2, pairs)
        return self.settings.beta * ((fixed[0] - fixed[1]) - (moved[0] - moved[1]))

    def adapters(self) -> dict[str, Tensor]:
        """Copy the weights of the adapters."""
        return {name: p.detach().clone() for name, p in self.parameters.items()}

    @contextmanager
    def with_adapters(self, adapters: Mapping[str, Tensor]) -> Iterator[None]:
        """Draw with the adapters of an earlier step inside, and with those of now after it."""
        now = self.adapters()
        self._put(adapters)
        try:
            yield
        finally:
            self._put(now)

    def state(self) -> dict[str, Any]:
        """Return adapters and optimizer, for a checkpoint."""
        return {"adapters": self.adapters(), "optimizer": self.optimizer.state_dict()}

    def _put(self, adapters: Mapping[str, Tensor]) -> None:
        with torch.no_grad():
            for name, parameter in self.parameters.items():
                parameter.copy_(adapters[name])

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from `state`."""
        self._put(state["adapters"])
        self.optimizer.load_state_dict(state["optimizer"])
