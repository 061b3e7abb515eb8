"""One reader of files of weights: tensors by name, and never a program that a file brings along."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch
from torch import Tensor


class WeightsFault(Exception):
    """A file holds no weights that can be read; the message names it."""


def read_saved(file: Path) -> dict[str, Any]:
    """Read what `torch.save` wrote: tensors, numbers and text, in a mapping.

    Parameters
    ----------
    file : Path
        The file.

    Raises
    ------
    WeightsFault
        If the file is missing, damaged, holds objects of Python, or no mapping.
    """
    try:
        found = torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise WeightsFault(f"no file of weights {str(file)!r}") from None
    except pickle.UnpicklingError:
        raise WeightsFault(
            f"the weights {str(file)!r} can't be read: they hold more than tensors (a whole model, "
            "say), which could run a program; save its state_dict() instead"
        ) from None
    # Damaged files end in errors of many kinds: of zip files, indices, keys and types.
    except Exception as error:
        told = str(error).partition("\n")[0] or type(error).__name__
        raise WeightsFault(f"the weights {str(file)!r} can't be read: {told}") from None
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
        raise WeightsFault(
            f"the weights {str(file)!r} are {type(found).__name__}; expected tensors by name"
        )
    return found


def read_weights(file: Path) -> dict[str, Tensor]:
    """Read a `state_dict`, be it the whole file or what stands in it under that name.

    Raises
    ------
    WeightsFault
        As `read_saved`, and where something else than a tensor stands under a name.
    """
    found = read_saved(file)
    inner = found.get("state_dict", found)
    odd = [name for name, value in inner.items() if not isinstance(value, Tensor)]
    if odd:
        raise WeightsFault(f"the weights {str(file)!r}: {odd[0]!r} is no tensor")
    return dict(inner)
