"""LASSO from one network's activations to concept coefficients, over folds of images.

Objective for one concept: 1/(2n) ||X w - u||^2 + alpha ||w||_1, with X and u standardised (thesis,
eq. 3.2; the text prints 1/n, the authors' code and this module use 1/(2n)).

The Gram matrix X'X is made fold by fold, so the Gram of "all folds but one" costs a subtraction. It
serves the concepts of both networks. Each target is then a small problem: LARS solves a working set
of units exactly, and the set grows until no other unit breaks the optimality conditions.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from diptych_analysis.representations.faults import RepresentationFault

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
#: Units that join the working set per round.
_JOINING = 20
_ROUNDS = 200
#: How far |X'(u - Xw)| / n may exceed alpha, as a share of alpha.
SLACK = 1e-7
#: How far they may be broken where duplicates keep the descent from ending: more is an error.
_UNSETTLED = 1e-4


@dataclass(frozen=True)
class Scaling:
    """Mean and standard deviation (+ 1e-8) of each column.

    Attributes
    ----------
    mean, deviation : npt.NDArray[np.float64]
        Shape (columns,).
    """

    mean: Floats
    deviation: Floats

    @classmethod
    def of(cls, table: Floats) -> Scaling:
        """Measure a table (n, columns)."""
        return cls(table.mean(axis=0), table.std(axis=0) + 1e-8)

    def apply(self, table: Floats) -> Floats:
        """Standardise a table with these statistics."""
        return (table - self.mean) / self.deviation

    def undo(self, table: Floats) -> Floats:
        """Return standardised values to their units."""
        return table * self.deviation + self.mean


@dataclass(frozen=True)
class Regression:
    """Linear models from activations to concept coefficients.

    Attributes
    ----------
    folds : npt.NDArray[np.float64]
        Weights of each fold's model on standardised columns, shape (folds, d, k).
    inputs, targets : Scaling
        Statistics of the training patches.
    """

    folds: Floats
    inputs: Scaling
    targets: Scaling

    @property
    def weights(self) -> Floats:
        """The mean model, shape (d, k); its predictions are the mean of the folds' predictions."""
        return np.asarray(self.folds.mean(axis=0))

    @property
    def constant(self) -> npt.NDArray[np.bool_]:
        """Which concepts get the same prediction for all patches, shape (k,)."""
        return ~np.asarray(self.folds.any(axis=(0, 1)))

    def predict(self, activations: Floats) -> Floats:
        """Predict the coefficients of patches (n, d), in their own units: shape (n, k)."""
        return self.targets.undo(self.inputs.apply(activations) @ self.weights)


def image_folds(images: Ints, folds: int, seed: int) -> list[Ints]:
    """Split patches into folds so that all patches of an image are in the same fold.

    Parameters
    ----------
    images : npt.NDArray[np.int64]
        Image of each patch, shape (n,).
    folds : int
        Number of folds.
    seed : int
        Which images go together.

    Returns
    -------
    list of npt.NDArray[np.int64]
        Rows of each fold.
    """
    names = np.unique(images)
    if not 2 <= folds <= len(names):
        raise RepresentationFault(
            f"{folds} folds of {len(names)} images; allowed are 2 to the number of images"
        )
    groups = np.array_split(np.random.default_rng(seed).permutation(names), folds)
    return [np.flatnonzero(np.isin(images, group)) for group in groups]


def regress(
    activations: Floats, coefficients: Floats, folds: Sequence[Ints], alpha: float = 0.1
) -> Regression:
    """Fit one LASSO per fold (on all other folds) and concept.

    Parameters
    ----------
    activations : npt.NDArray[np.float64]
        Shape (n, d).
    coefficients : npt.NDArray[np.float64]
        Targets of one or more dictionaries, shape (n, k).
    folds : sequence of npt.NDArray[np.int64]
        Rows of each fold; see `image_folds`.
    alpha : float, optional
        Penalty, on the scale of scikit-learn.
    """
    if alpha <= 0:
        raise RepresentationFault(f"alpha {alpha}: allowed are numbers above 0")
    inputs, targets = Scaling.of(activations), Scaling.of(coefficients)
    table, wanted = inputs.apply(activations), targets.apply(coefficients)
    parts = [(table[rows].T @ table[rows], table[rows].T @ wanted[rows]) for rows in folds]
    gram = np.sum([part for part, _ in parts], axis=0)
    toward = np.sum([part for _, part in parts], axis=0)
    n = sum(len(rows) for rows in folds)
    start = _lasso_all(gram, toward, n, alpha, np.zeros_like(toward))
    # One Gram at a time in memory: `gram - own` is (d, d).
    models = [
        _lasso_all(gram - own, toward - own_toward, n - len(rows), alpha, start)
        for (own, own_toward), rows in zip(parts, folds, strict=True)
    ]
    return Regression(np.stack(models), inputs, targets)


