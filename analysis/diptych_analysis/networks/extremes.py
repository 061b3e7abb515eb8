"""The most and least activating images of every unit, kept while images stream by.

All images of a unit stand in one order: by activation, greatest first; equal activations in the
order of the images. `most` are the first of that order, `least` the last. So no image is on both
sides as long as there are twice as many images as are kept, whatever the ties.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from diptych_analysis.networks.faults import MachineFault

Keys = npt.NDArray[np.int64]
_LOW = np.int64(0xFFFFFFFF)


def _ordered(values: npt.NDArray[np.float32]) -> npt.NDArray[np.int32]:
    """Turn 32-bit floats into integers of the same order; -0 and 0 are equal."""
    bits = (values + np.float32(0)).view(np.int32)
    return bits ^ ((bits >> 31) & np.int32(0x7FFFFFFF))


def _values(ordered: Keys) -> npt.NDArray[np.float32]:
    """Turn keys back into floats."""
    bits = ordered.astype(np.int32)
    return (bits ^ ((bits >> 31) & np.int32(0x7FFFFFFF))).view(np.float32)


@dataclass
class Extremes:
    """The `keep` most and least activating images of units, or all where there are fewer.

    One 64-bit key holds an activation (upper half) and an image's number (lower half), so that
    the order with its ties is plain integer order, and merging is one partition.

    Attributes
    ----------
    keep : int
        Images a side.
    count : int
        Images seen.
    high : Keys
        (units, <= keep) keys; the greater, the more activating, of equals the earlier image.
    low : Keys
        (units, <= keep) keys; the greater, the less activating, of equals the later image.
    """

    keep: int
    count: int
    high: Keys
    low: Keys

    @classmethod
    def of(cls, activations: npt.NDArray[np.float32], first: int, keep: int) -> Self:
        """Find the extremes of a block: `activations` (images, units), numbered from `first`.

        Raises
        ------
        MachineFault
            An activation that is no finite number, naming unit and image.
        """
        if not np.isfinite(activations).all():
            image, unit = np.argwhere(~np.isfinite(activations))[0]
            raise MachineFault(
                f"unit {unit} gives {activations[image, unit]} on image {first + image}; "
                "activations must be finite numbers"
            )
        ordered = _ordered(np.ascontiguousarray(activations.T, dtype=np.float32))
        above, below = _ends(ordered, keep)
        high = np.take_along_axis(ordered, above, axis=1).astype(np.int64) << 32
        low = (~np.take_along_axis(ordered, below, axis=1)).astype(np.int64) << 32
        high |= _LOW - (first + above)
        low |= first + below
        return cls(keep, activations.shape[0], high, low)

    def merged(self, other: Extremes) -> Extremes:
        """Merge the extremes of both blocks; the order of merging does not matter."""
        return Extremes(
            self.keep,
            self.count + other.count,
            _top(np.concatenate([self.high, other.high], axis=1), self.keep),
            _top(np.concatenate([self.low, other.low], axis=1), self.keep),
        )

    def most(self) -> npt.NDArray[np.int64]:
        """Return (units, m): image numbers, the most activating first."""
        return _LOW - (np.sort(self.high, axis=1)[:, ::-1] & _LOW)

    def least(self) -> npt.NDArray[np.int64]:
        """Return (units, m): image numbers, the least activating first."""
        return np.sort(self.low, axis=1)[:, ::-1] & _LOW

    def range(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return (units,) least and greatest activation over all images seen."""
        return _values(~(self.low.max(axis=1) >> 32)), _values(self.high.max(axis=1) >> 32)

    def constant(self) -> npt.NDArray[np.bool_]:
        """Return (units,): whether a unit's range is below 1e-8 (App. F)."""
        least, greatest = self.range()
        return np.asarray(greatest.astype(np.float64) - least < 1e-8)


def _ends(ordered: npt.NDArray[np.int32], keep: int) -> tuple[Keys, Keys]:
    """Return columns of the first and last `keep` of each row (U, B), in any order; ties as above.

    A sort of bare 32-bit numbers and two comparisons are several times faster than sorting keys.
    """
    units, block = ordered.shape
    if block <= keep:
        everything = np.broadcast_to(np.arange(block), ordered.shape)
        return everything, everything
    ranked = np.sort(ordered, axis=1)
    floor, ceiling = ranked[:, block - keep, None], ranked[:, keep - 1, None]
    above, below = ordered >= floor, ordered <= ceiling
    for unit in np.flatnonzero(above.sum(axis=1) > keep):
        equal = np.flatnonzero(ordered[unit] == floor[unit])
        above[unit, equal[keep - above[unit].sum() :]] = False  # the latest of the equals go
    for unit in np.flatnonzero(below.sum(axis=1) > keep):
        equal = np.flatnonzero(ordered[unit] == ceiling[unit])
        below[unit, equal[: below[unit].sum() - keep]] = False  # the earliest go
    start = np.arange(units, dtype=np.int64)[:, None] * block
    return (
        np.flatnonzero(above).reshape(units, keep) - start,
        np.flatnonzero(below).reshape(units, keep) - start,
    )


def _top(keys: Keys, keep: int) -> Keys:
    """Return the `keep` greatest of each row, in any order."""
    if keys.shape[1] <= keep:
        return keys
    return np.ascontiguousarray(np.partition(keys, -keep, axis=1)[:, -keep:])
