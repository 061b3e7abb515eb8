"""Which layers of a network are scored, and how a layer's output becomes one number a unit.

A unit is a channel of a convolution or norm (mean over space), a neuron, or a feature of a token
layer (mean over tokens and windows); or a direction in a layer's space (Zimmermann et al. 2024,
section 3). A layer of which it can't be told which numbers belong to which image and unit is left
out, by name and with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor, nn

from diptych_analysis.networks.faults import MachineFault, near
from diptych_analysis.networks.networks import Network
from diptych_analysis.networks.units import WHOLE, Called, NoUnits, Rows, axis_of, per_row, rows_of

#: What can be asked for by type; `norm` and `linear` name their kinds together.
KINDS = ("conv", "linear", "attention", "batchnorm", "layernorm", "groupnorm", "norm")
_NORMS = ("batchnorm", "layernorm", "groupnorm", "norm")
_NORM_NAME = re.compile(r"Norm(Act)?(\dd)?([A-Z]\d)?$")
_ATTENTION = frozenset({"attn", "attention", "self_attn", "self_attention", "cross_attn"})


@dataclass(frozen=True)
class Layer:
    """One layer that is scored.

    Attributes
    ----------
    name : str
        Path of the module; of directions, `path@name`.
    kind : str
        One of `KINDS`, or `direction`.
    index : int
        Place in the order of execution among the network's scorable layers.
    width : int
        Number of units.
    axis : int
        Of the output, which axis holds the units.
    module : str
        Path of the module whose output is looked at.
    directions : npt.NDArray[np.float32] | None
        (units, channels) matrix applied to the pooled output, or None.
    rows : Rows
        How the rows of the output belong to images.
    """

    name: str
    kind: str
    index: int
    width: int
    axis: int
    module: str
    directions: npt.NDArray[np.float32] | None = None
    rows: Rows = WHOLE

    def pool(self, output: Tensor, images: int) -> Tensor:
        """Average (B, ...) -> (B, units) over every axis but the images' and the units'.

        Raises
        ------
        MachineFault
            The output has not the rows of so many images.
        """
        try:
            pooled = self.rows.by_image(per_row(output, self.axis), images).mean(dim=1)
        except NoUnits as fault:
            raise MachineFault(f"layer {self.module!r} {fault}") from None
        if self.directions is not None:
            matrix = torch.from_numpy(self.directions).to(pooled.device, pooled.dtype)
            pooled = pooled @ matrix.T
        return pooled.float()


def kind_of(name: str, module: nn.Module) -> str | None:
    """Return the kind of a module, or None for a module that is not a scored layer."""
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
    return "norm" if _is_norm(module) else None


def _is_norm(module: nn.Module) -> bool:
    """Recognise a norm of another library by its name: not `ConvNorm` and the like, with layers."""
    held = (weight for child in module.children() for weight in child.parameters())
    return bool(_NORM_NAME.search(type(module).__name__)) and next(held, None) is None


@dataclass(frozen=True)
class LeftOut:
    """A layer that is not scored.

    Attributes
    ----------
    name : str
        Path of the module.
    kind : str
        One of `KINDS`.
    reason : str
        why, in words.
    """

    name: str
    kind: str
    reason: str


@dataclass
class Examined:
    """The layers of a network.

    Attributes
    ----------
    layers : list[Layer]
        That can be scored, in the order in which they are first run.
    left_out : list[LeftOut]
        That can't be.
    """

    layers: list[Layer] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


def examine_layers(network: Network) -> Examined:
    """Find all layers by running the network on a batch of three and one of two images."""
    pictures = [Image.fromarray(noise, "RGB") for noise in _noise(4)]
    first = _run_once(network, pictures[:3])
    second = _run_once(network, [pictures[0], pictures[3]])
    found = Examined()
    for name, one in first.items():
        try:
            if isinstance(one, _Untold):
                raise NoUnits(one.reason)
            other = second.get(name)
            if not isinstance(other, _Seen):
                raise NoUnits("does not run in each batch")
            rows = rows_of(one.table, other.table, (3, 2))
        except NoUnits as fault:
            found.left_out.append(LeftOut(name, one.kind, str(fault)))
            continue
        index, width = len(found.layers), one.table.shape[1]
        found.layers.append(Layer(name, one.kind, index, width, one.axis, name, rows=rows))
    return found


def scorable_layers(network: Network) -> list[Layer]:
    """Return every layer that can be scored, in the order in which it is first run.

    Raises
    ------
    MachineFault
        There is none.
    """
    return _scorable(network, examine_layers(network))


def _scorable(network: Network, examined: Examined) -> list[Layer]:
    if not examined.layers:
        left = f"; left out: {examined.left_out[0].reason}" if examined.left_out else ""
        raise MachineFault(f"{network.name} has no convolution, linear or norm layer{left}")
    return examined.layers


def _noise(images: int) -> npt.NDArray[np.uint8]:
    """Return pictures of coloured blocks with noise on them: all windows and all images differ."""
    rng = np.random.default_rng(0)
    blocks = rng.integers(0, 192, (images, 8, 8, 3)).repeat(32, axis=1).repeat(32, axis=2)
    found: npt.NDArray[np.uint8] = (blocks + rng.integers(0, 64, blocks.shape)).astype(np.uint8)
    return found


@dataclass(frozen=True)
class _Seen:
    """What one layer gave at its first run: (rows, units), and which axis they stood on."""

    kind: str
    table: Tensor
    axis: int


@dataclass(frozen=True)
class _Untold:
    kind: str
    reason: str


def _run_once(network: Network, images: Sequence[Image.Image]) -> dict[str, _Seen | _Untold]:
    """Return every layer's output for a batch, in the order of execution."""
    found: dict[str, _Seen | _Untold] = {}

    def note(name: str, kind: str, module: nn.Module, called: Called, output: Any) -> None:
        if name in found:
            return
        try:
            axis = axis_of(module, called, output)
        except NoUnits as fault:
            found[name] = _Untold(kind, str(fault))
        else:
            found[name] = _Seen(kind, per_row(output, axis).float().cpu(), axis)

    kinds = {name: kind_of(name, module) for name, module in network.module.named_modules()}
    handles = [
        module.register_forward_hook(
            lambda m, given, named, out, name=name, kind=kinds[name]: note(
                name, kind, m, (given, named), out
            ),
            with_kwargs=True,
        )
        for name, module in network.module.named_modules()
        if kinds[name] is not None
    ]
    try:
        with torch.inference_mode():
            network.module(network.batch(images))
    finally:
        for handle in handles:
            handle.remove()
    return found


