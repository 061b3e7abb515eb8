"""A layer's pooled activations, and how the class logit depends on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor, nn

from diptych_analysis.concepts.faults import ConceptFault
from diptych_analysis.networks.faults import near
from diptych_analysis.networks.networks import Network

Floats = npt.NDArray[np.float64]
BATCH = 64


def layer_module(network: Network, layer: str) -> nn.Module:
    """Return the module of a layer.

    Raises
    ------
    ConceptFault
        If the network has no such layer.
    """
    modules = dict(network.module.named_modules())
    if not layer or layer not in modules:
        close = near(layer, [name for name in modules if name])
        raise ConceptFault(f"{network.name} has no layer {layer!r}; near names: {close}")
    found: nn.Module = modules[layer]
    return found


def pooled_activations(network: Network, layer: str, images: Sequence[Image.Image]) -> Floats:
    """Return a layer's activations, averaged over positions, (images, units)."""
    with torch.inference_mode():
        rows = [_pooled(output, torch.mean) for output, _ in _passes(network, layer, images)]
    return np.concatenate(rows)


def class_gradients(
    network: Network, layer: str, images: Sequence[Image.Image], target: int
) -> Floats:
    """Return how the class logit changes with a layer's pooled activations, (images, units).

    The derivative by every position, summed over positions: how the logit changes when a unit
    grows by the same amount everywhere (Kim et al., 2018, eq. 1, for pooled activations).

    Parameters
    ----------
    network : Network
        The classifier.
    layer : str
        Name of a module.
    images : sequence of PIL.Image.Image
        Images of the class.
    target : int
        Number of the class.

    Raises
    ------
    ConceptFault
        If the network has no such class, or the class does not depend on the layer.
    """
    rows = []
    for output, logits in _passes(network, layer, images):
        _check_class(network, logits, target)
        (gradient,) = torch.autograd.grad(logits[:, target].sum(), output, allow_unused=True)
        if gradient is None:
            raise ConceptFault(f"{network.name}: no class depends on layer {layer!r}")
        rows.append(_pooled(gradient, torch.sum))
    return np.concatenate(rows)


def predicted(network: Network, images: Sequence[Image.Image]) -> npt.NDArray[np.int64]:
    """Return the class that the network gives every image, (images,)."""
    with torch.inference_mode():
        rows = [network.module(network.batch(batch)).argmax(1).cpu() for batch in _batches(images)]
    result: npt.NDArray[np.int64] = torch.cat(rows).numpy()
    return result


def pictures(images: npt.NDArray[np.uint8]) -> list[Image.Image]:
    """Turn arrays (images, H, W, 3) into pictures."""
    return [Image.fromarray(image) for image in images]


def _passes(
    network: Network, layer: str, images: Sequence[Image.Image]
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the layer's output and the logits, batch by batch."""
    with _kept(layer_module(network, layer)) as seen:
        for batch in _batches(images):
            seen.clear()
            # Nothing in the network takes a gradient, so the graph begins at the images.
            wanted = not torch.is_inference_mode_enabled()
            logits = network.module(network.batch(batch).requires_grad_(wanted))
            if not seen or not isinstance(seen[0], Tensor) or seen[0].ndim not in (2, 3, 4):
                raise ConceptFault(
                    f"{network.name}: layer {layer!r} gives no activations of shape (images, "
                    "units), (images, tokens, units) or (images, units, rows, columns)"
                )
            yield seen[0], logits


@contextmanager
def _kept(module: nn.Module) -> Iterator[list[Any]]:
    seen: list[Any] = []
    handle = module.register_forward_hook(lambda _, __, output: seen.append(output))
    try:
        yield seen
    finally:
        handle.remove()


def _batches(images: Sequence[Image.Image]) -> Iterator[Sequence[Image.Image]]:
    for first in range(0, len(images), BATCH):
        yield images[first : first + BATCH]


def _pooled(output: Tensor, by: Any) -> Floats:
    """Reduce (B, units, rows, columns) or (B, tokens, units) to (B, units)."""
    axes = {2: None, 3: (1,), 4: (2, 3)}[output.ndim]
    reduced = output if axes is None else by(output, dim=axes)
    result: Floats = reduced.detach().double().cpu().numpy()
    return result


def _check_class(network: Network, logits: Tensor, target: int) -> None:
    if logits.ndim != 2 or not 0 <= target < logits.shape[1]:
        raise ConceptFault(
            f"{network.name}: no class {target}; allowed are 0 to {logits.shape[-1] - 1}"
        )
