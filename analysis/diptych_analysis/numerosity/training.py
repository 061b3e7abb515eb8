"""Training on action prediction; stopped and resumed, it ends with the same weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from diptych_analysis.networks.weights import WeightsFault, read_saved
from diptych_analysis.numerosity.actions import Walk, random_walk
from diptych_analysis.numerosity.faults import NumerosityFault
from diptych_analysis.numerosity.networks import NumberSense
from diptych_analysis.numerosity.settings import Settings

#: Keeps the walks of training apart from those of the tests, which have other streams.
TRAINING_STREAM = 1
CHECKPOINT_EVERY = 25
Watch = Callable[[int, float], None]


def training_walk(settings: Settings, step: int) -> Walk:
    """Draw the walk of one update; seed and step fix it, whatever came before."""
    rng = np.random.default_rng([settings.seed, TRAINING_STREAM, step])
    return random_walk(
        settings.actions,
        settings.limit,
        settings.look,
        rng,
        action_size=settings.action_size,
        jitter=settings.jitter,
    )


def train(
    settings: Settings,
    *,
    checkpoint: Path | None = None,
    watch: Watch | None = None,
    device: str = "cpu",
) -> tuple[NumberSense, list[float]]:
    """Train one network on put, take and shake (thesis 7.5.1).

    Parameters
    ----------
    settings : Settings
        What to train.
    checkpoint : Path, optional
        File to continue from if it exists. It is written every 25 updates and on Ctrl-C, and
        stays until the caller removes it.
    watch : callable, optional
        Gets the number of finished updates and the loss of the last one.
    device : str
        Device of torch.

    Returns
    -------
    net : NumberSense
        The trained network, in evaluation mode.
    losses : list of float
        Negative log likelihood per update, nats.

    Raises
    ------
    NumerosityFault
        If the checkpoint belongs to other settings or can't be read.
    """
    with flushing_denormals():
        return _train(settings, checkpoint, watch, device)


def _train(
    settings: Settings, checkpoint: Path | None, watch: Watch | None, device: str
) -> tuple[NumberSense, list[float]]:
    net = settings.built().to(device).to(memory_format=torch.channels_last).train()
    learning = [p for p in net.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(learning, lr=settings.rate)
    losses: list[float] = []
    if checkpoint is not None and checkpoint.exists():
        losses = _resume(checkpoint, settings, net, optimizer)
    try:
        while len(losses) < settings.steps:
            losses.append(update(net, optimizer, training_walk(settings, len(losses)), device))
            if watch is not None:
                watch(len(losses), losses[-1])
            if checkpoint is not None and len(losses) % CHECKPOINT_EVERY == 0:
                _write(checkpoint, settings, net, optimizer, losses)
    except KeyboardInterrupt:
        if checkpoint is not None:
            _write(checkpoint, settings, net, optimizer, losses)
        raise
    return net.eval(), losses


def update(
    net: NumberSense, optimizer: torch.optim.Optimizer, walk: Walk, device: str = "cpu"
) -> float:
    """Improve the network by one walk; return its loss before, nats per action."""
    images = torch.from_numpy(walk.scenes.images()).to(device)
    loss = nn.functional.nll_loss(net(images), torch.from_numpy(walk.actions).to(device))
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return float(loss.detach())


@contextmanager
def flushing_denormals() -> Iterator[None]:
    """Treat numbers near 0 as 0: images without objects make many, which are slow."""
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def save_network(file: Path, net: NumberSense) -> None:
    """Write the weights, complete or not at all."""
    _save(file, dict(net.state_dict()))


def load_network(file: Path, settings: Settings) -> NumberSense:
    """Read a trained network.

    Raises
    ------
    NumerosityFault
        If the file can't be read or belongs to another network.
    """
    # AlexNet's layers are in the file too, so nothing is downloaded here.
    net = settings.built()
    try:
        net.load_state_dict(read_saved(file))
    except (WeightsFault, RuntimeError) as error:
        raise NumerosityFault(f"{str(file)!r} is no network of this run: {error}") from error
    return net.to(memory_format=torch.channels_last).eval()


def _write(
    file: Path,
    settings: Settings,
    net: NumberSense,
    optimizer: torch.optim.Optimizer,
    losses: list[float],
) -> None:
    saved = {
        "settings": settings.as_dict(),
        "net": dict(net.state_dict()),
        "optimizer": optimizer.state_dict(),
        "losses": losses,
    }
    _save(file, saved)


def _save(file: Path, saved: dict[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_suffix(".writing")
    torch.save(saved, beside)
    beside.replace(file)


def _resume(
    file: Path, settings: Settings, net: NumberSense, optimizer: torch.optim.Optimizer
) -> list[float]:
    """Fill network and optimizer from a checkpoint; return the losses so far."""
    try:
        saved = read_saved(file)
        # Training longer is no other training: the steps so far are the same.
        before = saved["settings"] | {"steps": settings.steps}
        if before != settings.as_dict():
            raise NumerosityFault(
                f"{str(file)!r} belongs to other settings ({_difference(before, settings)}): "
                "remove it to train again, or use another folder"
            )
        net.load_state_dict(saved["net"])
        optimizer.load_state_dict(saved["optimizer"])
        return [float(loss) for loss in saved["losses"]]
    except (WeightsFault, KeyError, TypeError, RuntimeError) as error:
        raise NumerosityFault(
            f"{str(file)!r} is no checkpoint of this training ({error}): remove it to train again"
        ) from error


def _difference(before: dict[str, Any], settings: Settings) -> str:
    now = settings.as_dict()
    return ", ".join(
        f"{name} {before.get(name)} instead of {now[name]}"
        for name in now
        if before.get(name) != now[name]
    )
