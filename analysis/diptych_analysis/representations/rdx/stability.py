"""How stable grids are: the same comparison with other seeds, and with a part of the items."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from diptych_analysis.representations.rdx.comparison import Comparison, compare, compare_distances
from diptych_analysis.representations.rdx.scores import matched_overlap

Matrix = npt.NDArray[Any]


def stability(
    a: Matrix,
    b: Matrix,
    found: Comparison,
    *,
    repeats: int = 5,
    share: float = 0.8,
    seed: int = 0,
    jobs: int = 2,
    watch: Callable[[int, int], None] | None = None,
) -> dict[str, dict[str, float]]:
    """Repeat a comparison and match its clusters with those of the first run.

    Parameters
    ----------
    a, b : array, (n, d_A) and (n, d_B)
        The representations.
    found : Comparison
        Their comparison.
    repeats : int
        Other seeds, and parts of the items.
    share : float
        Share of the items in each part, drawn without replacement.
    seed : int
        Seeds the parts.
    jobs : int
        Threads.
    watch : callable, optional
        Gets the number of finished repeats, and of all.

    Returns
    -------
    dict
        For "forward" and "backward": mean matched Jaccard overlap of the clusters over "seeds" and
        over "subsamples" (there, of the items that both runs hold). 1: always the same.
    """
    rng = np.random.default_rng(seed)
    overlaps: dict[str, dict[str, list[float]]] = {
        name: {"seeds": [], "subsamples": []} for name in ("forward", "backward")
    }
    for repeat in range(repeats):
        settings = replace(found.settings, seed=found.settings.seed + repeat + 1)
        again = compare_distances(found.pairs.a, found.pairs.b, settings, jobs=jobs)
        rows = np.sort(rng.permutation(found.n)[: int(share * found.n)])
        part = compare(a[rows], b[rows], found.settings, jobs=jobs)
        for name, kept in overlaps.items():
            first = [grid.cluster for grid in getattr(found, name).grids]
            other = [grid.cluster for grid in getattr(again, name).grids]
            kept["seeds"].append(matched_overlap(first, other))
            inside = [cluster[np.isin(cluster, rows)] for cluster in first]
            other = [rows[grid.cluster] for grid in getattr(part, name).grids]
            kept["subsamples"].append(
                matched_overlap([cluster for cluster in inside if len(cluster)], other)
            )
        if watch is not None:
            watch(repeat + 1, repeats)
    return {
        name: {kind: float(np.mean(values)) for kind, values in kept.items()}
        for name, kept in overlaps.items()
    }
