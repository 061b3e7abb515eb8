"""A finished search for concepts in seconds: true scenes, and a network that sees only snow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from diptych_analysis.concepts.planted import as_tensor, class_scenes
from diptych_analysis.concepts.runs import run_search
from diptych_analysis.concepts.search import SearchSettings, Target
from diptych_analysis.concepts.sensitivity import pictures
from diptych_analysis.networks.networks import Network
from diptych_analysis.worlds.drawer import SceneDrawer

CAUSE = "snow"
WORDS = (CAUSE, "night", "striped", "circle")
SETTINGS = SearchSettings(words=WORDS, steps=8, group=10, random_sets=3, prefer=False, margin=0.0)


class _Snow(nn.Module):
    """Class 1: the image is light. Only the ground of snow is."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Conv2d(3, 3, 1)
        self.head = nn.Linear(3, 2)
        with torch.no_grad():
            self.features.weight.copy_(torch.eye(3)[:, :, None, None])
            self.features.bias.zero_()
            self.head.weight.copy_(torch.tensor([[0.0, 0, 0], [0.0, 1, 9]]))
            self.head.bias.copy_(torch.tensor([0.0, -1.0]))

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.head(self.features(images).mean((2, 3)))
        return logits


def snow_target() -> Target:
    """The class to explain, with images of it."""
    shown = pictures(class_scenes(CAUSE, 40, np.random.default_rng(3)))
    return Target(Network("snow", _Snow(), as_tensor), "features", 1, shown)


def planted_search(folder: Path) -> Path:
    """Search for what makes the class, into a folder."""
    run_search(folder, SceneDrawer(), snow_target(), SETTINGS)
    return folder
