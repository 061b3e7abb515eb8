"""The world as its own generator: it draws true scenes for a word, without a diffusion model.

A search with this drawer asks whether scores and bandit find a cause when every image is what its
word says. It has no weights, so preferences can't move it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from diptych_analysis.worlds.faults import WorldFault
from diptych_analysis.worlds.scenes import Bytes, Scenes, draw_scenes

_TRIES = 64


class SceneDrawer:
    """Draw scenes in which all objects are as the words of a prompt say.

    Attributes
    ----------
    name, key : str
        Written to the results instead of a model's name and the hash of its weights.
    """

    name = "scenes"
    key = "scenes-1"

    def draw(
        self, prompts: Sequence[str], seeds: Sequence[int], *, steps: int = 0, guidance: float = 0.0
    ) -> Bytes:
        """Draw one scene per prompt, (B, 32, 32, 3), 0 to 255.

        Parameters
        ----------
        prompts : sequence of str, (B,)
            Attributes, separated by spaces; the empty prompt draws any scene.
        seeds : sequence of int, (B,)
            Seeds of the scenes.
        steps, guidance
            Not used; diffusion models need them.

        Raises
        ------
        WorldFault
            If a word is no attribute of the tiny world, or no scene can show all of them.
        """
        return np.concatenate(
            [_scene(prompt, seed).images() for prompt, seed in zip(prompts, seeds, strict=True)]
        )


def _scene(prompt: str, seed: int) -> Scenes:
    """Draw scenes until one fits; half of them have one shape, and half one texture."""
    rng = np.random.default_rng(seed)
    for _ in range(_TRIES):
        drawn = draw_scenes(64, rng)
        fits = np.ones(len(drawn), np.bool_)
        for word in prompt.split():
            fits &= drawn.shows(word, everywhere=True)
        if fits.any():
            return drawn.part(np.flatnonzero(fits)[:1])
    raise WorldFault(f"no scene shows {prompt!r} everywhere; name one shape, texture and ground")
