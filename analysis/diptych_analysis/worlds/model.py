"""A new, untrained model of the tiny world, written in diffusers' folder layout."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import torch

from diptych_analysis.worlds.scenes import PIXELS
from diptych_analysis.worlds.vocabulary import ATTRIBUTES, FILLERS

BLOCK = 4
#: Tokens of a caption, with start and end. The longest sentence has 19.
TOKENS = 24
WIDTH = 64
START, END = "<|startoftext|>", "<|endoftext|>"
UNET = {
    "sample_size": PIXELS // BLOCK,
    "in_channels": 3 * BLOCK**2,
    "out_channels": 3 * BLOCK**2,
    "block_out_channels": (64, 64),
    "layers_per_block": 1,
    "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
    "mid_block_type": "UNetMidBlock2D",
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
    "cross_attention_dim": WIDTH,
    "attention_head_dim": 4,
    "norm_num_groups": 16,
    # The text also scales and shifts every convolution, through the embedding of the step.
    # Cross-attention alone learns words far more slowly.
    "addition_embed_type": "text",
    "addition_embed_type_num_heads": 4,
    "resnet_time_scale_shift": "scale_shift",
    "time_embedding_dim": 128,
}
SCHEDULE = {
    "num_train_timesteps": 1000,
    "beta_schedule": "squaredcos_cap_v2",
    # The clean image. A latent has 48 numbers, and 64 channels are too few to carry its noise.
    "prediction_type": "sample",
    "timestep_spacing": "trailing",
    "clip_sample": True,
    # Latents are -1.6 to 1.6: pixels of -1 to 1, times the scaling factor.
    "clip_sample_range": 1.6,
}


def write_new_model(folder: Path, seed: int) -> None:
    """Write an untrained model of about 1.4 million weights.

    Parameters
    ----------
    folder : Path
        Gets the folders tokenizer, text_encoder, unet, vae and scheduler.
    seed : int
        Fixes the starting weights.
    """
    from diffusers import DDIMScheduler, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    from diptych_analysis.diffusion.latents import SpaceToDepth

    ids = _write_tokenizer(folder / "tokenizer")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        text = CLIPTextModel(
            CLIPTextConfig(
                vocab_size=len(ids),
                hidden_size=WIDTH,
                intermediate_size=2 * WIDTH,
                projection_dim=WIDTH,
                num_hidden_layers=2,
                num_attention_heads=4,
                max_position_embeddings=TOKENS,
                bos_token_id=ids[START],
                eos_token_id=ids[END],
                pad_token_id=ids[END],
            )
        )
        unet = UNet2DConditionModel(**UNET)
    text.save_pretrained(folder / "text_encoder")
    unet.save_pretrained(folder / "unet")
    SpaceToDepth(block=BLOCK).save_pretrained(folder / "vae")
    DDIMScheduler(**SCHEDULE).save_pretrained(folder / "scheduler")


def _write_tokenizer(folder: Path) -> dict[str, int]:
    """Write a byte-pair vocabulary in which every word is one token; return token -> number."""
    letters, merges = byte_pairs([*ATTRIBUTES, *FILLERS])
    tokens = [START, END, *letters, *("".join(pair) for pair in merges)]
    ids = {token: number for number, token in enumerate(tokens)}
    config = {
        "tokenizer_class": "CLIPTokenizer",
        "model_max_length": TOKENS,
        "bos_token": START,
        "eos_token": END,
        "unk_token": END,
        "pad_token": END,
    }
    folder.mkdir(parents=True, exist_ok=True)
    _write_text(folder / "vocab.json", json.dumps(ids, indent=0))
    _write_text(folder / "merges.txt", "\n".join(["#version: 0.2", *map(" ".join, merges)]))
    _write_text(folder / "tokenizer_config.json", json.dumps(config, indent=1))
    return ids


def byte_pairs(words: Sequence[str]) -> tuple[list[str], list[tuple[str, str]]]:
    """Learn byte pairs until every word is one token (Sennrich et al., 2016, algorithm 1).

    The trainer of the package `tokenizers` numbers letters differently at every call, so a seed
    would not fix the model.

    Parameters
    ----------
    words : sequence of str
        The words.

    Returns
    -------
    letters : list of str
        The tokens to start from, in order; the last letter of a word carries `</w>`.
    merges : list of (str, str)
        Pairs that become one token, the most frequent first, then in the order of the alphabet.
    """
    parts = [[*word[:-1], f"{word[-1]}</w>"] for word in dict.fromkeys(words)]
    letters = sorted({letter for word in parts for letter in word})
    merges: list[tuple[str, str]] = []
    while pairs := Counter(pair for word in parts for pair in pairwise(word)):
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        parts = [_merged(word, best) for word in parts]
    return letters, merges


def _merged(word: list[str], pair: tuple[str, str]) -> list[str]:
    result: list[str] = []
    for part in word:
        # A part is joined to the one before it; "aaa" becomes "aa" and "a", as in CLIP.
        if result and (result[-1], part) == pair:
            result[-1] += part
        else:
            result.append(part)
    return result


def _write_text(file: Path, text: str) -> None:
    file.write_text(text + "\n", encoding="utf-8")
