"""One number for how alike two representations are: CKA, RSA, and shared neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[Any]
#: Pairs of items beyond this number are drawn at random for RSA.
_MOST_PAIRS = 500_000


def linear_cka(a: Matrix, b: Matrix) -> float:
    """Compute linear centred kernel alignment.

    Parameters
    ----------
    a, b : array, (n, d_A) and (n, d_B)
        Rows of the same items.

    Returns
    -------
    float
        From 0 to 1; does not change under rotation, shift or scale. Takes O(n d_A d_B) steps.

    References
    ----------
    Kornblith et al., "Similarity of neural network representations revisited", ICML 2019, Eq. 5.
    """
    x, y = (np.asarray(m, dtype=np.float64) for m in (a, b))
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    norms = np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)
    return float(np.linalg.norm(x.T @ y) ** 2 / norms) if norms > 0 else 0.0


def debiased_cka(a: Matrix, b: Matrix) -> float:
    """Compute linear CKA with the unbiased estimator of HSIC: about 0 for independent rows.

    References
    ----------
    Song et al., "Feature selection via dependence maximization", JMLR 13 (2012), Eq. 5.
    """
    kernels = []
    for m in (a, b):
        x = np.asarray(m, dtype=np.float64)
        x = x - x.mean(axis=0)
        kernel = x @ x.T
        np.fill_diagonal(kernel, 0)
        kernels.append(kernel)
    k, own = kernels
    norms = _unbiased_hsic(k, k) * _unbiased_hsic(own, own)
    return float(_unbiased_hsic(k, own) / np.sqrt(norms)) if norms > 0 else 0.0


def _unbiased_hsic(k: Matrix, own: Matrix) -> float:
    n = len(k)
    rows_k, rows_l = k.sum(axis=0), own.sum(axis=0)
    total = (k * own).sum() + rows_k.sum() * rows_l.sum() / ((n - 1) * (n - 2))
    return float((total - 2 * rows_k @ rows_l / (n - 2)) / (n * (n - 3)))


def representational_similarity(a: Matrix, b: Matrix, *, seed: int = 0) -> float:
    """Compute RSA: Spearman's correlation of the Euclidean distances of all pairs of items.

    Parameters
    ----------
    a, b : array, (n, d_A) and (n, d_B)
        Rows of the same items.
    seed : int
        Seeds the draw of pairs where there are more than 500,000.

    Returns
    -------
    float
        From -1 to 1.
    """
    from scipy.stats import spearmanr

    n = len(a)
    i, j = np.triu_indices(n, 1)
    if len(i) > _MOST_PAIRS:
        chosen = np.random.default_rng(seed).choice(len(i), _MOST_PAIRS, replace=False)
        i, j = i[chosen], j[chosen]
    near = [np.linalg.norm(np.asarray(m)[i] - np.asarray(m)[j], axis=1) for m in (a, b)]
    return float(spearmanr(*near).statistic)


def mutual_neighbours(ranks_a: Matrix, ranks_b: Matrix, *, neighbours: int = 10) -> float:
    """Average the share of an item's nearest neighbours in A that are nearest in B as well.

    Parameters
    ----------
    ranks_a, ranks_b : array, (n, n)
        Ranks as `distances.ranks` gives them.
    neighbours : int
        k.

    Returns
    -------
    float
        From 0 to 1; k / (n - 1) by chance.
    """
    near = [(r > 0) & (r <= neighbours) for r in (ranks_a, ranks_b)]
    return float((near[0] & near[1]).sum(axis=1).mean() / neighbours)
