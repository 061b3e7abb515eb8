"""Training: Adam, early stopping, best state restored, resumable (thesis 2.4.4, 2.5.2)."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from diptych_analysis.networks.weights import WeightsFault, read_saved
from diptych_analysis.tracing.batches import Batch


@dataclass(frozen=True)
class Settings:
    """How to train; the defaults are the thesis's (2.5.2)."""

    epochs: int = 400
    patience: int = 35
    batch: int = 16
    rate: float = 1e-3
    encoder_rate: float = 1e-5
    embedding_decay: float = 1e-3
    seed: int = 0
    threads: int = 1
    device: str = "auto"
    checkpoint_every: int = 20

    def where(self) -> torch.device:
        """Choose the device: CUDA where there is one, unless the caller names another."""
        if self.device != "auto":
            return torch.device(self.device)
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")


class Trainable(Protocol):
    """What the loop needs of a model."""

    def __call__(self, batch: Batch) -> Tensor:
        """Predict the responses of a batch: logits (B, T, C)."""

    def groups(self, settings: Settings) -> list[dict[str, Any]]:
        """Return the groups of parameters to train, as PyTorch's optimisers take them."""


@dataclass
class Progress:
    """How far training has come; everything needed to go on."""

    epoch: int = 0
    best: float = float("inf")
    best_epoch: int = 0
    losses: list[tuple[float, float]] = field(default_factory=list)


def choice_loss(logits: Tensor, batch: Batch) -> Tensor:
    """Cross entropy of the responses, summed over scored trials (Eq. 2.6 before division)."""
    chosen = batch.scored
    return nn.functional.cross_entropy(logits[chosen], batch.response[chosen], reduction="sum")


def ranking_loss(logits: Tensor, batch: Batch) -> Tensor:
    """Sum the negative Plackett-Luce log likelihood of the ranked classes over scored trials.

    P(r1 > r2 > ... > rk) = prod_j exp(s_rj) / sum of exp(s_c) over classes c not ranked before j;
    with k = 1 this is the cross entropy of the response.
    """
    chosen = batch.scored
    scores, ranking = logits[chosen], batch.ranking[chosen]
    given = ranking >= 0
    picked = scores.gather(1, ranking.clamp(min=0))
    left = torch.zeros_like(scores)
    total = scores.new_zeros(())
    for place in range(ranking.shape[1]):
        here = given[:, place]
        total = total + (torch.logsumexp(scores + left, 1) - picked[:, place])[here].sum()
        # out of the running for the places that follow
        gone = torch.zeros_like(scores).scatter(1, ranking[:, place : place + 1].clamp(min=0), 1.0)
        left = left.masked_fill((gone > 0) & here[:, None], float("-inf"))
    return total


def train(
    net: nn.Module,
    data: Batch,
    validation: Batch,
    settings: Settings,
    *,
    ranking: bool = False,
    watch: Callable[[int, float, float], None] | None = None,
    checkpoint: Path | None = None,
) -> Progress:
    """Train until the validation loss stops falling; leave the best parameters in `net`.

    With `checkpoint` it goes on from that file where it exists, writes it every few epochs and on
    Ctrl-C, and removes it at the end; training interrupted and resumed gives the same parameters
    as training in one go.
    """
    loss_of = ranking_loss if ranking else choice_loss
    optimizer = torch.optim.Adam(net.groups(settings), fused=True)  # type: ignore[operator]
    progress, best = Progress(), _state(net)
    if checkpoint is not None and checkpoint.exists():
        progress, best = _resume(checkpoint, net, optimizer)
    saved = _snapshot(net, optimizer, progress, best) if checkpoint else None
    try:
        while progress.epoch < settings.epochs:
            if progress.epoch - progress.best_epoch >= settings.patience:
                break
            trained = _one_epoch(net, data, optimizer, loss_of, settings, progress.epoch)
            held_out = evaluate(net, validation, loss_of, settings.batch)
            progress.epoch += 1
            progress.losses.append((trained, held_out))
            if held_out < progress.best - 1e-6:
                progress.best, progress.best_epoch, best = held_out, progress.epoch, _state(net)
            if watch is not None:
                watch(progress.epoch, trained, held_out)
            if checkpoint is not None:
                saved = _snapshot(net, optimizer, progress, best)
                if progress.epoch % settings.checkpoint_every == 0:
                    _write(checkpoint, saved)
    except KeyboardInterrupt:
        if checkpoint is not None and saved is not None:
            _write(checkpoint, saved)
        raise
    net.load_state_dict(best)
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
    return progress


def _one_epoch(
    net: nn.Module,
    data: Batch,
    optimizer: torch.optim.Optimizer,
    loss_of: Callable[[Tensor, Batch], Tensor],
    settings: Settings,
    epoch: int,
) -> float:
    net.train()
    # Seeded by the epoch, so that a resumed training draws what an uninterrupted one would.
    torch.manual_seed(settings.seed * 100_003 + epoch)
    order = torch.randperm(len(data.mask))
    total, count = 0.0, 0
    for start in range(0, len(order), settings.batch):
        batch = data.rows(order[start : start + settings.batch])
        n = int(batch.scored.sum())
        if n == 0:
            continue
        loss = loss_of(net(batch), batch)
        optimizer.zero_grad(set_to_none=True)
        (loss / n).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        total, count = total + float(loss.detach()), count + n
    return total / max(count, 1)


@torch.no_grad()
def evaluate(
    net: nn.Module, data: Batch, loss_of: Callable[[Tensor, Batch], Tensor], batch: int = 64
) -> float:
    """Return the mean loss per scored trial."""
    net.eval()
    total, count = 0.0, 0
    for start in range(0, len(data.mask), batch):
        part = data.rows(slice(start, start + batch))
        total, count = total + float(loss_of(net(part), part)), count + int(part.scored.sum())
    return total / max(count, 1)


def _state(net: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in net.state_dict().items()}


def _snapshot(
    net: nn.Module, optimizer: torch.optim.Optimizer, progress: Progress, best: dict[str, Tensor]
) -> dict[str, Any]:
    return {
        "net": _state(net),
        "optimizer": copy.deepcopy(optimizer.state_dict()),
        "best": best,
        "progress": copy.deepcopy(asdict(progress)),
    }


def _write(file: Path, saved: dict[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_suffix(".writing")
    torch.save(saved, beside)
    beside.replace(file)


def _resume(
    file: Path, net: nn.Module, optimizer: torch.optim.Optimizer
) -> tuple[Progress, dict[str, Tensor]]:
    saved = read_saved(file)
    try:
        net.load_state_dict(saved["net"])
        optimizer.load_state_dict(saved["optimizer"])
        return Progress(**saved["progress"]), saved["best"]
    except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
        raise WeightsFault(
            f"{str(file)!r} is no checkpoint of this training ({error}); delete it to start "
            "training again"
        ) from error
