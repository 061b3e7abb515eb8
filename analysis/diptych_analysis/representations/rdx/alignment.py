"""Alignment: the linear map of A that makes it most similar to B (Sec. 4.4.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from diptych_analysis.representations.baselines.similarity import linear_cka

Matrix = npt.NDArray[Any]
#: The published optimiser.
_RATE, _STEPS, _TRAINING_SHARE = 1e-3, 100, 0.7


@dataclass(frozen=True)
class Aligned:
    """A representation mapped towards another.

    Attributes
    ----------
    values : array of float64, (n, d_A)
        A M.
    start, reached : float
        Linear CKA with B on the held-out items, before and after. Never smaller after.
    """

    values: npt.NDArray[np.float64]
    start: float
    reached: float


def align(a: Matrix, b: Matrix, *, seed: int = 0, steps: int = _STEPS) -> Aligned:
    """Map A linearly so that its CKA with B on held-out items is greatest (Eq. 4.2).

    Candidates are the identity, the least-squares map to B (its rank-d_A part of A's space), and
    the steps of Adam from the better of the two. The one with the greatest CKA on the 30 % of items
    that are held out is returned. The published code starts at random and returns the last step.

    Parameters
    ----------
    a, b : array, (n, d_A) and (n, d_B)
        The representations; rows of the same items.
    seed : int
        Seeds the split.
    steps : int
        Updates of Adam.

    Returns
    -------
    Aligned
        A M and the CKA before and after.
    """
    import torch

    rows = [np.asarray(x, dtype=np.float64) for x in (a, b)]
    order = np.random.default_rng(seed).permutation(len(rows[0]))
    cut = int(_TRAINING_SHARE * len(order))
    means = [x[order[:cut]].mean(axis=0) for x in rows]
    first, second = (x - mean for x, mean in zip(rows, means, strict=True))
    training, held = order[:cut], order[cut:]

    def cka(matrix: Matrix) -> float:
        return linear_cka(first[held] @ matrix, second[held])

    best = np.eye(first.shape[1])
    start = reached = cka(best)
    candidate = _least_squares(first[training], second[training])
    if (score := cka(candidate)) > reached:
        best, reached = candidate, score
    a_t, b_t = (torch.from_numpy(x[training]) for x in (first, second))
    scale = float(np.abs(best).max())
    matrix = torch.nn.Parameter(torch.from_numpy(best / scale))
    optimizer = torch.optim.Adam([matrix], lr=_RATE)
    for _ in range(steps):
        mapped = a_t @ matrix
        similarity = (mapped.T @ b_t).square().sum() / (
            (mapped.T @ mapped).norm() * (b_t.T @ b_t).norm()
        )
        optimizer.zero_grad()
        (1 - similarity).backward()
        optimizer.step()
        current = matrix.detach().numpy() * scale
        if (score := cka(current)) > reached:
            best, reached = current.copy(), score
    return Aligned(first @ best, start, reached)


def _least_squares(a: Matrix, b: Matrix) -> npt.NDArray[np.float64]:
    """M (d_A, d_A) whose A M is B's prediction from A, in the axes of its greatest variance."""
    weights = np.linalg.lstsq(a, b, rcond=None)[0]
    if weights.shape[1] > weights.shape[0]:
        axes = np.linalg.svd(a @ weights, full_matrices=False)[2][: weights.shape[0]]
        weights = weights @ axes.T
    found = np.zeros((a.shape[1], a.shape[1]))
    found[:, : weights.shape[1]] = weights
    return found
