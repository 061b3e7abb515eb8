"""NLMCD: density clusters of each representation, and those that the other does not have."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[Any]
Grids = list[npt.NDArray[np.int64]]
_DIMENSIONS, _NEIGHBOURS, _LEAST, _SAMPLES = 50, 30, 50, 20


def nlmcd(a: Matrix, b: Matrix, grids: int, size: int, seed: int) -> Grids:
    """Cluster A and B by UMAP and HDBSCAN; show clusters of A that differ most from all of B.

    The distance of cluster x of A and y of B is the mean over pairs i, j of
    | |u_ix - u_jx| - |v_iy - v_jy| | / 2, with the memberships u and v. The clusters shown have the
    greatest distance to their nearest cluster of B. The published code takes the smallest.

    Parameters
    ----------
    a, b : array, (n, d_A) and (n, d_B)
        Rows of the same items.
    grids, size : int
        Most grids, and random members per grid.
    seed : int
        Seeds UMAP and the members.

    Returns
    -------
    list of array
        Fewer than `grids` where HDBSCAN finds fewer clusters.
    """
    own, other = (density_clusters(x, seed) for x in (a, b))
    return unmatched_clusters(own, other, grids, size, seed)


def unmatched_clusters(own: Matrix, other: Matrix, grids: int, size: int, seed: int) -> Grids:
    """Show clusters of A that differ most from all of B, as `nlmcd`.

    Parameters
    ----------
    own, other : array of 0 and 1, (n, clusters of A) and (n, clusters of B)
        Memberships, as `density_clusters` gives them.
    grids, size, seed : int
        As in `nlmcd`.
    """
    if not own.shape[1]:
        return []
    gaps = np.array([min((_gap(u, v) for v in other.T), default=1.0) for u in own.T])
    rng = np.random.default_rng(seed)
    found = []
    for cluster in np.argsort(-gaps, kind="stable")[:grids]:
        members = np.flatnonzero(own[:, cluster] > 0)
        found.append(np.sort(rng.permutation(members)[:size]))
    return found


def _gap(u: Matrix, v: Matrix) -> float:
    """Average | |u_i - u_j| - |v_i - v_j| | / 2 over pairs of 0/1 memberships, from four counts."""
    counts = np.bincount((2 * u + v).astype(int), minlength=4).astype(np.float64)
    in_neither, in_v, in_u, in_both = counts
    n = len(u)
    split_by_one = (in_neither + in_both) * (in_u + in_v)
    return float(split_by_one / (n * (n - 1) / 2) / 2)


def density_clusters(values: Matrix, seed: int) -> Matrix:
    """Cluster rows by UMAP and HDBSCAN: memberships of 0 and 1, (n, clusters)."""
    from sklearn.cluster import HDBSCAN
    from umap import UMAP

    rows = np.asarray(values, dtype=np.float32)
    dimensions = min(_DIMENSIONS, rows.shape[1])
    flat = UMAP(min(_NEIGHBOURS, len(rows) - 1), dimensions, random_state=seed, n_jobs=1)
    search = HDBSCAN(_LEAST, min_samples=_SAMPLES, cluster_selection_method="leaf", copy=True)
    labels = search.fit(flat.fit_transform(rows)).labels_
    return np.asarray(labels[:, None] == np.arange(labels.max() + 1), dtype=np.float64)
