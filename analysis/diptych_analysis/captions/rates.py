"""Groups of parameters with their own learning rates, which are really applied.

The published code of one task wrote the factor of the backbone into a key that PyTorch ignores, so
the backbone learned at the full rate. Here a group holds its own `lr`, and the schedule multiplies
that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn


def parameter_groups(
    modules: Mapping[str, tuple[nn.Module, float]], *, decay: float
) -> list[dict[str, Any]]:
    """Collect the parameters that learn, in groups of one learning rate.

    Parameters
    ----------
    modules : mapping of str to (Module, float)
        Modules by name, and their highest learning rates. Parameters without a gradient are left
        out.
    decay : float
        Weight decay; biases and the weights of normalizations have none.

    Returns
    -------
    list of dict
        For an optimizer of PyTorch: `params`, `lr`, `weight_decay`; also `highest`, the rate that
        `set_rates` multiplies, and `name`.
    """
    groups = []
    for name, (module, rate) in modules.items():
        learning = [p for p in module.parameters() if p.requires_grad]
        for suffix, chosen, weight_decay in (
            ("weights", [p for p in learning if p.ndim > 1], decay),
            ("biases", [p for p in learning if p.ndim <= 1], 0.0),
        ):
            if chosen:
                groups.append(
                    {
                        "name": f"{name} {suffix}",
                        "params": chosen,
                        "lr": rate,
                        "highest": rate,
                        "weight_decay": weight_decay,
                    }
                )
    return groups


def set_rates(optimizer: torch.optim.Optimizer, step: int, steps: int) -> None:
    """Set the rate of each group for a step: linear warm-up over 5 %, then linear to 0.

    Parameters
    ----------
    optimizer : Optimizer
        With groups of `parameter_groups`.
    step, steps : int
        This step, from 0, and their number.
    """
    warm = max(1, steps // 20)
    share = min(1.0, (step + 1) / warm) * (1 - step / steps)
    for group in optimizer.param_groups:
        group["lr"] = group["highest"] * share
