"""Features on disk, so that a U-Net sees each image and prompt once.

CACHE/
  latents-KEY.npy      scaled latents of images
  features-KEY.npz     maps in half precision, one entry per side
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch
from torch import Tensor

from diptych_analysis.captions.encoding import text_key
from diptych_analysis.captions.features import LARGEST_ATTENTION, STEP, extract
from diptych_analysis.captions.labelled import Bytes, Labelled
from diptych_analysis.captions.prompts import Condition
from diptych_analysis.diffusion.generator import Generator

Maps = dict[int, Tensor]
BATCH = 64


class Store:
    """Computes latents and features, or reads what was computed before.

    Parameters
    ----------
    generator : Generator
        Whose autoencoder, text encoder and U-Net are used.
    folder : Path, optional
        Where files are kept; by default nothing is.
    scaled : bool
        Whether latents are multiplied by the scaling factor of the model.
    sampled : bool
        Whether latents are drawn from the autoencoder's distribution, and not its mode. The
        published code does both together.
    step : int
        Step of the noise schedule.
    """

    def __init__(
        self,
        generator: Generator,
        folder: Path | None = None,
        *,
        scaled: bool = True,
        sampled: bool = True,
        step: int = STEP,
    ) -> None:
        self.generator, self.folder = generator, folder
        self.scaled, self.sampled, self.step = scaled, sampled, step
        self._keys = (generator.key, text_key(generator))

    def latents(self, images: Labelled) -> Tensor:
        """Return latents of images, (n, C, side, side)."""
        key = _hash(images.key, self._keys[0], self.scaled, self.sampled)
        file = self._file(f"latents-{key}.npy")
        found = _read(file)
        if found is None:
            with torch.inference_mode():
                parts = [
                    encoded(
                        self.generator,
                        images.images[first : first + BATCH],
                        scaled=self.scaled,
                        sampled=self.sampled,
                        seed=first,
                    )
                    for first in range(0, len(images), BATCH)
                ]
            found = torch.cat(parts).cpu().numpy()
            _write(file, lambda half: np.save(half, found))
        return torch.from_numpy(found)

    def features(
        self, images: Labelled, made: Condition, watch: Callable[[int], None] | None = None
    ) -> Maps:
        """Return maps by side, (n, channels + tokens, side, side) each, in half precision.

        Without a U-Net, these are the latents.

        Parameters
        ----------
        images : Labelled
            The images.
        made : Condition
            Their prompts.
        watch : callable, optional
            Gets the number of finished images.
        """
        latents = self.latents(images)
        if not made.passes:
            return {latents.shape[-1]: latents.half()}
        key = _hash(images.key, *self._keys, self.scaled, self.sampled, self.step, *_texts(made))
        file = self._file(f"features-{key}.npz")
        found = _read(file)
        if found is None:
            maps = self._computed(latents, made, watch)
            arrays: dict[str, Any] = {str(side): part.numpy() for side, part in maps.items()}
            _write(file, lambda half: np.savez(half, **arrays))
            return maps
        return {int(side): torch.from_numpy(part) for side, part in found.items()}

    def _computed(
        self, latents: Tensor, made: Condition, watch: Callable[[int], None] | None
    ) -> Maps:
        parts: dict[int, list[Tensor]] = {}
        # Not `inference_mode`: kept prompts may be used in a training of the U-Net later.
        with torch.no_grad():
            text_of = texts_of(self.generator, made)
            for first in range(0, len(latents), BATCH):
                chosen = torch.arange(first, min(first + BATCH, len(latents)))
                found = extract(
                    self.generator.unet,
                    latents[chosen].to(self.generator.device),
                    text_of(chosen),
                    step=self.step,
                    largest=LARGEST_ATTENTION,
                )
                for side, part in found.joined().items():
                    parts.setdefault(side, []).append(part.half().cpu())
                if watch is not None:
                    watch(len(chosen))
        return {side: torch.cat(found) for side, found in parts.items()}

    def _file(self, name: str) -> Path | None:
        return None if self.folder is None else self.folder / name


def texts_of(generator: Generator, made: Condition) -> Callable[[Tensor], Tensor]:
    """Return a function from numbers of images to their encoded prompts, (batch, tokens, width).

    All prompts are encoded now, each different one once.
    """
    if made.shared is not None:
        shared = made.shared.to(generator.device)
        return lambda chosen: shared.expand(len(chosen), -1, -1)
    assert made.texts is not None
    different = list(dict.fromkeys(made.texts))
    place = {text: row for row, text in enumerate(different)}
    rows = torch.tensor([place[text] for text in made.texts])
    encoded_once = torch.cat(
        [
            generator.encode_prompts(different[first : first + 4 * BATCH])
            for first in range(0, len(different), 4 * BATCH)
        ]
    )
    return lambda chosen: encoded_once[rows[chosen]]


def encoded(
    generator: Generator,
    images: Bytes,
    *,
    scaled: bool = True,
    sampled: bool = True,
    seed: int = 0,
) -> Tensor:
    """Turn images (B, H, H, 3), 0 to 255, into latents (B, C, h, h); see `Store`."""
    pixels = torch.from_numpy(images).to(generator.device).permute(0, 3, 1, 2) / 127.5 - 1
    distribution = generator.vae.encode(pixels.to(generator.vae.dtype)).latent_dist
    noise = torch.Generator(generator.device).manual_seed(seed)
    latents: Tensor = distribution.sample(noise) if sampled else distribution.mode()
    return latents.float() * (generator.vae.config.scaling_factor if scaled else 1.0)


def _texts(made: Condition) -> tuple[str, ...]:
    if made.texts is not None:
        return made.texts
    assert made.shared is not None
    return (hashlib.sha256(made.shared.cpu().numpy().tobytes()).hexdigest(),)


def _hash(*parts: Any) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _read(file: Path | None) -> Any:
    """Read what was computed before; a damaged file is computed again."""
    if file is None or not file.exists():
        return None
    try:
        found = np.load(file, allow_pickle=False)
        if file.suffix == ".npy":
            return found
        with found:
            return {name: found[name] for name in found.files}
    except (OSError, ValueError, EOFError, BadZipFile):
        return None


def _write(file: Path | None, save: Callable[[Path], None]) -> None:
    if file is None:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    half = file.with_name(f"writing-{file.name}")
    save(half)
    half.replace(file)
