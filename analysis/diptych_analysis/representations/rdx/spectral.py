"""Spectral clustering of a dense affinity: normalised cut by Lanczos steps, no factorisation."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Labels = npt.NDArray[np.int64]
#: Lanczos vectors that are kept; many, since the eigenvalues behind the clusters lie close.
_VECTORS = 60
_TOLERANCE = 1e-5
_K_MEANS_STARTS = 10


def spectral_clusters(affinity: npt.NDArray[np.float32], clusters: int, seed: int) -> Labels:
    """Cut a graph into clusters (Shi and Malik 2000; von Luxburg 2007, Sec. 4).

    The labels are those of scikit-learn's `SpectralClustering`. That one factorises the dense
    Laplacian, which takes O(n^3) steps. Here, the largest eigenvectors of D^-1/2 S D^-1/2 come
    from products of the stored float32 affinity with a vector.

    Parameters
    ----------
    affinity : array of float32, (n, n)
        Symmetric, not negative, with a zero diagonal.
    clusters : int
        Number of clusters, below n.
    seed : int
        Seeds the start of the eigenvectors and k-means.

    Returns
    -------
    array of int, (n,)
        Cluster of each item.
    """
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    roots = np.sqrt(np.maximum(affinity.sum(axis=1, dtype=np.float64), np.finfo(float).tiny))
    vectors = _largest(affinity, 1 / roots, clusters, seed)
    points = vectors / roots[:, None]
    # k-means compares distances with an absolute tolerance.
    points /= max(float(np.abs(points).max()), np.finfo(float).tiny)
    with threadpool_limits(1):
        found = KMeans(clusters, n_init=_K_MEANS_STARTS, random_state=seed).fit(points)
    return np.asarray(found.labels_, dtype=np.int64)


def _largest(affinity: npt.NDArray[np.float32], weights: Any, count: int, seed: int) -> Any:
    """Eigenvectors (n, count) of the largest eigenvalues of diag(w) S diag(w)."""
    from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

    n = len(affinity)
    scale = weights.astype(np.float32)

    def times(vector: Any) -> Any:
        return scale * (affinity @ (scale * vector.reshape(-1)))

    if n <= 2 * _VECTORS:
        dense = affinity * scale[:, None] * scale
        return np.linalg.eigh(dense.astype(np.float64))[1][:, : -count - 1 : -1]
    start = np.random.default_rng(seed).uniform(-1, 1, n).astype(np.float32)
    operator = LinearOperator((n, n), matvec=times, dtype=np.float32)
    kept = max(_VECTORS, 2 * count + 1)
    try:
        values, vectors = eigsh(operator, count, which="LA", v0=start, ncv=kept, tol=_TOLERANCE)
    except ArpackNoConvergence:
        # Eigenvalues that can't be told apart: any vectors of their space do, to this accuracy.
        values, vectors = eigsh(operator, count, which="LA", v0=start, ncv=kept, tol=1e-3)
    return vectors[:, np.argsort(-values, kind="stable")].astype(np.float64)
