"""Which numbers of a layer's output belong to which image and which unit.

A network may give a layer its windows or frames as rows of their own, and may put channels first or
last. Both are found out, not guessed from names: rows by looking at batches that share an image,
the axis of the units by the size, and where that leaves a choice by the effect, of the layer's own
weight.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

#: Two results for one image may differ by so much of the greatest value: kernels go by the batch.
SAME = 1e-2
#: And by so much of what tells two images apart, where the rows could stand in several orders.
APART = 0.1

#: What a layer was called with: by place, by name.
Called = tuple[Sequence[Any], Mapping[str, Any]]


class NoUnits(Exception):
    """A layer's output can't be split into images and units; the message says why."""


@dataclass(frozen=True)
class Rows:
    """How the rows (axis 0) of a layer's output belong to the images of a batch.

    Attributes
    ----------
    each : int
        Rows of one image: windows, frames, tokens.
    apart : bool
        Rows of one image stand `batch` rows apart; otherwise one after the other.
    """

    each: int = 1
    apart: bool = False

    def by_image(self, table: Tensor, images: int) -> Tensor:
        """Reshape (images * each, units) -> (images, each, units).

        Raises
        ------
        NoUnits
            There are not so many rows.
        """
        if len(table) != images * self.each:
            raise NoUnits(f"gives {len(table)} rows for {images} images")
        if self.apart:
            return table.reshape(self.each, images, -1).transpose(0, 1)
        return table.reshape(images, self.each, -1)


#: One row an image.
WHOLE = Rows()


def per_row(output: Tensor, axis: int) -> Tensor:
    """Average (rows, ...) -> (rows, units) over every axis but the rows' and the units'."""
    others = [a for a in range(1, output.ndim) if a != axis % output.ndim]
    return output.mean(dim=others) if others else output


def rows_of(one: Tensor, other: Tensor, images: tuple[int, int]) -> Rows:
    """Return how rows belong to images, from two batches that begin with the same image.

    Parameters
    ----------
    one : Tensor
        (rows, units) of one batch.
    other : Tensor
        The same of the other.
    images : tuple[int, int]
        How many images each batch has; two different numbers.

    Raises
    ------
    NoUnits
        The rows are not those of the images.
    """
    each = len(one) // images[0]
    if not each or (len(one), len(other)) != (each * images[0], each * images[1]):
        raise NoUnits(
            f"its rows are not images: {len(one)} for {images[0]} images, {len(other)} for "
            f"{images[1]}"
        )
    one, other = (torch.nan_to_num(t.double()) for t in (one, other))
    tried = []
    for rows in (Rows(each), Rows(each, apart=True)) if each > 1 else (Rows(),):
        first, second = rows.by_image(one, images[0]), rows.by_image(other, images[1])
        tried.append((float((first[0] - second[0]).abs().max()), rows, first))
    difference, rows, first = min(tried, key=lambda found: found[0])
    told_apart = float((first[1:] - first[0]).abs().max())
    if difference > SAME * float(one.abs().max()) or (each > 1 and difference > APART * told_apart):
        raise NoUnits("its rows mix images")
    return rows


def axis_of(module: nn.Module, called: Called, output: Any) -> int:
    """Return which axis of a layer's output holds its units.

    Parameters
    ----------
    module : nn.Module
        The layer.
    called : Called
        What it was called with.
    output : Any
        What it gave.

    Raises
    ------
    NoUnits
        No axis, or no telling which.
    """
    if not isinstance(output, Tensor) or output.ndim < 2:
        raise NoUnits("gives no table of numbers")
    width = _own_width(module)
    if width is None:
        raise NoUnits("has no weight from which the number of its units follows")
    axes = [axis for axis in range(1, output.ndim) if output.shape[axis] == width]
    if not axes:
        raise NoUnits(f"none of its axes {tuple(output.shape[1:])} holds its {width} units")
    usual = 1 if _channels_first(module) else output.ndim - 1
    if len(axes) == 1:
        return axes[0]
    if isinstance(module, nn.Linear | nn.modules.conv._ConvNd):
        return usual
    return _axis_of_one_weight(module, called, output, axes) or usual


def _own_width(module: nn.Module) -> int | None:
    """Return how many units a layer has by its own weight, or by what it was made for."""
    if isinstance(module, nn.Linear):
        return module.out_features
    if isinstance(module, nn.modules.conv._ConvNd):
        return module.out_channels
    for name in ("weight", "bias"):
        own = getattr(module, name, None)
        if isinstance(own, Tensor):
            return own.numel() if own.numel() == max(own.shape, default=0) else None
    for name in ("normalized_shape", "num_features", "num_channels"):
        size = getattr(module, name, None)
        if isinstance(size, int):
            return size
        if isinstance(size, tuple) and len(size) == 1:
            return int(size[0])
    return None


def _channels_first(module: nn.Module) -> bool:
    """Say whether a layer of this type has its channels on axis 1, where nothing else tells."""
    if isinstance(module, nn.Linear | nn.LayerNorm | nn.RMSNorm):
        return type(module).__name__.endswith("2d")
    return True


def _axis_of_one_weight(
    module: nn.Module, called: Called, output: Tensor, axes: Sequence[int]
) -> int | None:
    """Find the axis along which one weight of a layer changes one place alone; None without one."""
    given, named = called
    for name in ("bias", "weight"):
        own = getattr(module, name, None)
        if not isinstance(own, Tensor):
            continue
        kept = own.detach().clone()
        with torch.no_grad():
            try:
                own.view(-1)[0] += 1
                moved = module.forward(*given, **named) != output
            finally:
                own.copy_(kept)
        for axis in axes:
            elsewhere = moved.narrow(axis, 1, moved.shape[axis] - 1)
            if moved.any() and not elsewhere.any():
                return axis
    return None