def _lasso_all(gram: Floats, toward: Floats, n: int, alpha: float, start: Floats) -> Floats:
    columns = range(toward.shape[1])
    return np.stack([lasso(gram, toward[:, j], n, alpha, start[:, j]) for j in columns], axis=1)


def lasso(
    gram: Floats, toward: Floats, n: int, alpha: float, start: Floats | None = None
) -> Floats:
    """Minimise 1/(2n) ||X w - u||^2 + alpha ||w||_1, given only X'X and X'u.

    Parameters
    ----------
    gram : npt.NDArray[np.float64]
        X'X, shape (d, d).
    toward : npt.NDArray[np.float64]
        X'u, shape (d,).
    n : int
        Rows of X.
    alpha : float
        Penalty.
    start : npt.NDArray[np.float64] | None, optional
        Weights whose units begin in the working set, such as another fold's.

    Returns
    -------
    npt.NDArray[np.float64]
        Weights, shape (d,). |X'(u - Xw)| / n <= alpha (1 + `SLACK`), with equality where w != 0.
    """
    limit = n * alpha
    weights = np.zeros(len(toward)) if start is None else start.astype(np.float64)
    working = np.flatnonzero(weights)
    for _ in range(_ROUNDS):
        if len(working):
            weights = np.zeros_like(weights)
            weights[working] = _small_lasso(gram, toward, working, n, alpha)
        support = np.flatnonzero(weights)
        slope = toward - weights[support] @ gram[support]
        # Units of the working set are optimal, whatever rounding leaves.
        slope[working] = 0
        over = np.abs(slope) - limit * (1 + SLACK)
        breaking = np.flatnonzero(over > 0)
        if not len(breaking):
            return weights
        worst = breaking[np.argsort(-over[breaking], kind="stable")[:_JOINING]]
        working = np.union1d(support, worst)
    raise RepresentationFault(
        f"the LASSO of {len(toward)} units did not settle within {_ROUNDS} rounds; "
        "remove duplicate units or raise alpha"
    )


def _small_lasso(gram: Floats, toward: Floats, units: Ints, n: int, alpha: float) -> Floats:
    """Solve the LASSO of some units: exactly by LARS, else (duplicates) by coordinate descent."""
    from sklearn.linear_model import lars_path_gram

    inner, right = gram[np.ix_(units, units)], toward[units]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = lars_path_gram(
            Xy=right, Gram=inner, n_samples=n, alpha_min=alpha, method="lasso", return_path=False
        )[2]
    weights, limit = np.asarray(found, np.float64), n * alpha
    if _gap(inner, right, weights, limit) < SLACK:
        return weights
    # Between duplicates LARS can end at weights of 1e13 that cancel: then 0 is the better start.
    if not _objective(inner, right, weights, limit) < 0:
        weights = np.zeros_like(weights)
    weights = _descend(inner, right, weights, limit)
    if (gap := _gap(inner, right, weights, limit)) > _UNSETTLED:
        raise RepresentationFault(
            f"the LASSO of {len(units)} units is off by {gap:.1g} of its penalty; "
            "remove duplicate units or raise alpha"
        )
    return weights


def _objective(gram: Floats, toward: Floats, weights: Floats, limit: float) -> float:
    """Return n times the objective, less its value at 0; not finite where weights overflow."""
    with np.errstate(all="ignore"):
        fit = weights @ gram @ weights / 2 - toward @ weights
        return float(fit + limit * np.abs(weights).sum())


def _gap(gram: Floats, toward: Floats, weights: Floats, limit: float) -> float:
    """How far the optimality conditions are broken, as a share of the limit."""
    slope = toward - gram @ weights
    used = weights != 0
    over = np.abs(slope[~used]) - limit
    off = np.abs(slope[used] - limit * np.sign(weights[used]))
    return float(max(over.max(initial=0), off.max(initial=0)) / limit)


def _descend(gram: Floats, toward: Floats, weights: Floats, limit: float) -> Floats:
    """Coordinate descent on a small Gram; takes duplicate and constant units."""
    weights = weights.copy()
    slope = toward - gram @ weights
    for sweep in range(10_000):
        for unit in range(len(weights)):
            size = gram[unit, unit]
            if size <= 0:
                continue
            raw = slope[unit] + size * weights[unit]
            moved = np.sign(raw) * max(abs(raw) - limit, 0.0) / size
            if moved != weights[unit]:
                slope -= gram[unit] * (moved - weights[unit])
                weights[unit] = moved
        if sweep % 10 == 9 and _gap(gram, toward, weights, limit) < SLACK:
            break
    return weights
