"""The cheap similarity of all pairs of layers: correlations of concept coefficients (MCS)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from diptych_analysis.representations.faults import RepresentationFault

Floats = npt.NDArray[np.float64]


def standardised(table: Floats) -> Floats:
    """Columns of mean 0 and length 1; constant columns become 0."""
    centred = table - table.mean(axis=0)
    length = np.linalg.norm(centred, axis=0)
    # A constant column keeps rounding errors of its size.
    flat = length <= 1e-12 * np.linalg.norm(table, axis=0)
    return np.where(flat, 0.0, centred / np.where(flat, 1.0, length))


def layer_similarity(a: Mapping[str, Floats], b: Mapping[str, Floats]) -> pd.DataFrame:
    """Compare all layers of A with all layers of B by one matrix product.

    Parameters
    ----------
    a, b : mapping of str to npt.NDArray[np.float64]
        Coefficients (n, k) of the same patches at each layer.

    Returns
    -------
    pd.DataFrame
        `layer_a`, `layer_b`; `mcs_a`, mean over A's concepts of the largest Pearson correlation
        with a concept of B; `mcs_b`, the reverse; `mmcs`, their mean.

    References
    ----------
    Thesis, section 3.8.1. It is a lower, noisy bound of the similarity by regression.
    """
    sizes = {len(table) for table in (*a.values(), *b.values())}
    if len(sizes) != 1 or not a or not b:
        raise RepresentationFault(
            f"layers with {sorted(sizes)} patches; expected the same patches at each layer"
        )
    left = np.concatenate([standardised(table) for table in a.values()], axis=1)
    right = np.concatenate([standardised(table) for table in b.values()], axis=1)
    product = left.T @ right
    starts_a = np.cumsum([0, *(table.shape[1] for table in a.values())])[:-1]
    starts_b = np.cumsum([0, *(table.shape[1] for table in b.values())])[:-1]
    best_a = np.maximum.reduceat(product, starts_b, axis=1)  # (concepts of A, layers of B)
    best_b = np.maximum.reduceat(product, starts_a, axis=0)  # (layers of A, concepts of B)
    counts_a = np.array([table.shape[1] for table in a.values()])
    counts_b = np.array([table.shape[1] for table in b.values()])
    mcs_a = np.add.reduceat(best_a, starts_a, axis=0) / counts_a[:, None]
    mcs_b = np.add.reduceat(best_b, starts_b, axis=1) / counts_b
    names = pd.MultiIndex.from_product([list(a), list(b)], names=["layer_a", "layer_b"])
    found = {"mcs_a": mcs_a.ravel(), "mcs_b": mcs_b.ravel(), "mmcs": (mcs_a + mcs_b).ravel() / 2}
    return pd.DataFrame(found, index=names).reset_index()


def correlations(left: Floats, right: Floats) -> Floats:
    """Pearson correlation of each column of one table with the same column of another.

    Returns
    -------
    npt.NDArray[np.float64]
        Shape (k,); 0 where a column is constant.
    """
    return np.asarray((standardised(left) * standardised(right)).sum(axis=0))
