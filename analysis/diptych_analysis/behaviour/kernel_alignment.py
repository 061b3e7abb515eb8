"""Centred kernel alignment (CKA) between many networks, and whether it shows two kinds of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from diptych_analysis.behaviour.faults import BehaviourFault
from diptych_analysis.behaviour.responses import Floats


def cka_matrix(representations: Sequence[npt.ArrayLike], *, unbiased: bool = False) -> Floats:
    """Compute linear CKA between all pairs of representations of the same stimuli.

    Each centred Gram matrix is flattened once, so all pairs are one matrix product.

    Parameters
    ----------
    representations : sequence of array_like, each of shape (stimuli, features)
        At least four stimuli; the number of features may differ.
    unbiased : bool
        Use the unbiased estimator of HSIC. It is near 0 for independent noise, and can be negative.

    Returns
    -------
    array of float, shape (representations, representations)

    Raises
    ------
    BehaviourFault
        If the stimuli differ in number, or a representation is constant or has NaN.

    References
    ----------
    Kornblith et al. 2019; Song et al. 2012, Eq. 5 (unbiased).
    """
    tables = [np.asarray(each, dtype=float).reshape(len(each), -1) for each in representations]  # type: ignore[arg-type]
    counts = sorted({len(table) for table in tables})
    if len(counts) != 1 or counts[0] < 4:
        raise BehaviourFault(
            f"representations have {counts} stimuli; allowed is one number above 3"
        )
    rows = np.stack([_flat_gram(table, unbiased=unbiased) for table in tables])
    products = rows @ rows.T
    own = np.sqrt(np.diag(products))
    if not np.isfinite(products).all() or (own <= 0).any():
        raise BehaviourFault("a representation is the same for all stimuli, or has values like NaN")
    found: Floats = products / own[:, None] / own[None]
    return found


def _flat_gram(table: Floats, *, unbiased: bool) -> Floats:
    """Centre a Gram matrix so that the product of two flattened ones is their HSIC, up to scale."""
    # The mean does not matter, and without it the Gram matrix keeps more digits.
    centred = table - table.mean(axis=0)
    gram: Floats = centred @ centred.T
    n = len(gram)
    if not unbiased:
        return gram.ravel()
    # U-centring (Szekely and Rizzo 2014) gives the estimator of Song et al.
    np.fill_diagonal(gram, 0)
    sums = gram.sum(axis=0)
    gram -= (sums[:, None] + sums[None]) / (n - 2)
    gram += sums.sum() / ((n - 1) * (n - 2))
    np.fill_diagonal(gram, 0)
    return gram.ravel()


@dataclass(frozen=True)
class Blocks:
    """How far a similarity matrix shows the kinds of its networks.

    Attributes
    ----------
    within, between : float
        Mean similarity of pairs of the same kind, and of different kinds.
    auc : float
        Probability that a pair of the same kind is more similar than a pair of different kinds.
    p : float
        Share of random labellings, of the same sizes, with at least this difference of means.
    """

    within: float
    between: float
    auc: float
    p: float


def blocks(
    similarity: Floats, kinds: npt.ArrayLike, *, permutations: int = 2000, seed: int = 0
) -> Blocks:
    """Score the block structure of a similarity matrix.

    Parameters
    ----------
    similarity : array of float, shape (networks, networks)
        Symmetric.
    kinds : array_like, shape (networks,)
        Kind of each network; at least two kinds with two networks each.
    permutations : int
        Random labellings.
    seed : int
        Seed of the labellings.
    """
    from scipy.stats import mannwhitneyu

    labels = np.asarray(kinds)
    counts = np.unique(labels, return_counts=True)[1]
    if len(counts) < 2 or (counts < 2).any():
        raise BehaviourFault("blocks need at least two kinds with two networks each")
    one, other = np.triu_indices(len(labels), 1)
    values = similarity[one, other]

    def difference(names: npt.NDArray[np.generic]) -> float:
        same = names[one] == names[other]
        return float(values[same].mean() - values[~same].mean())

    same = labels[one] == labels[other]
    observed = difference(labels)
    rng = np.random.default_rng(seed)
    random = [difference(rng.permutation(labels)) for _ in range(permutations)]
    u = mannwhitneyu(values[same], values[~same]).statistic
    return Blocks(
        within=float(values[same].mean()),
        between=float(values[~same].mean()),
        auc=float(u / (same.sum() * (~same).sum())),
        p=(1 + sum(each >= observed - 1e-12 for each in random)) / (1 + permutations),
    )
