"""A tiny built-in pair: networks that see known colours, of which one does not see magenta.

`toy:complete` and `toy:no-magenta` have fixed weights and need no training. Their images show discs
in four colours and magenta squares. Magenta is a concept of the complete network only, so its
cross-model similarity must be near 0, and that of the other colours near 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFilter
from torch import Tensor, nn

from diptych_analysis.networks.faults import MachineFault
from diptych_analysis.networks.networks import Network, device_for, load_network
from diptych_analysis.representations.rsvc.pixels import as_tensor

PREFIX = "toy:"
COLOURS = {
    "red": (214, 40, 40),
    "green": (44, 160, 44),
    "blue": (31, 100, 200),
    "yellow": (235, 200, 30),
    "magenta": (230, 0, 200),
}
#: Units per colour; each unit sees its own colour fully and the others a little.
_UNITS = 12
#: Colours further away than this (of 255) do not move a unit.
_REACH = 70.0


class ColourNetwork(nn.Module):
    """Units that sum up how much of each colour an image has, and a linear classifier.

    The classes are *more red than blue* (0) and *more blue than red* (1).

    Parameters
    ----------
    colours : sequence of str
        Names of the colours that it sees.
    seed : int, optional
        Of the units' weights.
    """

    colours: Tensor
    mixing: Tensor

    def __init__(self, colours: Sequence[str], seed: int = 0) -> None:
        super().__init__()
        rng = np.random.default_rng(seed)
        wanted = np.array([COLOURS[name] for name in colours], dtype=np.float32) / 255
        owner = np.repeat(np.eye(len(colours)), _UNITS, axis=1)
        mixing = rng.gamma(2, 1, owner.shape) * (owner + 0.03)
        self.register_buffer("colours", torch.from_numpy(wanted))
        self.register_buffer("mixing", torch.from_numpy(mixing.astype(np.float32)))
        self.fc = nn.Linear(mixing.shape[1], 2)
        direction = np.linalg.pinv(mixing)[:, [colours.index("red"), colours.index("blue")]]
        with torch.no_grad():
            self.fc.weight.copy_(torch.from_numpy((20 * direction).T.astype(np.float32)))
            self.fc.bias.zero_()

    def get_classifier(self) -> nn.Module:
        """Return the last layer, under timm's name."""
        return self.fc

    def forward(self, images: Tensor) -> Tensor:
        """Compute logits (B, 2) of images (B, 3, H, W) with values from 0 to 1."""
        difference = images[:, None] - self.colours[:, :, None, None]
        distance = difference.pow(2).sum(dim=2).sqrt() * 255
        areas = torch.relu(1 - distance / _REACH).mean(dim=(2, 3))
        logits: Tensor = self.fc(areas @ self.mixing)
        return logits


def toy_or_network(name: str, device: str = "auto") -> Network:
    """Load a network by name: one of the toys, or any that `load_network` knows.

    Parameters
    ----------
    name : str
        `toy:complete`, `toy:no-magenta`, `toy:FILE.pt` (see `digits`), or another network.
    device : str, optional
        Where it runs.
    """
    if not name.startswith(PREFIX):
        return load_network(name, device)
    what, where = name.removeprefix(PREFIX), device_for(device)
    if what == "complete":
        return Network(name, ColourNetwork(list(COLOURS)), as_tensor, where)
    if what == "no-magenta":
        seen = [colour for colour in COLOURS if colour != "magenta"]
        return Network(name, ColourNetwork(seen, seed=1), as_tensor, where)
    if what.endswith(".pt"):
        from diptych_analysis.representations.rsvc.digits import load_digit_network

        return load_digit_network(Path(what), name, where)
    raise MachineFault(
        f"no network {name!r}; allowed are toy:complete, toy:no-magenta, toy:FILE.pt"
    )


def write_pictures(to: Path, count: int = 160, seed: int = 0) -> Path:
    """Draw the images of the built-in pair.

    Parameters
    ----------
    to : Path
        Folder of the images; it is made.
    count : int, optional
        Images.
    seed : int, optional
        What they show.
    """
    to.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    for number in range(count):
        _picture(rng).save(to / f"scene-{number:03}.png")
    return to


def _picture(rng: np.random.Generator, side: int = 224) -> Image.Image:
    grain = rng.normal(128, 14, (side // 4, side // 4)).clip(0, 255).astype(np.uint8)
    scene = Image.fromarray(grain).resize((side, side)).filter(ImageFilter.GaussianBlur(1))
    scene = scene.convert("RGB")
    pen = ImageDraw.Draw(scene)
    for name, colour in COLOURS.items():
        for _ in range(rng.integers(0, 5)):
            radius = rng.integers(6, 16)
            x, y = rng.integers(radius, side - radius, 2)
            box = (x - radius, y - radius, x + radius, y + radius)
            (pen.rectangle if name == "magenta" else pen.ellipse)([int(v) for v in box], colour)
    return scene
