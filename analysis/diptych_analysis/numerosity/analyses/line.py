"""How close the embedding is to a straight line (thesis 7.5.4)."""

from __future__ import annotations

import numpy as np

from diptych_analysis.numerosity.probes import Floats

#: Below this the thesis calls an embedding approximately linear (Fig. 7.7).
LINEAR_BELOW = 0.04


def linear_error(z: Floats) -> float:
    r"""Compute the linear approximation error.

    With `Zc` the embeddings minus their mean and `R` its best approximation of rank 1, it is
    :math:`\|Z_c - R\|_F / \|Z_c\|_F`, from 0 (a line) to sqrt(1 - 1/d) at most (0.707 for d = 2).
    The authors' code divides by the norm of the embeddings before centring, which is greater, so
    its errors are smaller.

    Parameters
    ----------
    z : ndarray, shape (n, d)
        Embeddings.

    Returns
    -------
    float
        0 where all embeddings are the same point.
    """
    squares = _squares(z)
    total = float(squares.sum())
    return float(np.sqrt(squares[1:].sum() / total)) if total > 0 else 0.0


def linear_error_as_coded(z: Floats) -> float:
    """Compute the error as the authors' code does: divided by the norm before centring."""
    total = float((z**2).sum())
    return float(np.sqrt(_squares(z)[1:].sum() / total)) if total > 0 else 0.0


def along_the_line(z: Floats) -> Floats:
    """Project on the first principal axis, shape (n,); later images have greater values."""
    centred = z - z.mean(0)
    axis = np.linalg.svd(centred, full_matrices=False)[2][0]
    position: Floats = centred @ axis
    return position if position[-1] >= position[0] else -position


def _squares(z: Floats) -> Floats:
    values = np.linalg.svd(z - z.mean(0), compute_uv=False)
    found: Floats = values**2
    return found
