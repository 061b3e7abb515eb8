"""Layers of vision transformers: the class token, or the tokens of the patches.

A layer's output has one row per token. The first tokens are the class token and, in some networks,
registers; then comes one token per patch of the image. Other networks average all tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from diptych_analysis.networks.faults import MachineFault
from diptych_analysis.networks.layers import Layer, choose_layers
from diptych_analysis.networks.networks import Network

#: auto: the class token where there is one, else all. all: the mean over all positions.
Tokens = Literal["auto", "class", "patches", "all"]


@dataclass(frozen=True)
class TokenLayer(Layer):
    """A layer of which only some tokens count.

    Attributes
    ----------
    first, last : int
        Tokens from `first` up to, and without, `last`. Their mean is the image's row.
    """

    first: int = 0
    last: int = 1

    def pool(self, output: Tensor, images: int) -> Tensor:
        """Average the layer's tokens: (B, tokens, units) -> (B, units).

        Raises
        ------
        MachineFault
            If the output has another shape.
        """
        if output.ndim != 3 or len(output) != images or output.shape[1] < self.last:
            raise MachineFault(
                f"layer {self.module!r} gives {tuple(output.shape)}; expected (images, tokens, "
                f"units) with at least {self.last} tokens"
            )
        return output[:, self.first : self.last].mean(dim=1).float()


@dataclass(frozen=True)
class _Structure:
    """How many tokens come before those of the patches, and how many there are."""

    prefix: int
    patches: int

    @property
    def count(self) -> int:
        return self.prefix + self.patches


def choose_token_layers(
    network: Network, patterns: Sequence[str], tokens: Tokens = "auto"
) -> list[Layer]:
    """Choose layers by pattern, and the tokens that count in them.

    Parameters
    ----------
    network : Network
        Whose.
    patterns : sequence of str
        As `choose_layers` takes them. A vision transformer's block may be named too, such as
        `blocks.11`.
    tokens : {"auto", "class", "patches", "all"}
        The class token, the mean over the patches' tokens without it, or the mean over all
        positions. auto: the class token in layers that have one, else all.

    Raises
    ------
    MachineFault
        If a pattern names no layer, or `tokens` asks for tokens that can't be told apart.
    """
    if tokens not in get_args(Tokens):
        raise MachineFault(f"tokens {tokens!r}: allowed are {', '.join(get_args(Tokens))}")
    structure = _structure(network.module)
    shapes = _look(network).shapes
    blocks = [
        name
        for name in patterns
        if structure is not None
        and name.startswith("blocks.")
        and name.removeprefix("blocks.").isdecimal()
        and name in shapes
    ]
    others = [pattern for pattern in patterns if pattern not in blocks]
    found = choose_layers(network, others) if others else []
    chosen = [_chosen(network, layer, shapes, structure, tokens) for layer in found]
    for place, name in enumerate(blocks, len(chosen)):
        layer = Layer(name, "block", place, shapes[name][-1], -1, name)
        chosen.append(_chosen(network, layer, shapes, structure, tokens))
    return chosen


def _chosen(
    network: Network,
    layer: Layer,
    shapes: dict[str, tuple[int, ...]],
    structure: _Structure | None,
    tokens: Tokens,
) -> Layer:
    shape = shapes.get(layer.module, ())
    fits = structure is not None and len(shape) == 3 and shape[1] == structure.count
    if tokens == "all" and layer.kind != "block":
        return layer
    if structure is None or not fits or (tokens == "class" and not structure.prefix):
        if tokens in ("auto", "all") and layer.kind != "block":
            return layer
        raise MachineFault(_unknown(network, layer, shape, structure))
    first, last = {
        "class": (0, 1),
        "patches": (structure.prefix, structure.count),
        "all": (0, structure.count),
        "auto": (0, 1 if structure.prefix else structure.count),
    }[tokens]
    about = {name: getattr(layer, name) for name in ("name", "kind", "index", "width", "axis")}
    return TokenLayer(**about, module=layer.module, first=first, last=last)


def _unknown(
    network: Network, layer: Layer, shape: tuple[int, ...], structure: _Structure | None
) -> str:
    expected = (
        "tokens are known in vision transformers of timm (cls_token, patch_embed) only"
        if structure is None
        else f"expected (images, {structure.count}, units), with {structure.prefix} tokens before "
        "those of the patches"
    )
    return (
        f"{network.name}: which tokens of layer {layer.name!r} are the class token and the patches "
        f"is unknown: it gives {shape}; {expected}. Name another layer, or take the mean over all "
        "(tokens 'all')"
    )


def token_head(network: Network, layer: Layer) -> nn.Module | None:
    """Return what makes logits of the class token of the last block, or None.

    It is the network's last norms and its classifier. Whether they alone make the logits is tried
    on one image, since some networks average the patches instead.
    """
    module: Any = network.module
    blocks = getattr(module, "blocks", None)
    if not isinstance(layer, TokenLayer) or (layer.first, layer.last) != (0, 1) or not blocks:
        return None
    if layer.module != f"blocks.{len(blocks) - 1}":
        return None
    parts = [getattr(module, name, None) for name in ("norm", "fc_norm", "head")]
    if not all(isinstance(part, nn.Module) for part in parts):
        return None
    head = nn.Sequential(*parts)  # type: ignore[arg-type]
    look = _look(network, keep=layer.module)
    if look.kept is None or not isinstance(look.logits, Tensor):
        return None
    with torch.inference_mode():
        made = head(look.kept[:, 0])
    same = made.shape == look.logits.shape
    return head if same and torch.allclose(made, look.logits, rtol=1e-3, atol=1e-3) else None


def _structure(module: Any) -> _Structure | None:
    """Read timm's names of a vision transformer whose blocks all see the class token."""
    prefix = getattr(module, "num_prefix_tokens", None)
    patches = getattr(getattr(module, "patch_embed", None), "num_patches", None)
    if not isinstance(prefix, int) or not isinstance(patches, int):
        return None
    if prefix and not isinstance(getattr(module, "cls_token", None), Tensor):
        return None  # only registers
    return _Structure(prefix, patches)


@dataclass(frozen=True)
class _Look:
    """What a network makes of one image: shapes of all outputs, one output, logits."""

    shapes: dict[str, tuple[int, ...]]
    kept: Tensor | None
    logits: Any


def _look(network: Network, keep: str = "") -> _Look:
    shapes: dict[str, tuple[int, ...]] = {}
    kept: list[Tensor] = []

    def note(name: str, output: Any) -> None:
        if isinstance(output, Tensor) and name not in shapes:
            shapes[name] = tuple(output.shape)
            if name == keep:
                kept.append(output)

    handles = [
        module.register_forward_hook(lambda _, __, output, name=name: note(name, output))
        for name, module in network.module.named_modules()
    ]
    pixels = np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8)
    try:
        with torch.inference_mode():
            logits = network.module(network.batch([Image.fromarray(pixels)]))
    finally:
        for handle in handles:
            handle.remove()
    return _Look(shapes, kept[0] if kept else None, logits)
