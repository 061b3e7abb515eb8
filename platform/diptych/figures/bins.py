"""Bins that are the same for every session, so that histograms add up."""

from __future__ import annotations

import math
from collections.abc import Sequence

#: Bins to a factor of ten: a bin is 15 % wide.
PER_DECADE = 16


def log_bin(value: float) -> int:
    """Return the bin of a positive number.

    Bin b holds 10^(b/16) to 10^((b+1)/16); 0 goes with 1.
    """
    return math.floor(math.log10(max(value, 1.0)) * PER_DECADE)


def edges(number: int) -> tuple[float, float]:
    """Lower and upper end of a bin."""
    return 10 ** (number / PER_DECADE), 10 ** ((number + 1) / PER_DECADE)


def quantile(counts: Sequence[tuple[int, float]], share: float) -> float | None:
    """Compute a quantile from counts by bin (geometric interpolation in the bin); None of nothing.

    Off by less than the width of a bin, 15 %.
    """
    total = sum(n for _, n in counts)
    if not total:
        return None
    wanted, seen = share * total, 0.0
    for number, n in sorted(counts):
        if n and seen + n >= wanted:
            return float(10 ** ((number + (wanted - seen) / n) / PER_DECADE))
        seen += n
    return edges(max(number for number, n in counts if n))[1]
