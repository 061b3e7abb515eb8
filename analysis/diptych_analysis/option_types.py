"""Types of the options that many commands take: finite numbers and seeds."""

from __future__ import annotations

import math
from typing import Any

import click


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


#: Any finite number.
FINITE = FiniteRange()
#: What NumPy, scikit-learn and PyTorch all take as a seed.
SEED = click.IntRange(0, 2**32 - 1)
