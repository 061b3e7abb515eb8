"""Features of one U-Net pass: maps of the decoder, and averaged cross-attention to each token.

No noise is added: the U-Net sees clean latents, a step of the schedule and a text. Maps of equal
size are one input of a head (`heads.Head`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from diptych_analysis.captions.faults import CaptionFault

#: Attention on larger maps is left out, as published.
LARGEST_ATTENTION = 32
#: Step of the noise schedule. The paper says 0; its code uses 1.
STEP = 1


@dataclass(frozen=True)
class Features:
    """Maps of images, by the side of the map.

    Attributes
    ----------
    maps : dict of int to Tensor, (n, channels, side, side)
        Activations of the decoder.
    attention : dict of int to Tensor, (n, tokens, side, side)
        Cross-attention: the mean over heads and layers. It sums to 1 over tokens.
    """

    maps: dict[int, Tensor]
    attention: dict[int, Tensor]

    def joined(self) -> dict[int, Tensor]:
        """Return maps with the attention of their size behind them, (n, C + T, side, side)."""
        sides = sorted({*self.maps, *self.attention})
        parts = {
            side: [found[side] for found in (self.maps, self.attention) if side in found]
            for side in sides
        }
        return {side: torch.cat(found, 1) for side, found in parts.items()}


def extract(
    unet: Any,
    latents: Tensor,
    text: Tensor,
    mask: Tensor | None = None,
    *,
    step: int = STEP,
    largest: int = LARGEST_ATTENTION,
) -> Features:
    """Pass latents through a U-Net once and keep maps and attention.

    Gradients flow through if the caller allows them, so a backbone can be trained.

    Parameters
    ----------
    unet
        A `UNet2DConditionModel` of diffusers.
    latents : Tensor, (n, C, side, side)
        Clean latents.
    text : Tensor, (n, tokens, width)
        Encoded prompts.
    mask : Tensor of bool, (n, tokens), optional
        Tokens that count. By default all do, padding too, as Stable Diffusion was trained.
    step : int
        Step of the noise schedule that the U-Net is given.
    largest : int
        Largest side of a map whose attention is kept.

    Raises
    ------
    CaptionFault
        If latents are not square.
    """
    if latents.shape[-1] != latents.shape[-2]:
        raise CaptionFault(
            f"latents of {latents.shape[-2]} x {latents.shape[-1]}: allowed are square images"
        )
    with _attention_kept(unet, largest) as kept, _maps_kept(unet) as maps:
        unet(
            latents,
            torch.full((len(latents),), step, device=latents.device),
            encoder_hidden_states=text,
            encoder_attention_mask=mask,
            return_dict=False,
        )
        return Features(dict(maps), kept.means())


def decoder_layers(unet: Any) -> list[nn.Module]:
    """Return the layers whose outputs are the features, from the smallest map to the largest.

    These are the layer before the last of each decoder block, and the last layer of the last one:
    for Stable Diffusion output blocks 1, 4, 7 and 11 of the published code.
    """
    blocks = list(unet.up_blocks)
    result: list[nn.Module] = []
    for block in blocks:
        layers = getattr(block, "attentions", None) or block.resnets
        last = len(layers) - 1
        result.append(layers[last if block is blocks[-1] else max(0, last - 1)])
    return result


@contextmanager
def _maps_kept(unet: Any) -> Iterator[dict[int, Tensor]]:
    """Keep the output of `decoder_layers`; of layers with equal sides, the later one counts."""
    kept: dict[int, Tensor] = {}

    def keep(_: nn.Module, __: Any, output: Any) -> None:
        found: Tensor = (
            output[0] if isinstance(output, tuple) else getattr(output, "sample", output)
        )
        kept[found.shape[-1]] = found

    hooks = [layer.register_forward_hook(keep) for layer in decoder_layers(unet)]
    try:
        yield kept
    finally:
        for hook in hooks:
            hook.remove()


@dataclass
class _Kept:
    """Sums of attention over layers, by side."""

    sums: dict[int, Tensor] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=dict)

    def add(self, side: int, attention: Tensor) -> None:
        """Add the attention of one layer, (n, side^2, tokens)."""
        before = self.sums.get(side)
        self.sums[side] = attention if before is None else before + attention
        self.counts[side] = self.counts.get(side, 0) + 1

    def means(self) -> dict[int, Tensor]:
        """Return the mean over layers, (n, tokens, side, side)."""
        return {
            side: (total / self.counts[side]).transpose(1, 2).reshape(len(total), -1, side, side)
            for side, total in self.sums.items()
        }


class _Recorder:
    """Processor of a cross-attention layer: what diffusers computes, with the weights kept."""

    def __init__(self, kept: _Kept, largest: int, otherwise: Any) -> None:
        self.kept, self.largest, self.otherwise = kept, largest, otherwise

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor,
        attention_mask: Tensor | None = None,
        *_: Any,
        **__: Any,
    ) -> Tensor:
        count, positions, _width = hidden_states.shape
        if positions > self.largest**2:
            result: Tensor = self.otherwise(
                attn, hidden_states, encoder_hidden_states, attention_mask
            )
            return result
        tokens = encoder_hidden_states.shape[1]
        mask = attn.prepare_attention_mask(attention_mask, tokens, count)
        query = attn.head_to_batch_dim(attn.to_q(hidden_states))
        key = attn.head_to_batch_dim(attn.to_k(encoder_hidden_states))
        value = attn.head_to_batch_dim(attn.to_v(encoder_hidden_states))
        weights = attn.get_attention_scores(query, key, mask)
        side = round(positions**0.5)
        self.kept.add(side, weights.reshape(count, attn.heads, positions, tokens).mean(1))
        out: Tensor = attn.batch_to_head_dim(torch.bmm(weights, value))
        out = attn.to_out[1](attn.to_out[0](out))
        scaled: Tensor = out / attn.rescale_output_factor
        return scaled


def _of_words(name: str) -> bool:
    return name.endswith("attn2.processor") and name.startswith(("down_blocks", "up_blocks"))


@contextmanager
def _attention_kept(unet: Any, largest: int) -> Iterator[_Kept]:
    """Record cross-attention of encoder and decoder; the middle block has no map of its own."""
    before = dict(unet.attn_processors)
    kept = _Kept()
    recorded = {
        name: _Recorder(kept, largest, processor) if _of_words(name) else processor
        for name, processor in before.items()
    }
    # `set_attn_processor` empties the mapping that it is given.
    unet.set_attn_processor(recorded)
    try:
        yield kept
    finally:
        unet.set_attn_processor(dict(before))
