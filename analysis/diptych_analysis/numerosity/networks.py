"""Perception of one image, and the classifier of the action between two (thesis Fig. 7.15)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from diptych_analysis.networks.weights import WeightsFault, read_weights
from diptych_analysis.numerosity.faults import NumerosityFault

HIDDEN = 256
#: Layers of AlexNet that the published network takes over and never trains: two convolutions.
FROZEN_LAYERS = 5


class NumberSense(nn.Module):
    """Perception and action classifier, trained together.

    Parameters
    ----------
    features : torch.nn.Module
        Maps images (n, 1, pixels, pixels), values 0 to 1, to flat features.
    width : int
        Number of those features.
    dimensions : int
        d, dimensions of the embedding z.
    """

    def __init__(self, features: nn.Module, width: int, dimensions: int) -> None:
        super().__init__()
        self.features = features
        self.reduce = nn.Sequential(
            nn.Linear(width, dimensions), nn.PReLU(), nn.Linear(dimensions, dimensions)
        )
        # As published, nothing nonlinear is between the two linear layers.
        self.classifier = nn.Sequential(
            nn.PReLU(), nn.Linear(2 * dimensions, HIDDEN), nn.Linear(HIDDEN, 3)
        )

    def embed(self, images: Tensor) -> Tensor:
        """Embed images.

        Parameters
        ----------
        images : Tensor of uint8, shape (n, pixels, pixels)
            Grey levels, 0 to 255.

        Returns
        -------
        Tensor, shape (n, d)
        """
        grey = images.unsqueeze(1).to(torch.float32) / 255
        z: Tensor = self.reduce(self.features(grey))
        return z

    def classify(self, before: Tensor, after: Tensor) -> Tensor:
        """Log probabilities of take, shake and put, shape (n, 3), from two embeddings (n, d)."""
        return nn.functional.log_softmax(self.classifier(torch.cat([before, after], 1)), 1)

    def forward(self, images: Tensor) -> Tensor:
        """Log probabilities of the t actions between t + 1 images of one walk, shape (t, 3).

        Each image is embedded once, although all but two of them belong to two pairs.
        """
        z = self.embed(images)
        return self.classify(z[:-1], z[1:])


def small_network(pixels: int, dimensions: int) -> NumberSense:
    """Build four convolutions: about 10 million multiplications per image of 64 pixels.

    Each convolution is followed by ReLU, where the published network has PReLU.
    """
    if pixels % 16:
        raise NumerosityFault(f"{pixels} pixels: the small network needs a multiple of 16")
    features = nn.Sequential(
        *(nn.Conv2d(1, 16, 5, stride=2, padding=2), nn.ReLU()),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 48, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(48, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        nn.Flatten(),
    )
    return NumberSense(features, 32 * (pixels // 16) ** 2, dimensions)


class AlexNetFeatures(nn.Module):
    """Two frozen convolutions of AlexNet, then two that learn (published code)."""

    def __init__(self, frozen: nn.Module) -> None:
        super().__init__()
        self.frozen = frozen.requires_grad_(False)
        self.trained = nn.Sequential(
            *(nn.Conv2d(192, 256, 5, padding=2), nn.PReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(256, 128, 3, padding=1), nn.PReLU(), nn.MaxPool2d(2)),
            nn.Flatten(),
        )

    def forward(self, grey: Tensor) -> Tensor:
        """Embed images (n, 1, pixels, pixels) as flat features; colours are equal."""
        with torch.no_grad():
            seen = self.frozen(grey.expand(-1, 3, -1, -1))
        found: Tensor = self.trained(seen)
        return found


def published_network(pixels: int, dimensions: int, weights: Path | None) -> NumberSense:
    """Build the published network, with AlexNet's ImageNet weights.

    Parameters
    ----------
    pixels : int
        Image size; published 244.
    dimensions : int
        d; published 2.
    weights : Path or None
        A `state_dict` of torchvision's AlexNet; None downloads torchvision's ImageNet weights.

    Raises
    ------
    NumerosityFault
        If the weights can't be had or don't fit, or the image is too small.
    """
    if pixels < 63:
        raise NumerosityFault(f"{pixels} pixels: the published network needs at least 63")
    features = AlexNetFeatures(_alexnet(weights))
    with torch.no_grad():
        width = features(torch.zeros(1, 1, pixels, pixels)).shape[1]
    return NumberSense(features, width, dimensions)


def _alexnet(weights: Path | None) -> nn.Module:
    """Load the first layers of AlexNet, with weights."""
    from torchvision import models

    if weights is None:
        try:
            model: Any = models.alexnet(weights=models.AlexNet_Weights.IMAGENET1K_V1)
        except Exception as error:  # whatever a download can raise
            raise NumerosityFault(
                f"AlexNet's weights can't be downloaded ({error}): pass a file with torchvision's "
                "state_dict as --weights FILE, or use --network small, which needs no weights"
            ) from error
        return nn.Sequential(*model.features[:FROZEN_LAYERS])
    frozen = nn.Sequential(*models.alexnet(weights=None).features[:FROZEN_LAYERS])
    try:
        found = read_weights(weights)
        frozen.load_state_dict(
            {name: found[f"features.{name}"] for name in frozen.state_dict()}, strict=True
        )
    except (WeightsFault, KeyError, RuntimeError) as error:
        raise NumerosityFault(
            f"{str(weights)!r} holds no weights of torchvision's AlexNet ({error}); expected are "
            "features.0.weight, features.0.bias, features.3.weight and features.3.bias"
        ) from error
    return frozen
