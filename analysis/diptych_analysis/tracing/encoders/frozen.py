"""Pretrained networks: any timm model frozen, and a ResNet-18 whose last layer learns (2.7.5)."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from diptych_analysis.networks.weights import WeightsFault, read_weights
from diptych_analysis.tracing.encoders import EncoderFault
from diptych_analysis.tracing.encoders.images import ImageEncoder, ImageStore, store_for
from diptych_analysis.tracing.sequences import Ints, Sequences
from diptych_analysis.tracing.training import Settings

CHUNK = 32


def load_timm(name: str, weights: str) -> nn.Module:
    """Load a timm model without its classifier, in evaluation mode and frozen.

    `weights`: `pretrained` (as timm finds them), `random` (seeded), or a file of a state dict,
    matched by name, or by order where only the names differ.
    """
    import timm

    if name not in timm.list_models():
        raise EncoderFault(f"timm has no model {name!r}; close are {timm.list_models(f'{name}*')}")
    torch.manual_seed(0)
    try:
        model = timm.create_model(name, pretrained=weights == "pretrained", num_classes=0)
    except Exception as error:  # whatever a download can raise
        hint = "without a network connection, name a file of weights, or random"
        raise EncoderFault(f"no pretrained weights of {name}: {error}; {hint}") from error
    if weights not in ("pretrained", "random"):
        _load(model, name, Path(weights))
    made: nn.Module = model.eval().requires_grad_(False)
    return made


def _load(model: nn.Module, name: str, file: Path) -> None:
    try:
        found = read_weights(file)
    except WeightsFault as fault:
        raise EncoderFault(str(fault)) from None
    wanted = model.state_dict()
    if not wanted.keys() <= found.keys():
        ordered = dict(zip(wanted, found.values(), strict=False))
        shapes = [tuple(v.shape) for v in ordered.values()]
        if shapes != [tuple(v.shape) for v in wanted.values()]:
            raise EncoderFault(f"weights {file} fit {name} neither by name nor by order")
        found = ordered
    model.load_state_dict({key: found[key] for key in wanted})


class FrozenFeatures(ImageEncoder):
    """What a frozen network says about each image is computed once and kept."""

    def __init__(
        self, name: str, store: ImageStore, dim: int, weights: str, cache: Path | None
    ) -> None:
        super().__init__()
        self.name, self.dim, self.store, self.weights, self.cache = name, dim, store, weights, cache
        self.features = torch.empty(0)

    def see(self, pixels: Tensor) -> Tensor:
        """Return the features (U, ...) of images, bytes (U, channels, height, width)."""
        raise NotImplementedError

    def stimuli_of(self, sequences: Sequences) -> Ints:
        """Return (S,): numbers of the stimuli; computes the features of images that are new."""
        numbers = super().stimuli_of(sequences)
        done = len(self.features)
        if done < len(self.store.pixels):
            new = self.store.pixels[done:]
            features = self._computed(new)
            self.features = torch.cat([self.features, features]) if done else features
        return numbers

    @torch.no_grad()
    def _computed(self, pixels: Tensor) -> Tensor:
        file = None
        if self.cache is not None:
            digest = hashlib.sha256(f"{self.name} {self.weights}".encode())
            digest.update(pixels.contiguous().numpy().tobytes())
            file = self.cache / f"{self.name.replace(':', '-')}-{digest.hexdigest()[:16]}.npy"
            if file.exists():
                return torch.from_numpy(np.load(file))
        parts = [self.see(pixels[i : i + CHUNK]) for i in range(0, len(pixels), CHUNK)]
        features = torch.cat(parts)
        if file is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            writing = file.with_suffix(".writing.npy")
            np.save(writing, features.numpy())
            writing.replace(file)
        return features

    def describe(self) -> dict[str, Any]:
        """Return the sizes and where the weights came from."""
        return super().describe() | {"weights": self.weights}

    @classmethod
    def rebuilt(cls, about: dict[str, Any], images: Path | None) -> Self:
        """Make the encoder of a description."""
        return cls(about["name"], store_for(about, images), about["dim"], about["weights"], None)


def normalised(pixels: Tensor, data: dict[str, Any]) -> Tensor:
    """Turn bytes into what a timm model expects; grey images thrice."""
    rgb = pixels.expand(-1, 3, -1, -1).to(torch.float32) / 255
    mean, std = (torch.tensor(data[k]).view(1, 3, 1, 1) for k in ("mean", "std"))
    return (rgb - mean) / std


class FrozenTimm(FrozenFeatures):
    """Any timm model, frozen, and a linear layer to the embedding, which learns."""

    def __init__(
        self, name: str, store: ImageStore, dim: int, weights: str, cache: Path | None
    ) -> None:
        super().__init__(name, store, dim, weights, cache)
        # not a submodule: its weights are neither learnt nor saved with the model
        self._model = (load_timm(name.removeprefix("timm:"), weights),)
        self.reduce = nn.Linear(int(self._model[0].num_features), dim)  # type: ignore[arg-type]

    def see(self, pixels: Tensor) -> Tensor:
        """Return the features (U, F)."""
        model = self._model[0]
        data: Any = model.pretrained_cfg
        found: Tensor = model(normalised(pixels, data))
        return found

    def embed(self, index: Tensor) -> Tensor:
        """Return z (U, dim)."""
        device = self.reduce.weight.device
        z: Tensor = self.reduce(self.features[index.cpu()].to(device))
        return z

    def groups(self, settings: Settings) -> list[dict[str, Any]]:
        """Train the linear layer alone, like the rest of the model."""
        return [{"params": list(self.reduce.parameters()), "lr": settings.rate}]


class PartlyFrozenResNet(FrozenFeatures):
    """ResNet-18: layers 1 to 3 frozen and seen once, layer 4 and a linear layer learn (2.7.5).

    The batch norms of layer 4 keep the statistics of the pretrained network.
    """

    def __init__(
        self, name: str, store: ImageStore, dim: int, weights: str, cache: Path | None
    ) -> None:
        super().__init__(name, store, dim, weights, cache)
        model: Any = load_timm("resnet18", weights)
        self._frozen = (model,)
        self.layer4 = model.layer4.requires_grad_(True)
        self.reduce = nn.Linear(512, dim)

    def train(self, mode: bool = True) -> Self:
        """Keep the batch norms as they are."""
        super().train(mode)
        for module in self.layer4.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self

    def see(self, pixels: Tensor) -> Tensor:
        """Return the output of layer 3: (U, 256, height/16, width/16)."""
        model: Any = self._frozen[0]
        x = model.maxpool(
            model.act1(model.bn1(model.conv1(normalised(pixels, model.pretrained_cfg))))
        )
        found: Tensor = model.layer3(model.layer2(model.layer1(x)))
        return found

    def embed(self, index: Tensor) -> Tensor:
        """Return z (U, dim)."""
        device = self.reduce.weight.device
        parts = [
            self.layer4(self.features[chunk.cpu()].to(device)).mean((2, 3))
            for chunk in torch.split(index, 4 * CHUNK)
        ]
        z: Tensor = self.reduce(torch.cat(parts))
        return z

    def groups(self, settings: Settings) -> list[dict[str, Any]]:
        """Train layer 4 at the encoder's rate, and the linear layer like the rest."""
        return [
            {"params": list(self.layer4.parameters()), "lr": settings.encoder_rate},
            {"params": list(self.reduce.parameters()), "lr": settings.rate},
        ]
