"""Concepts of one network: a dictionary W with activations A ~ U W, and coefficients U >= 0."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from diptych_analysis.representations.faults import RepresentationFault

Floats = npt.NDArray[np.float64]
Kind = Literal["auto", "nmf", "semi-nmf"]
KINDS = ("auto", "nmf", "semi-nmf")
#: Below this share of the largest coefficient, a concept counts as dead.
_DEAD = 1e-9


@dataclass(frozen=True)
class Dictionary:
    """The concepts of one network for one class.

    Attributes
    ----------
    concepts : npt.NDArray[np.float64]
        W, shape (k, d): one row per concept that is not dead.
    kind : str
        `nmf` or `semi-nmf`.
    error : float
        Relative error ||A - U W|| / ||A|| on the patches of the fit (Frobenius).
    iterations : int
        Iterations of the fit.
    converged : bool
        Whether the fit met its tolerance within the iterations.
    dead : int
        Concepts that no patch uses; they are left out.
    """

    concepts: Floats
    kind: str
    error: float
    iterations: int
    converged: bool
    dead: int

    def __len__(self) -> int:
        """Return the number of entries."""
        return len(self.concepts)

    def coefficients(self, activations: Floats) -> Floats:
        """Compute U (n, k) of any patches on this same dictionary; see `nonnegative`."""
        return nonnegative(activations, self.concepts)


def checked(activations: npt.ArrayLike, what: str = "activations") -> Floats:
    """Return a table (n, d) in double precision.

    Raises
    ------
    RepresentationFault
        If it is no table, is empty, or holds NaN or infinity.
    """
    table = np.asarray(activations, dtype=np.float64)
    if table.ndim != 2 or 0 in table.shape:
        raise RepresentationFault(
            f"{what}: shape {table.shape}; expected one row per patch and one column per unit"
        )
    wrong = np.argwhere(~np.isfinite(table))
    if len(wrong):
        row, column = wrong[0]
        raise RepresentationFault(
            f"{what}: row {row}, column {column} is {table[row, column]}; "
            f"expected finite numbers ({len(wrong)} are not)"
        )
    return table


def nonnegative(activations: Floats, concepts: Floats) -> Floats:
    """Solve min ||a - u W|| with u >= 0 for each row a of A.

    Parameters
    ----------
    activations : npt.NDArray[np.float64]
        A, shape (n, d).
    concepts : npt.NDArray[np.float64]
        W, shape (k, d).

    Returns
    -------
    npt.NDArray[np.float64]
        U, shape (n, k).

    Notes
    -----
    W' = Q R reduces each problem to at most k equations, which `scipy.optimize.nnls` solves.
    """
    from scipy.optimize import nnls

    if activations.shape[1] != concepts.shape[1]:
        raise RepresentationFault(
            f"activations have {activations.shape[1]} units, the concepts {concepts.shape[1]}; "
            "expected the same layer"
        )
    basis, triangle = np.linalg.qr(concepts.T)
    reduced = activations @ basis
    return np.array([nnls(triangle, row)[0] for row in reduced]).reshape(-1, len(concepts))


def learn_dictionary(
    activations: npt.ArrayLike,
    concepts: int = 10,
    *,
    kind: Kind = "auto",
    seed: int = 0,
    iterations: int = 1000,
    tolerance: float = 1e-4,
) -> Dictionary:
    """Find the concepts of a network in the activations of one class's patches.

    Parameters
    ----------
    activations : array_like
        A, shape (n, d).
    concepts : int, optional
        k, number of concepts.
    kind : {"auto", "nmf", "semi-nmf"}, optional
        NMF needs A >= 0 (a layer after ReLU). Semi-NMF takes signed activations. `auto` uses
        NMF if it can.
    seed : int, optional
        Start of the fit.
    iterations : int, optional
        Limit.
    tolerance : float, optional
        The fit ends when an iteration improves it by less than this share.

    Raises
    ------
    RepresentationFault
        If the patches are too few for k concepts, are all zero, or are negative for NMF.

    References
    ----------
    Thesis, sections 3.4.1 and 3.9. The authors stop semi-NMF after 10 iterations from a random
    start; here it starts from k-means and runs until it converges (Ding, Li and Jordan 2010).
    """
    table = checked(activations)
    if concepts < 1 or concepts > len(table):
        raise RepresentationFault(
            f"{concepts} concepts from {len(table)} patches; allowed are 1 to the number of patches"
        )
    if kind not in KINDS:
        raise RepresentationFault(f"dictionary {kind!r}: allowed are {', '.join(KINDS)}")
    norm = float(np.linalg.norm(table))
    if norm == 0:
        raise RepresentationFault("activations: all are zero; no concept can be found")
    signed = bool((table < 0).any())
    if kind == "nmf" and signed:
        raise RepresentationFault(
            "activations: some are negative, which NMF does not allow; use semi-nmf or auto"
        )
    if kind == "semi-nmf" or signed:
        used, found, name = *_semi_nmf(table, concepts, seed, iterations, tolerance), "semi-nmf"
    else:
        used, found, name = *_nmf(table, concepts, seed, iterations, tolerance), "nmf"
    coefficients, basis, done = used
    size = coefficients.max(axis=0) * np.linalg.norm(basis, axis=1)
    alive = size > _DEAD * size.max()
    error = float(np.linalg.norm(table - coefficients @ basis)) / norm
    return Dictionary(basis[alive], name, error, done, found, int((~alive).sum()))


_Fit = tuple[tuple[Floats, Floats, int], bool]


def _nmf(table: Floats, k: int, seed: int, iterations: int, tolerance: float) -> _Fit:
    from sklearn.decomposition import NMF
    from sklearn.exceptions import ConvergenceWarning

    start = "nndsvd" if k <= min(table.shape) else "random"
    model = NMF(k, init=start, random_state=seed, max_iter=iterations, tol=tolerance)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        coefficients = model.fit_transform(table)
    fit = (coefficients, np.asarray(model.components_, np.float64), int(model.n_iter_))
    return fit, model.n_iter_ < iterations


def _semi_nmf(table: Floats, k: int, seed: int, iterations: int, tolerance: float) -> _Fit:
    """U >= 0 by the multiplicative rule, W by least squares, in turns (Ding et al., eq. 10-11)."""
    from sklearn.cluster import KMeans

    distinct = min(k, len(np.unique(table, axis=0)))
    labels = KMeans(distinct, n_init=1, random_state=seed).fit_predict(table)
    used = np.eye(k)[labels] + 0.2
    total = float((table**2).sum())
    before = np.inf
    for done in range(1, iterations + 1):
        gram = used.T @ used
        basis = np.linalg.pinv(gram) @ (used.T @ table)
        toward, inner = table @ basis.T, basis @ basis.T
        # Every tenth iteration: what is left over, from products that are known already.
        if done % 10 == 0 or done == iterations:
            left = total - 2 * float((toward * used).sum()) + float((gram * inner).sum())
            if before - left < tolerance * max(left, 1e-12 * total):
                return (used, basis, done), True
            before = left
        up = np.maximum(toward, 0) + used @ np.maximum(-inner, 0)
        down = np.maximum(-toward, 0) + used @ np.maximum(inner, 0)
        used = used * np.sqrt(up / (down + 1e-12 * total / len(table)))
    return (used, basis, iterations), False