def choose_layers(
    network: Network,
    patterns: Sequence[str] = (),
    kinds: Sequence[str] = (),
    directions: Mapping[str, Path] | None = None,
    *,
    examined: Examined | None = None,
) -> list[Layer]:
    """Choose the layers to score.

    Parameters
    ----------
    network : Network
        Whose.
    patterns : Sequence[str], optional
        Shell patterns of module paths, such as `blocks.3.*`; none: every layer but the
        first and the last, as in the paper (section 4.2.1). A layer that a pattern names is
        scored even where it is first or last.
    kinds : Sequence[str], optional
        Keep only these of `KINDS`; none: all. `norm` stands for every norm, `linear` for
        attention too.
    directions : Mapping[str, Path] | None, optional
        Module path -> file (.npy) of a matrix (units, channels); scored beside.
    examined : Examined | None, optional
        The network's layers, where they are known.

    Raises
    ------
    MachineFault
        A pattern or a path that names no layer (telling near names), an unknown kind,
        a matrix that does not fit.
    """
    examined = examined or examine_layers(network)
    everything = _scorable(network, examined)
    wanted = _kinds(kinds)
    chosen = everything[1:-1] if len(everything) > 2 else everything
    if patterns:
        names = [layer.name for layer in everything]
        for pattern in patterns:
            if not any(fnmatchcase(name, pattern) for name in names):
                _refuse_left_out(network, examined.left_out, pattern)
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


def _refuse_left_out(network: Network, left_out: Sequence[LeftOut], pattern: str) -> None:
    for layer in left_out:
        if fnmatchcase(layer.name, pattern):
            raise MachineFault(
                f"{network.name}: layer {layer.name!r} can't be scored: {layer.reason}"
            )


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
def watched(network: Network, layers: Sequence[Layer]) -> Iterator[dict[str, Tensor]]:
    """Fill `seen[name]` with each layer's pooled output (B, units) of the last batch.

    A module that runs more than once in a pass is taken at its first run.
    """
    modules = dict(network.module.named_modules())
    seen: dict[str, Tensor] = {}
    images = 0

    def count(_: nn.Module, given: tuple[Tensor, ...]) -> None:
        nonlocal images
        images = len(given[0])

    def keep(layer: Layer, output: Tensor) -> None:
        if layer.name not in seen:
            seen[layer.name] = layer.pool(output, images)

    handles = [network.module.register_forward_pre_hook(count)]
    handles += [
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
