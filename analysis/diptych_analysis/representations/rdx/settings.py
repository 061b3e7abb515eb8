"""How two representations are compared."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from diptych_analysis.representations.faults import RepresentationFault

#: exp(50) and sums of it fit a 4-byte float.
MOST_BETA = 50.0
Distance = Literal["rank", "symmetric_rank", "max", "local"]
Difference = Literal["local_bias", "subtract"]
Sampling = Literal["spectral", "greedy", "pagerank"]
Neighbours = Literal["nearest", "strongest"]


@dataclass(frozen=True)
class Settings:
    """Settings of a comparison. Choices have the published code's defaults.

    Parameters
    ----------
    grids : int
        m, most grids per direction.
    size : int
        k, items per grid.
    gamma : float
        How fast a difference of ranks saturates (Eq. 4.1). Published: 0.1 for MNIST and CUB, else
        0.05. At 0.1, pairs of two groups that lie near each other in A are nearly as strong as
        pairs of one group, and clusters merge small groups. The same gamma saturates differently
        with another number of items.
    beta : float
        How strongly a difference weighs in the affinity exp(-beta G) (Sec. 4.4.3).
    distance : {"rank", "symmetric_rank", "max", "local"}
        Neighbourhood ranks (Sec. 4.4.1), their mean with the transpose (the code's second
        version), distances divided by the greatest, or distances scaled by the seventh
        neighbour (Sec. 4.9).
    difference : {"local_bias", "subtract"}
        Eq. 4.1, or the plain difference.
    sampling : {"spectral", "greedy", "pagerank"}
        Spectral clusters, the best neighbourhoods one after the other, or PageRank (Sec. 4.9.4).
    neighbours : {"nearest", "strongest"}
        Grids of a cluster: the k nearest in A, scored by all pairs (the published code), or the k
        strongest affinities, scored by these edges (the published text).
    seed : int
        Seeds the eigenvectors' start and k-means.
    """

    grids: int = 5
    size: int = 9
    gamma: float = 0.05
    beta: float = 5.0
    distance: Distance = "rank"
    difference: Difference = "local_bias"
    sampling: Sampling = "spectral"
    neighbours: Neighbours = "nearest"
    seed: int = 0

    def __post_init__(self) -> None:
        """Check the values, and prepare what follows from them."""
        if self.grids < 1 or self.size < 2:
            raise RepresentationFault(
                f"grids {self.grids}, size {self.size}: at least 1 grid of 2 items is needed"
            )
        if not (0 < self.gamma < math.inf and 0 < self.beta <= MOST_BETA):
            raise RepresentationFault(
                f"gamma {self.gamma}, beta {self.beta}: both are finite and above 0, and beta is "
                f"at most {MOST_BETA:g}"
            )
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise RepresentationFault(
                    f"{name} {getattr(self, name)!r}: allowed are {', '.join(allowed)}"
                )

    @property
    def least_items(self) -> int:
        """Items that are needed: two per cluster, and one grid."""
        return max(2 * (self.grids + 1), self.size) + 1

    def in_words(self, items: int) -> str:
        """Write what belongs below each figure and table."""
        return (
            f"n = {items}, m = {self.grids}, k = {self.size}, gamma {self.gamma:g}, "
            f"beta {self.beta:g}, {self.distance}, {self.difference}, {self.sampling}, "
            f"{self.neighbours}, seed {self.seed}"
        )

    def as_dict(self) -> dict[str, Any]:
        """As JSON stores them."""
        return asdict(self)


_CHOICES = {
    "distance": get_args(Distance),
    "difference": get_args(Difference),
    "sampling": get_args(Sampling),
    "neighbours": get_args(Neighbours),
}
