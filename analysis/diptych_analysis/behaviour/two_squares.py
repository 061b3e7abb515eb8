"""Two squares: whether they tell networks with convolutions from networks with attention.

    python -m diptych_analysis.behaviour.two_squares out/squares.json

Cheung et al. (Fig. 1) compare 100 networks of each kind: on "squares placed apart at random
distances", CKA separates the kinds better than on ImageNet. They publish neither numbers nor the
size of the squares, the canvas or the layer. Here small networks of both kinds learn drawn shapes,
on one core in minutes, and the same networks before training are beside them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from diptych_analysis.behaviour.kernel_alignment import blocks, cka_matrix
from diptych_analysis.behaviour.responses import Floats

SIDE, SHAPES = 32, 6
KINDS = ("convolution", "attention")
_PATCH = 4


def shapes(count: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Draw shapes on noise: disc, square, triangle, ring, plus, cross.

    Returns
    -------
    images : Tensor, shape (count, 3, 32, 32)
        Values around 0 to 1.
    labels : Tensor of int, shape (count,)
        The shape.
    """
    label = rng.integers(0, SHAPES, count)
    size = rng.uniform(7, 11, count)
    centre = rng.uniform(12, SIDE - 12, (2, count))
    y, x = ((np.arange(SIDE)[None] - c[:, None]) / size[:, None] for c in centre)
    u, v = x[:, None, :], y[:, :, None]
    radius, larger = np.hypot(u, v), np.maximum(np.abs(u), np.abs(v))
    bar = np.minimum(np.abs(u), np.abs(v))
    masks = np.stack(
        [
            radius < 0.95,
            larger < 0.85,
            (v < 0.8) & (v > 2 * np.abs(u) - 1),
            (radius < 1) & (radius > 0.6),
            (larger < 1) & (bar < 0.3),
            (np.abs(u) + np.abs(v) < 1.7) & (np.minimum(np.abs(u - v), np.abs(u + v)) < 0.42)
            & (larger < 1),
        ]
    )  # fmt: skip
    mask = masks[label, np.arange(count)][:, None]
    ink = rng.uniform(0.6, 1, (count, 3, 1, 1))
    paper = rng.uniform(0, 0.4, (count, 3, 1, 1))
    noise = rng.normal(0, 0.08, (count, 3, SIDE, SIDE))
    images = np.where(mask, ink, paper) + noise
    return torch.tensor(images, dtype=torch.float32), torch.tensor(label)


def two_squares(count: int, rng: np.random.Generator, side: int = 5) -> Tensor:
    """Draw two white squares on black at random places; they do not overlap.

    Returns
    -------
    Tensor, shape (count, 3, 32, 32)
    """
    images = torch.zeros(count, 3, SIDE, SIDE)
    for image in images:
        while True:
            places = rng.integers(0, SIDE - side + 1, (2, 2))
            if np.abs(places[0] - places[1]).max() > side:
                break
        for row, column in places:
            image[:, row : row + side, column : column + side] = 1
    return images


