"""A folder in Stable Diffusion's layout loads by the same code, as far as that goes without it.

The parts are those of Stable Diffusion 1.5 (an autoencoder with weights, noise as the target, its
scheduler's settings), a thousand times smaller and untrained.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from diptych_analysis.concepts.preference import PreferenceSettings, PreferenceTuner
from diptych_analysis.diffusion.faults import DiffusionFault
from diptych_analysis.diffusion.folder import load_generator
from diptych_analysis.worlds.model import WIDTH, write_new_model

#: scheduler_config.json of Stable Diffusion 1.5.
SCHEDULER = {
    "_class_name": "PNDMScheduler",
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "beta_start": 0.00085,
    "clip_sample": False,
    "num_train_timesteps": 1000,
    "set_alpha_to_one": False,
    "skip_prk_steps": True,
    "steps_offset": 1,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from diffusers import AutoencoderKL, UNet2DConditionModel

    to = tmp_path_factory.mktemp("sd")
    write_new_model(to, seed=0)
    for part in ("unet", "vae", "scheduler"):
        shutil.rmtree(to / part)
    torch.manual_seed(0)
    UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(16, 16),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=WIDTH,
        attention_head_dim=4,
        norm_num_groups=8,
    ).save_pretrained(to / "unet")
    AutoencoderKL(
        block_out_channels=(8, 8),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        norm_num_groups=4,
        scaling_factor=0.18215,
    ).save_pretrained(to / "vae")
    (to / "scheduler").mkdir()
    text = json.dumps(SCHEDULER)
    (to / "scheduler" / "scheduler_config.json").write_text(text, encoding="utf-8")
    return to


def test_it_draws_and_learns_preferences(folder: Path) -> None:
    generator = load_generator(folder)
    assert type(generator.vae).__name__ == "AutoencoderKL"
    assert type(generator.sampler).__name__ == "DPMSolverMultistepScheduler"
    assert generator.noise.config.prediction_type == "epsilon"
    first, again = (generator.draw(["striped", "ring"], [1, 2], steps=3) for _ in range(2))
    assert first.shape == (2, 16, 16, 3)
    assert (first == again).all()
    tuner = PreferenceTuner(generator, PreferenceSettings(updates=1), seed=0)
    loss = tuner.prefer("ring", first[:1], first[1:], np.random.default_rng(0))
    assert loss == pytest.approx(np.log(2), abs=1e-4)
    # Latents are the mode of the autoencoder's distribution, times the scaling factor.
    latents = generator.encode_images(first)
    assert latents.shape == (2, 4, 8, 8)
    pixels = torch.from_numpy(first).permute(0, 3, 1, 2) / 127.5 - 1
    with torch.no_grad():
        mean = generator.vae.encode(pixels).latent_dist.mean
    assert torch.allclose(latents, mean * 0.18215)


def test_broken_folders_are_named(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    (broken / "unet" / "diffusion_pytorch_model.safetensors").write_bytes(b"none")
    with pytest.raises(DiffusionFault, match="broken' can't be read"):
        load_generator(broken)
    shutil.rmtree(broken / "text_encoder")
    with pytest.raises(DiffusionFault, match="it has no folder text_encoder; needed are tokenizer"):
        load_generator(broken)


def test_a_prompt_that_is_too_long_is_refused(folder: Path) -> None:
    generator = load_generator(folder)
    with pytest.raises(DiffusionFault, match="has 32 tokens"):
        generator.draw(["ring " * 30], [0], steps=1)
