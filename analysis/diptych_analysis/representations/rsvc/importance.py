"""Concept integrated gradients: how much each concept contributes to a class (thesis, eq. 3.7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch

from diptych_analysis.representations.faults import RepresentationFault
from diptych_analysis.representations.rsvc.heads import Head, log_softmax

Floats = npt.NDArray[np.float64]
Target = Literal["logit", "loss"]
TARGETS = ("logit", "loss")


def contributions(
    coefficients: Floats,
    concepts: Floats,
    head: Head,
    classes: Sequence[int],
    *,
    target: Target = "logit",
    steps: int = 30,
) -> Floats:
    """Split the target of each patch among its concepts.

    The path runs from no concept to the patch: alpha U W, alpha from 0 to 1. Each row sums to
    target(U W) - target(0): exactly for a linear head's logit, and up to the step size else.

    Parameters
    ----------
    coefficients : npt.NDArray[np.float64]
        U, shape (n, k).
    concepts : npt.NDArray[np.float64]
        W, shape (k, d).
    head : Head
        From activations to logits.
    classes : sequence of int
        The class, or the classes of a group.
    target : {"logit", "loss"}, optional
        What is split: the mean logit, or the log of the summed probability (the authors' code).
    steps : int, optional
        Steps of the trapezoid rule.

    Returns
    -------
    npt.NDArray[np.float64]
        Shape (n, k).

    Notes
    -----
    A linear head needs no autograd: the logits along the path are alpha U (W V) + b.
    """
    if target not in TARGETS:
        raise RepresentationFault(f"target {target!r}: allowed are {', '.join(TARGETS)}")
    if steps < 1:
        raise RepresentationFault(f"steps {steps}: at least 1")
    if head.linear is None:
        return coefficients * _autograd(coefficients, concepts, head, classes, target, steps)
    weights, bias = head.linear
    by_concept = concepts @ weights
    if target == "logit":
        return np.asarray(coefficients * by_concept[:, list(classes)].mean(axis=1))
    return coefficients * _closed_loss(coefficients, by_concept, bias, classes, steps)


def importance(contributions: Floats) -> Floats:
    """Mean contribution of each concept, divided by the largest absolute one: shape (k,)."""
    mean = contributions.mean(axis=0)
    largest = np.abs(mean).max(initial=0)
    return np.asarray(mean / largest if largest > 0 else mean)


def _trapezoid(steps: int) -> tuple[Floats, Floats]:
    places = np.linspace(0, 1, steps + 1)
    shares = np.full(steps + 1, 1 / steps)
    shares[[0, -1]] /= 2
    return places, shares


def _closed_loss(
    coefficients: Floats, by_concept: Floats, bias: Floats, classes: Sequence[int], steps: int
) -> Floats:
    """Mean gradient of the log of the summed probability, from logits alone."""
    logits = coefficients @ by_concept
    chosen = list(classes)
    total = np.zeros_like(coefficients)
    for place, share in zip(*_trapezoid(steps), strict=True):
        logs = log_softmax(place * logits + bias)
        slope = -np.exp(logs)
        slope[:, chosen] += np.exp(log_softmax(logs[:, chosen]))
        total += share * (slope @ by_concept.T)
    return total


def _autograd(
    coefficients: Floats,
    concepts: Floats,
    head: Head,
    classes: Sequence[int],
    target: Target,
    steps: int,
) -> Floats:
    basis = torch.from_numpy(np.ascontiguousarray(concepts))
    used = torch.from_numpy(np.ascontiguousarray(coefficients))
    total = torch.zeros_like(used)
    for place, share in zip(*_trapezoid(steps), strict=True):
        at = (float(place) * used).requires_grad_(True)
        logits = head.run(at @ basis).double()
        if target == "logit":
            aim = logits[:, list(classes)].mean(dim=1)
        else:
            aim = logits[:, list(classes)].logsumexp(dim=1) - logits.logsumexp(dim=1)
        (slope,) = torch.autograd.grad(aim.sum(), at)
        total += float(share) * slope
    return np.asarray(total.numpy())
