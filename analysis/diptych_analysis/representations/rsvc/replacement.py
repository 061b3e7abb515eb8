"""Replacement test: what changes when a concept's coefficients are the predicted ones."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from diptych_analysis.representations.faults import RepresentationFault
from diptych_analysis.representations.rsvc.heads import Head, log_softmax

Floats = npt.NDArray[np.float64]


def replacement_test(
    coefficients: Floats,
    cross: Floats,
    same: Floats,
    concepts: Floats,
    head: Head | None,
    *,
    strength: float = 1.0,
) -> pd.DataFrame:
    """Replace one column of U at a time, by the other network's prediction and by its own.

    Parameters
    ----------
    coefficients : npt.NDArray[np.float64]
        U, shape (n, k).
    cross, same : npt.NDArray[np.float64]
        Predictions of the other network and of the network itself, shape (n, k).
    concepts : npt.NDArray[np.float64]
        W, shape (k, d).
    head : Head | None
        From activations to logits; None measures distances only.
    strength : float, optional
        Share of the prediction in the replaced column, above 0 and at most 1. The authors' code
        uses 0.5, the thesis replaces wholly.

    Returns
    -------
    pd.DataFrame
        One row per concept. `l2`: mean distance between the two replaced activations. `kl`: mean
        KL divergence from the same-model to the cross-model probabilities. `match`: share of
        patches with the same predicted class.

    References
    ----------
    Thesis, section 3.4.3. The authors' code compares each replacement with U W instead.
    """
    if not 0 < strength <= 1:
        raise RepresentationFault(f"strength {strength}: allowed are numbers above 0 up to 1")
    moved = strength * (cross - same)
    # Only one column differs, so the distance needs no reconstruction.
    distances = np.abs(moved).mean(axis=0) * np.linalg.norm(concepts, axis=1)
    found = pd.DataFrame({"concept": range(coefficients.shape[1]), "l2": distances})
    if head is None:
        return found.assign(kl=np.nan, match=np.nan)
    whole = coefficients @ concepts
    rows = []
    for i, concept in enumerate(concepts):
        step = strength * (same[:, i] - coefficients[:, i])
        own = head.logits(whole + np.outer(step, concept))
        other = head.logits(whole + np.outer(step + moved[:, i], concept))
        logs, wrong = log_softmax(own), log_softmax(other)
        divergence = (np.exp(logs) * (logs - wrong)).sum(axis=1).mean()
        rows.append((float(divergence), float((own.argmax(1) == other.argmax(1)).mean())))
    return found.assign(kl=[kl for kl, _ in rows], match=[match for _, match in rows])
