"""Untrained diffusion models for tests: the tiny world's, and one in Stable Diffusion's layout."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

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


def write_stable_diffusion(folder: Path) -> None:
    """Write the parts of Stable Diffusion 1.5 with its four blocks of two layers, but narrow."""
    import torch
    from diffusers import AutoencoderKL, UNet2DConditionModel

    write_new_model(folder, seed=0)
    for part in ("unet", "vae", "scheduler"):
        shutil.rmtree(folder / part)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        UNet2DConditionModel(
            sample_size=16,
            block_out_channels=(8, 16, 24, 32),
            layers_per_block=2,
            cross_attention_dim=WIDTH,
            attention_head_dim=4,
            norm_num_groups=4,
        ).save_pretrained(folder / "unet")
        AutoencoderKL(
            block_out_channels=(8, 8),
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            norm_num_groups=4,
            scaling_factor=0.18215,
        ).save_pretrained(folder / "vae")
    (folder / "scheduler").mkdir()
    text = json.dumps(SCHEDULER)
    (folder / "scheduler" / "scheduler_config.json").write_text(text, encoding="utf-8")