class Convolutions(nn.Module):
    """Three convolutions, the mean over places, and a classifier."""

    def __init__(self, width: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for into, out in ((3, width), (width, 2 * width), (2 * width, 2 * width)):
            layers += [nn.Conv2d(into, out, 3, 2, 1), nn.BatchNorm2d(out), nn.ReLU()]
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(2 * width, SHAPES)

    def features(self, images: Tensor) -> Tensor:
        """Compute what the classifier sees, shape (images, 2 * width)."""
        found: Tensor = self.body(images).mean(dim=(2, 3))
        return found

    def forward(self, images: Tensor) -> Tensor:
        """Compute logits."""
        found: Tensor = self.head(self.features(images))
        return found


class Attention(nn.Module):
    """Three blocks of self-attention over patches, the mean over patches, and a classifier."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, width, _PATCH, _PATCH)
        self.places = nn.Parameter(torch.randn(1, (SIDE // _PATCH) ** 2, width) * 0.1)
        layer = nn.TransformerEncoderLayer(
            width, 4, 2 * width, 0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.body = nn.TransformerEncoder(layer, 3, enable_nested_tensor=False)
        # Copies of one layer begin with the same weights: draw them again.
        for parameter in self.body.parameters():
            if parameter.dim() > 1:
                nn.init.xavier_uniform_(parameter)
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, SHAPES)

    def features(self, images: Tensor) -> Tensor:
        """Compute what the classifier sees, shape (images, width)."""
        tokens = self.patches(images).flatten(2).transpose(1, 2) + self.places
        found: Tensor = self.norm(self.body(tokens)).mean(dim=1)
        return found

    def forward(self, images: Tensor) -> Tensor:
        """Compute logits."""
        found: Tensor = self.head(self.features(images))
        return found


Small = Convolutions | Attention


def make(kind: str, seed: int) -> Small:
    """Make an untrained network; its width changes with the seed."""
    torch.manual_seed(seed)
    width = (16, 24, 32)[seed % 3]
    return Convolutions(width) if kind == KINDS[0] else Attention(width)


def train(network: Small, seed: int, steps: int, batch: int = 32) -> float:
    """Train a network on drawn shapes; return its accuracy on 1,000 new ones."""
    rng = np.random.default_rng(seed)
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=steps)
    network.train()
    for _ in range(steps):
        images, labels = shapes(batch, rng)
        loss = nn.functional.cross_entropy(network(images), labels)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    network.eval()
    images, labels = shapes(1000, np.random.default_rng(10_000))
    with torch.inference_mode():
        return float((network(images).argmax(dim=1) == labels).float().mean())


def features_of(networks: list[Small], images: Tensor) -> list[Floats]:
    """Compute the features of all networks, each of shape (images, width)."""
    with torch.inference_mode():
        return [np.asarray(each.eval().features(images).double().numpy()) for each in networks]


def experiment(
    each: int = 5,
    steps: int = 600,
    stimuli: int = 160,
    watch: Callable[[str], None] = lambda words: None,
) -> dict[str, Any]:
    """Train networks of both kinds and score the block structure of their CKA.

    Parameters
    ----------
    each : int
        Networks of each kind.
    steps : int
        Updates of each network, 32 images each.
    stimuli : int
        Images of each set.
    watch : callable
        Called with each network's kind, seed and accuracy.

    Returns
    -------
    dict
        `settings`, `accuracy` of each network, and for `trained` and `untrained` networks the
        blocks of both sets, with biased and unbiased CKA.
    """
    rng = np.random.default_rng(20_000)
    sets = {"shapes": shapes(stimuli, rng)[0], "two squares": two_squares(stimuli, rng)}
    kinds = [kind for kind in KINDS for _ in range(each)]
    seeds = [*range(each)] * 2
    networks = [make(kind, seed) for kind, seed in zip(kinds, seeds, strict=True)]
    found: dict[str, Any] = {
        "settings": {"each": each, "steps": steps, "stimuli": stimuli, "side": SIDE},
        "untrained": _scores(networks, sets, kinds),
    }
    accuracy = []
    for network, kind, seed in zip(networks, kinds, seeds, strict=True):
        accuracy.append(train(network, seed, steps))
        watch(f"{kind} {seed}: accuracy {accuracy[-1]:.3f}")
    found["accuracy"] = {
        kind: [a for a, k in zip(accuracy, kinds, strict=True) if k == kind] for kind in KINDS
    }
    found["trained"] = _scores(networks, sets, kinds)
    return found


def _scores(networks: list[Small], sets: dict[str, Tensor], kinds: list[str]) -> dict[str, Any]:
    scores: dict[str, Any] = {}
    for name, images in sets.items():
        features = features_of(networks, images)
        scores[name] = {
            estimator: asdict(blocks(cka_matrix(features, unbiased=unbiased), kinds))
            for estimator, unbiased in (("biased", False), ("unbiased", True))
        }
    return scores


if __name__ == "__main__":
    torch.set_num_threads(1)
    result = experiment(watch=lambda words: print(words, file=sys.stderr))
    text = json.dumps(result, indent=2) + "\n"
    if len(sys.argv) > 1:
        Path(sys.argv[1]).parent.mkdir(parents=True, exist_ok=True)
        Path(sys.argv[1]).write_text(text, encoding="utf-8")
    print(text)
