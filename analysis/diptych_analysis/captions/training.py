"""Training a head: on kept features of a frozen U-Net, or together with the U-Net."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from diptych_analysis.captions.features import STEP, extract
from diptych_analysis.captions.heads import Head, depth_of
from diptych_analysis.captions.labelled import IGNORED, Labelled
from diptych_analysis.captions.rates import parameter_groups, set_rates

SEGMENT, DEPTH = "segment", "depth"
_STREAM = 43
#: Maps of images by number: `maps_of(numbers)` returns what a head takes.
MapsOf = Callable[[Any], dict[int, Tensor]]


@dataclass(frozen=True)
class HeadSettings:
    """How a head is trained.

    Parameters
    ----------
    task : str
        `segment` or `depth`.
    updates : int
        Updates of the weights.
    batch : int
        Images per update.
    rate : float
        Highest learning rate of AdamW.
    decay : float
        Weight decay.
    farthest : float
        Largest depth that a head can say, in the unit of the data.
    backbone : float
        Learning rate of the U-Net, as a share of `rate`. At 0 it is frozen.
    """

    task: str = SEGMENT
    updates: int = 400
    batch: int = 32
    rate: float = 3e-3
    decay: float = 0.01
    farthest: float = 10.0
    backbone: float = 0.0


def new_head(
    channels: Mapping[int, int], images: Labelled, known: int, settings: HeadSettings, seed: int
) -> Head:
    """Make a head with weights that the seed fixes."""
    outputs = len(images.classes) if settings.task == SEGMENT else 1
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Head(channels, images.images.shape[1], outputs, known)


def loss_of(output: Tensor, labels: Tensor, settings: HeadSettings) -> Tensor:
    """Return the loss of a head's output.

    Classes: cross-entropy, as the paper says. Depth: the scale-invariant logarithmic error with
    weight .85 (Eigen, Puhrsch and Fergus, 2014, equation 4).

    Parameters
    ----------
    output : Tensor, (n, outputs, H, W)
        Of the head.
    labels : Tensor, (n, H, W)
        Classes (255 does not count), or depth (0 does not count).
    settings : HeadSettings
        Says which of both.
    """
    if settings.task == SEGMENT:
        return cross_entropy(output, labels, ignore_index=IGNORED)
    known = labels > 0
    ratio = torch.log(depth_of(output, settings.farthest)[known] + 1e-6) - torch.log(labels[known])
    return torch.sqrt((ratio**2).mean() - 0.85 * ratio.mean() ** 2 + 1e-8)


def train_head(
    head: Head,
    maps_of: MapsOf,
    images: Labelled,
    settings: HeadSettings,
    seed: int,
    *,
    known: Tensor | None = None,
    unet: nn.Module | None = None,
    watch: Callable[[int], None] | None = None,
) -> torch.optim.Optimizer:
    """Train a head, and the U-Net too if it is given.

    Parameters
    ----------
    head : Head
        Changed in place.
    maps_of : callable
        Takes numbers of images, (batch,), and returns their maps. With a U-Net, they must carry
        gradients.
    images : Labelled
        The truth.
    settings : HeadSettings
        What to do.
    seed : int
        Fixes the order of images.
    known : Tensor, (n, classes), optional
        What the head gets besides maps.
    unet : Module, optional
        Learns at `settings.backbone` times the rate of the head.
    watch : callable, optional
        Gets the number of finished updates.

    Returns
    -------
    Optimizer
        With the groups that were used.
    """
    truth = truth_of(images, settings.task)
    modules: dict[str, tuple[nn.Module, float]] = {"head": (head, settings.rate)}
    if unet is not None:
        modules["unet"] = (unet.requires_grad_(True), settings.rate * settings.backbone)
    optimizer = torch.optim.AdamW(parameter_groups(modules, decay=settings.decay))
    rng = np.random.default_rng([seed, _STREAM])
    head.train()
    for update in range(settings.updates):
        set_rates(optimizer, update, settings.updates)
        chosen = torch.from_numpy(rng.integers(0, len(images), settings.batch))
        output = head(maps_of(chosen), None if known is None else known[chosen])
        loss = loss_of(output, truth[chosen], settings)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(
            [p for group in optimizer.param_groups for p in group["params"]], 1.0
        )
        optimizer.step()
        if watch is not None:
            watch(update + 1)
    head.eval()
    return optimizer


def predict(
    head: Head,
    maps_of: MapsOf,
    count: int,
    settings: HeadSettings,
    *,
    known: Tensor | None = None,
    batch: int = 64,
) -> Any:
    """Return what a head says: classes (n, H, W) of int, or depth (n, H, W) of float."""
    parts = []
    with torch.inference_mode():
        for first in range(0, count, batch):
            chosen = torch.arange(first, min(first + batch, count))
            output = head(maps_of(chosen), None if known is None else known[chosen])
            if settings.task == SEGMENT:
                parts.append(output.argmax(1))
            else:
                parts.append(depth_of(output, settings.farthest))
    return torch.cat(parts).numpy()


def truth_of(images: Labelled, task: str) -> Tensor:
    """Return the truth of a task: classes as int64, or depth as float32, (n, H, W)."""
    if task == SEGMENT:
        return torch.from_numpy(images.labels.astype(np.int64))
    assert images.depth is not None
    return torch.from_numpy(images.depth)


def jointly(
    unet: Any, latents: Tensor, text_of: Callable[[Any], Tensor], step: int = STEP
) -> MapsOf:
    """Return maps that carry gradients to the U-Net, which is passed again at every update.

    The U-Net may be on another device; the head stays on the CPU.
    """

    def maps_of(chosen: Tensor) -> dict[int, Tensor]:
        found = extract(unet, latents[chosen].to(unet.device), text_of(chosen), step=step)
        return {side: part.cpu() for side, part in found.joined().items()}

    return maps_of
