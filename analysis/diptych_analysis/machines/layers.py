"""Which layers of a network are scored, and how a layer's output becomes one number a unit.

A unit is a channel of a convolution or norm (mean over space), a neuron, or a feature of a token
layer (mean over tokens); or a direction in a layer's space (Zimmermann et al. 2024, section 3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor, nn

from diptych_analysis.machines.faults import MachineFault, near
from diptych_analysis.machines.networks import Network

#: What can be asked for by type; `norm` and `linear` name their kinds together.
KINDS = ("conv", "linear", "attention", "batchnorm", "layernorm", "groupnorm", "norm")
_NORMS = ("batchnorm", "layernorm", "groupnorm", "norm")
_ATTENTION = frozenset({"attn", "attention", "self_attn", "self_attention", "cross_attn"})


@dataclass(frozen=True)
class Layer:
    """One layer that is scored.

    Attributes:
        name: path of the module; of directions, `path@name`.
        kind: one of `KINDS`, or `direction`.
        index: place in the order of execution among the network's scorable layers.
        width: number of units.
        axis: of the output, which axis holds the units.
        module: path of the module whose output is looked at.
        directions: (units, channels) matrix applied to the pooled output, or None.
    """

    name: str
    kind: str
    index: int
    width: int
    axis: int
    module: str
    directions: npt.NDArray[np.float32] | None = None

    def pool(self, output: Tensor) -> Tensor:
        """(B, ...) -> (B, units): the mean over every axis but the batch and the units'."""
        others = [a for a in range(1, output.ndim) if a != self.axis % output.ndim]
        pooled = output.mean(dim=others) if others else output
        if self.directions is not None:
            matrix = torch.from_numpy(self.directions).to(pooled.device, pooled.dtype)
            pooled = pooled @ matrix.T
        return pooled.float()


def kind_of(name: str, module: nn.Module) -> str | None:
    """The kind of a module, or None where it is no layer that is scored."""
    if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d):
        return "conv"
    if isinstance(module, nn.Linear):
        return "attention" if _ATTENTION & set(name.split(".")[:-1]) else "linear"
    if isinstance(module, nn.modules.batchnorm._BatchNorm):
        return "batchnorm"
    if isinstance(module, nn.GroupNorm):
        return "groupnorm"
    if isinstance(module, nn.LayerNorm):
        return "layernorm"
    return "norm" if type(module).__name__.lower().endswith("norm") else None


def _axis_of(module: nn.Module, output: Tensor) -> int:
    """Linear and layer norm have their features last, images have their channels first."""
    if isinstance(module, nn.Linear):
        return -1
    if isinstance(module, nn.LayerNorm) and output.ndim == 4:
        size = module.normalized_shape[-1]
        # timm's LayerNorm2d is a layer norm over channels that stand first.
        return 1 if type(module).__name__.endswith("2d") or output.shape[-1] != size else -1
    return -1 if isinstance(module, nn.LayerNorm) else 1


def scorable_layers(network: Network) -> list[Layer]:
    """Every layer that can be scored, in the order in which it is first run.

    Found by running the network once on a grey image.
    """
    found: list[Layer] = []
    modules = dict(network.module.named_modules())

    def note(name: str, module: nn.Module, kind: str, output: Any) -> None:
        if isinstance(output, Tensor) and output.ndim >= 2 and name not in {x.name for x in found}:
            axis = _axis_of(module, output)
            found.append(Layer(name, kind, len(found), int(output.shape[axis]), axis, name))

    handles = []
    for name, module in modules.items():
        kind = kind_of(name, module)
        if kind is not None:
            handles.append(
                module.register_forward_hook(
                    lambda m, _, out, name=name, kind=kind: note(name, m, kind, out)
                )
            )
    try:
        with torch.inference_mode():
            network.module(network.batch([Image.new("RGB", (256, 256), (128, 128, 128))]))
    finally:
        for handle in handles:
            handle.remove()
    if not found:
        raise MachineFault(f"{network.name} has no convolution, linear or norm layer")
    return found


def choose_layers(
    network: Network,
    patterns: Sequence[str] = (),
    kinds: Sequence[str] = (),
    directions: Mapping[str, Path] | None = None,
) -> list[Layer]:
    """The layers to score.

    Args:
        network: whose.
        patterns: shell patterns of module paths, such as `blocks.3.*`; none: every layer but the
            first and the last, as in the paper (section 4.2.1). A layer that a pattern names is
            scored even where it is first or last.
        kinds: keep only these of `KINDS`; none: all. `norm` stands for every norm, `linear` for
            attention too.
        directions: module path -> file (.npy) of a matrix (units, channels); scored beside.

    Raises:
        MachineFault: a pattern or a path that names no layer (telling near names), an unknown kind,
            a matrix that does not fit.
    """
    everything = scorable_layers(network)
    wanted = _kinds(kinds)
    chosen = everything[1:-1] if len(everything) > 2 else everything
    if patterns:
        names = [layer.name for layer in everything]
        for pattern in patterns:
            if not any(fnmatchcase(name, pattern) for name in names):
                raise MachineFault(
                    f"{network.name} has no layer {pattern!r}; near names: {near(pattern, names)}"
                )
        chosen = [x for x in everything if any(fnmatchcase(x.name, p) for p in patterns)]
    elif directions:
        chosen = []
    chosen = [layer for layer in chosen if layer.kind in wanted]
    for path, file in (directions or {}).items():
        chosen.append(_with_directions(network, everything, path, file))
    if not chosen:
        raise MachineFault(f"{network.name} has no layer of kind {', '.join(kinds)} among those")
    return chosen


def _kinds(kinds: Sequence[str]) -> set[str]:
    wanted: set[str] = set()
    for kind in kinds:
        if kind not in KINDS:
            raise MachineFault(f"no layer type {kind!r}; allowed are {', '.join(KINDS)}")
        wanted |= set(_NORMS) if kind == "norm" else {kind}
        if kind == "linear":
            wanted.add("attention")
    return wanted or set(KINDS)


def _with_directions(network: Network, known: Sequence[Layer], path: str, file: Path) -> Layer:
    layers = {layer.name: layer for layer in known}
    if path not in layers:
        raise MachineFault(
            f"{network.name} has no layer {path!r}; near names: {near(path, layers)}"
        )
    try:
        matrix = np.load(file, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise MachineFault(f"the directions {str(file)!r} can't be read: {error}") from error
    layer = layers[path]
    if matrix.ndim != 2 or matrix.shape[1] != layer.width or not np.isfinite(matrix).all():
        raise MachineFault(
            f"the directions {str(file)!r} should be finite numbers (units, {layer.width}) for "
            f"layer {path!r}, and are {matrix.shape}"
        )
    return replace(
        layer,
        name=f"{path}@{file.stem}",
        kind="direction",
        width=len(matrix),
        directions=matrix.astype(np.float32),
    )


@contextmanager
def watched(network: Network, layers: Sequence[Layer]) -> Any:
    """While open, `seen[name]` holds each layer's pooled output (B, units) of the last batch.

    A module that runs more than once in a pass is taken at its first run.
    """
    modules = dict(network.module.named_modules())
    seen: dict[str, Tensor] = {}

    def keep(layer: Layer, output: Tensor) -> None:
        if layer.name not in seen:
            seen[layer.name] = layer.pool(output)

    handles = [
        modules[layer.module].register_forward_hook(
            lambda _, __, output, layer=layer: keep(layer, output)
        )
        for layer in layers
    ]
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()
