"""Preferences: the loss at the start, its symmetry, and a reference that never changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from diptych_analysis.concepts.preference import PreferenceSettings, PreferenceTuner
from diptych_analysis.diffusion.folder import load_generator
from diptych_analysis.diffusion.generator import Generator, weights_hash, without_adapters
from diptych_analysis.worlds.model import write_new_model
from diptych_analysis.worlds.scenes import draw_scenes


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained model: what is tested here holds for any weights."""
    to = tmp_path_factory.mktemp("model")
    write_new_model(to, seed=0)
    return to


@pytest.fixture
def generator(folder: Path) -> Generator:
    return load_generator(folder)


def pairs(seed: int = 0) -> np.ndarray:
    return draw_scenes(4, np.random.default_rng(seed)).images()


def test_a_new_preference_starts_at_ln_2_and_moves_only_the_adapters(generator: Generator) -> None:
    before = weights_hash(generator.unet)
    drawn = generator.draw(["striped"], [1], steps=2)
    tuner = PreferenceTuner(generator, PreferenceSettings(updates=1, rate=3e-5), seed=0)
    assert weights_hash(generator.unet) == before
    assert (generator.draw(["striped"], [1], steps=2) == drawn).all()

    winners, losers = pairs(1), pairs(2)
    losses = [tuner.prefer("striped", winners, losers, np.random.default_rng(0)) for _ in range(3)]
    assert losses[0] == pytest.approx(np.log(2), abs=1e-4)
    # The same noise each time, so each update must help.
    assert losses[0] > losses[1] > losses[2]
    assert weights_hash(generator.unet) == before
    with without_adapters(generator.unet):
        assert (generator.draw(["striped"], [1], steps=2) == drawn).all()
    assert (generator.draw(["striped"], [1], steps=2) != drawn).any()


def test_the_key_of_a_generator_changes_with_all_weights_but_adapters(folder: Path) -> None:
    generator = load_generator(folder)
    key = generator.key
    PreferenceTuner(generator, PreferenceSettings(), seed=0)
    assert generator.key == key == load_generator(folder).key
    with torch.no_grad():
        next(generator.text_encoder.parameters()).add_(1)
    assert generator.key != key


def test_swapping_the_images_negates_the_logit_and_equal_ones_give_no_gradient(
    generator: Generator,
) -> None:
    tuner = PreferenceTuner(generator, PreferenceSettings(rate=1e-2), seed=0)
    tuner.prefer("ring", pairs(1), pairs(2), np.random.default_rng(0))
    one, two = generator.encode_images(pairs(3)), generator.encode_images(pairs(4))
    there, back = (
        tuner.logits("ring", *images, np.random.default_rng(5)).detach()
        for images in ((one, two), (two, one))
    )
    assert torch.allclose(there, -back, atol=1e-2)
    assert there.abs().max() > 0.1

    tuner.optimizer.zero_grad()
    same = tuner.logits("ring", one, one, np.random.default_rng(6))
    torch.nn.functional.softplus(-same).mean().backward()
    largest = max(
        float(p.grad.abs().max()) for p in tuner.parameters.values() if p.grad is not None
    )
    assert largest < 1e-2
    assert same.abs().max() < 1e-2


def test_a_restored_tuner_continues_the_same(folder: Path) -> None:
    def tuned(stops: bool) -> Generator:
        generator = load_generator(folder)
        tuner = PreferenceTuner(generator, PreferenceSettings(), seed=0)
        tuner.prefer("sea", pairs(1), pairs(2), np.random.default_rng(1))
        if stops:
            state = tuner.state()
            generator = load_generator(folder)
            tuner = PreferenceTuner(generator, PreferenceSettings(), seed=9)
            tuner.restore(state)
        tuner.prefer("sea", pairs(3), pairs(4), np.random.default_rng(2))
        return generator

    through, continued = (tuned(stops).draw(["sea"], [0], steps=2) for stops in (False, True))
    assert (through == continued).all()
