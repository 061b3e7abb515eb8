"""Options that commands share which make a study from a run: easy trials, size of images, seed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from diptych_analysis.option_types import seed_option

F = TypeVar("F", bound=Callable[..., Any])


def picture_options(*, practice: int, catch: int) -> Callable[[F], F]:
    """Add the options `--practice`, `--catch`, `--side` and `--seed`.

    Parameters
    ----------
    practice, catch : int
        Defaults: numbers of trials.
    """

    def add(function: F) -> F:
        options = (
            click.option(
                "--practice",
                default=practice,
                show_default=True,
                type=click.IntRange(1),
                help="Practice trials.",
            ),
            click.option(
                "--catch",
                default=catch,
                show_default=True,
                type=click.IntRange(1),
                help="Catch trials.",
            ),
            click.option(
                "--side",
                default=160,
                show_default=True,
                help="Width and height of the images, in pixels.",
            ),
            seed_option,
        )
        for option in reversed(options):
            function = option(function)
        return function

    return add
