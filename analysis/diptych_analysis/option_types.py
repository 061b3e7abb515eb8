"""Options that many commands take, and their types: finite numbers, seeds, paths, kinds."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from diptych_analysis.tables.schema import KINDS

F = TypeVar("F", bound=Callable[..., Any])


class FiniteRange(click.FloatRange):
    """A number in a range; unlike `click.FloatRange`, neither NaN nor infinity."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the number, or fail if it is not finite or out of the range."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number

    def _describe_range(self) -> str:
        """Say nothing of a range without bounds; click would write `x<=None`."""
        return "" if self.min is None and self.max is None else super()._describe_range()


#: Any finite number.
FINITE = FiniteRange()
#: What NumPy, scikit-learn and PyTorch all take as a seed.
SEED = click.IntRange(0, 2**32 - 1)


class _Output(click.Path):
    """A path that a command can write at its end; a wrong one is found at the start."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path, or fail if a folder can't be made where it lies."""
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        lies_in = next(folder for folder in path.absolute().parents if folder.exists())
        if not lies_in.is_dir():
            self.fail(f"{path}: {lies_in.name!r} is a file; allowed is a folder there", param, ctx)
        return path


#: A file or a folder that a command writes; it makes the folders above.
NEW_FILE = _Output(dir_okay=False, path_type=Path)
NEW_FOLDER = _Output(file_okay=False, path_type=Path)


def seed_option(function: F) -> F:
    """Add the option `--seed`, which fixes every random choice of a command."""
    add: Callable[[F], F] = click.option(
        "--seed", default=0, show_default=True, type=SEED, help="Seed of all random choices."
    )
    return add(function)


def threads_option(function: F) -> F:
    """Add the option `--threads` of commands that compute with PyTorch."""
    add: Callable[[F], F] = click.option(
        "--threads",
        default=1,
        show_default=True,
        type=click.IntRange(1),
        help="Threads of PyTorch.",
    )
    return add(function)


def torch_options(function: F) -> F:
    """Add the options `--threads` and `--device` of commands that may use a graphics card."""
    add: Callable[[F], F] = click.option(
        "--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N."
    )
    return threads_option(add(function))


def kinds_option(among: Sequence[str] = KINDS) -> Callable[[F], F]:
    """Add the option `--kind`: whose sessions count."""
    otherwise = "".join(
        f", else {kind}" for kind in ("simulated participants", "machines")[: len(among) - 1]
    )
    return click.option(
        "--kind",
        "kinds",
        multiple=True,
        type=click.Choice(among),
        help="Kind of participants; use it once per kind. By default people if the tables have any"
        f"{otherwise}.",
    )
