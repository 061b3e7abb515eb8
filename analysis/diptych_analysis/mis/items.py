"""2-AFC items of units from their most and least activating images (App. A.2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from diptych_analysis.networks.faults import MachineFault

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Items:
    """N items for each of U units, as numbers of images.

    Attributes
    ----------
    query_positive : Ints
        (U, N) strongly activating queries.
    query_negative : Ints
        (U, N) weakly activating queries.
    positives : Ints
        (U, N, K) most activating explanations, of each item the strongest first.
    negatives : Ints
        (U, N, K) least activating explanations, of each item the weakest first.
    """

    query_positive: Ints
    query_negative: Ints
    positives: Ints
    negatives: Ints

    def swapped(self) -> Items:
        """Return the same items with the two sets of explanations exchanged."""
        return Items(self.query_positive, self.query_negative, self.negatives, self.positives)


@dataclass(frozen=True)
class Plan:
    """How items are made.

    Attributes
    ----------
    n : int
        N, items a unit.
    k : int
        K, explanations a side.
    percentile : float | None
        None: the N images next to the explanations are queries. A number such as 2:
        queries come from that percentile of the images and its opposite (2nd and 98th, the
        hard variant of Fig. 21), or right after the explanations where these reach further in.
    """

    n: int = 20
    k: int = 9
    percentile: float | None = None

    def __post_init__(self) -> None:
        """Check N, K and the percentile."""
        if self.n < 1 or self.k < 1:
            raise MachineFault(f"N and K must be at least 1, and are N = {self.n}, K = {self.k}")
        if self.percentile is not None and not 0 <= self.percentile < 50:
            raise MachineFault(f"the percentile must be from 0 to 50, and is {self.percentile}")

    @property
    def name(self) -> str:
        """`extreme`, or such as `p2-98`."""
        if self.percentile is None:
            return "extreme"
        return f"p{self.percentile:g}-{100 - self.percentile:g}"

    def first_query(self, images: int) -> int:
        """Rank of the first query among `images` images, counted from the extreme end."""
        explanations = self.n * self.k
        if self.percentile is None:
            return explanations
        return max(explanations, round(images * self.percentile / 100))

    def keep(self, images: int) -> int:
        """Return how many images per side must be known.

        Raises
        ------
        MachineFault
            Fewer images than the items of one unit need.
        """
        needed = self.first_query(images) + self.n
        if images < 2 * needed:
            least = 2 * self.n * (self.k + 1)
            raise MachineFault(
                f"{images} images are too few for N = {self.n} items with K = {self.k} "
                f"explanations a side ({self.name} queries): {max(2 * needed, least)} are needed"
            )
        return needed

    def items(self, most: Ints, least: Ints, images: int) -> Items:
        """Make the items of units.

        The N K most extreme images fall into K strata of N by activation. Each item gets one of
        each stratum; from stratum to stratum the places move on by one, so that no item has the
        most extreme of all strata.

        Parameters
        ----------
        most : Ints
            (U, >= keep) image numbers, most activating first.
        least : Ints
            (U, >= keep) image numbers, least activating first.
        images : int
            Number of images that they were chosen from.
        """
        self.keep(images)
        item, stratum = np.arange(self.n)[:, None], np.arange(self.k)[None, :]
        ranks = stratum * self.n + (item + stratum) % self.n
        first = self.first_query(images)
        queries = slice(first, first + self.n)
        return Items(most[:, queries], least[:, queries], most[:, ranks], least[:, ranks])
