"""Models trained by gradient: an encoder f and a network psi behind the common interface."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from diptych_analysis.networks.weights import WeightsFault, read_weights
from diptych_analysis.tracing.batches import Batch, make_batch, rt_scale
from diptych_analysis.tracing.encoders import Encoder, make_encoder, rebuilt_encoder
from diptych_analysis.tracing.evaluation import Probabilities
from diptych_analysis.tracing.models import ModelFault, Tracer, Watch, check_trainable
from diptych_analysis.tracing.models.closed import uniform_padding
from diptych_analysis.tracing.models.networks import Shape, TracingNet, build
from diptych_analysis.tracing.sequences import Sequences
from diptych_analysis.tracing.stepping import Stepper
from diptych_analysis.tracing.training import Progress, Settings, train

ENCODER_SETTINGS = ("images", "dim", "weights", "cache", "size")


class Network(nn.Module):
    """sigma is left to the loss: logits = psi(batch, f(batch))."""

    def __init__(self, encoder: Encoder, psi: TracingNet) -> None:
        super().__init__()
        self.encoder, self.psi = encoder, psi

    def forward(self, batch: Batch) -> Tensor:
        """Return the logits (B, T, C)."""
        logits: Tensor = self.psi(batch, self.encoder(batch))
        return logits

    def groups(self, settings: Settings) -> list[dict[str, Any]]:
        """Return the parameters for the optimizer, each with its learning rate."""
        rest = {"params": list(self.psi.parameters()), "lr": settings.rate}
        return [g for g in (rest, *self.encoder.groups(settings)) if g["params"]]


class NeuralTracer(Tracer):
    """Any model with a network in it."""

    net: Network

    def __init__(
        self,
        spec: str,
        encoder: str,
        options: frozenset[str],
        settings: Mapping[str, Any],
        *,
        kind: str,
    ) -> None:
        # knowledge tracing of classes looks at no image, so none is ever encoded for it
        encoder = "none" if kind == "dkt" else encoder
        self.spec, self.encoder, self.options, self.kind = spec, encoder, options, kind
        own = {k: v for k, v in settings.items() if k in ENCODER_SETTINGS and v is not None}
        self.encoder_settings = own
        training = {k: v for k, v in settings.items() if k not in ENCODER_SETTINGS}
        allowed = [each.name for each in fields(Settings)]
        unknown = [name for name in training if name not in allowed]
        if unknown:
            raise ModelFault(
                f"{spec}: no parameter {unknown[0]!r}; there are "
                f"{', '.join([*allowed, *ENCODER_SETTINGS])}"
            )
        self.settings = Settings(**training)
        self.scale = (0.0, 1.0)
        self.progress = Progress()

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the arguments of `make_model`: of training, and of the encoder (None: usual)."""
        encoder = {name: self.encoder_settings.get(name) for name in ENCODER_SETTINGS}
        return {**super().get_params(deep), **asdict(self.settings), **encoder}

    @contextmanager
    def _seeded(self) -> Iterator[torch.device]:
        """Use separate random numbers and threads, whatever the caller uses."""
        device = self.settings.where()
        threads = torch.get_num_threads()
        torch.set_num_threads(self.settings.threads)
        try:
            with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
                torch.manual_seed(self.settings.seed)
                yield device
        finally:
            torch.set_num_threads(threads)

    def fit(
        self,
        train: Sequences,
        validation: Sequences | None = None,
        *,
        watch: Watch | None = None,
        checkpoint: Path | None = None,
    ) -> Self:
        """Train with early stopping on `validation` (on `train` where there is none)."""
        check_trainable(self.spec, train)
        with self._seeded() as device:
            self.scale = rt_scale(train)
            encoder = make_encoder(self.encoder, train, **self.encoder_settings)
            psi = build(self.kind, self._shape(encoder, train.n_classes, train.shape[1]))
            self.n_times = train.shape[1]
            self.net = Network(encoder, psi).to(device)
            self.classes = train.classes
            data = self.batch_of(train, device)
            held_out = data if validation is None else self.batch_of(validation, device)
            self.progress = _fit(self, data, held_out, watch, checkpoint)
        return self

    def _shape(self, encoder: Encoder, n_classes: int, n_times: int) -> Shape:
        extras = self.options - {"ranking"}
        return Shape(n_classes, encoder.dim, encoder.sees_images, n_times, extras)

    def stepper(self) -> Stepper:
        """Start a live session; recurrent models keep the state of their network."""
        from diptych_analysis.tracing.models.networks import RecurrentNet
        from diptych_analysis.tracing.models.stepping import RecurrentStepper

        self._check_fitted()
        return RecurrentStepper(self) if isinstance(self.net.psi, RecurrentNet) else Stepper(self)

    def batch_of(self, sequences: Sequences, device: torch.device) -> Batch:
        """Make a batch of sequences as the network reads them, on a device."""
        mapped = self.net.encoder.stimuli_of(sequences)
        return make_batch(sequences, mapped, self.scale).to(device)

    @torch.no_grad()
    def predict_proba(self, sequences: Sequences) -> Probabilities:
        """Return (N, T, C)."""
        self._check(sequences)
        with self._seeded() as device:
            self.net.to(device).eval()
            batch = self.batch_of(sequences, device)
            parts = [
                torch.softmax(self.net(batch.rows(slice(i, i + 64))).double(), -1).cpu().numpy()
                for i in range(0, len(batch.mask), 64)
            ]
        return uniform_padding(np.concatenate(parts), sequences)

    def _write(self, folder: Path) -> dict[str, Any]:
        torch.save(self.net.state_dict(), folder / "weights.pt")
        return {
            "settings": asdict(self.settings),
            "scale": self.scale,
            "encoder_state": self.net.encoder.describe(),
            "n_times": self.n_times,
            "epochs": self.progress.epoch,
        }

    def _read(self, folder: Path, kept: dict[str, Any]) -> None:
        self.settings = Settings(**kept["settings"])
        self.scale = (kept["scale"][0], kept["scale"][1])
        with self._seeded():
            images = self.encoder_settings.get("images")
            encoder = rebuilt_encoder(self.encoder, kept["encoder_state"], images and Path(images))
            self.n_times = kept["n_times"]
            psi = build(self.kind, self._shape(encoder, len(self.classes), self.n_times))
        self.net = Network(encoder, psi)
        try:
            self.net.load_state_dict(read_weights(folder / "weights.pt"))
        except WeightsFault as fault:
            raise ModelFault(str(fault)) from None
        except RuntimeError as error:
            raise ModelFault(f"{folder}: weights do not fit the model: {error}") from error


def _fit(
    model: NeuralTracer, data: Batch, held_out: Batch, watch: Watch | None, checkpoint: Path | None
) -> Progress:
    try:
        return train(
            model.net,
            data,
            held_out,
            model.settings,
            ranking="ranking" in model.options,
            watch=watch,
            checkpoint=checkpoint,
        )
    except WeightsFault as fault:
        raise ModelFault(str(fault)) from None
