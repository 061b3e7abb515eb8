"""Exported models with made-up weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from diptych_analysis.steppers.model_file import ModelFile

HIDDEN, DIM = 6, 4


def made_up(kind: str, classes: Sequence[str], stimuli: Sequence[str], seed: int = 0) -> ModelFile:
    """A model of a kind; the stimuli of a class lie together, in the order of the classes."""
    rng = np.random.default_rng(seed)
    c = len(classes)
    place = np.arange(len(stimuli)) * c // max(1, len(stimuli))
    z = rng.normal(0, 1, (c, DIM))[place] + rng.normal(0, 0.3, (len(stimuli), DIM))
    own = tuple(stimuli)
    if kind == "bkt":
        wrong = (1 - np.eye(c)) / (c - 1)
        arrays = {"parameters": np.tile([0.2, 0.2, 0.1, 0.3], (c, 1)), "wrong": wrong}
        own, z = (), np.eye(c)
    elif kind in ("exemplar", "prototype"):
        arrays = {"log_decay": np.array(0.3), "log_background": np.log(np.array(0.1))}
        arrays |= {"log_gamma": np.array(0.5)} if kind == "exemplar" else {}
    else:
        family, _, variant = kind.rpartition("_")
        n_in = c * (2 + (kind == "dkt" or "y" in variant)) + DIM * (kind != "dkt")
        n_out = c * (DIM + 1) if family == "cls_pred" else c
        shapes = {
            "lstm.weight_ih_l0": (4 * HIDDEN, n_in),
            "lstm.weight_hh_l0": (4 * HIDDEN, HIDDEN),
            "lstm.bias_ih_l0": (4 * HIDDEN,),
            "lstm.bias_hh_l0": (4 * HIDDEN,),
            "head.0.weight": (HIDDEN, HIDDEN),
            "head.0.bias": (HIDDEN,),
            "head.2.weight": (n_out, HIDDEN),
            "head.2.bias": (n_out,),
        }
        arrays = {name: rng.normal(0, 0.5, shape) for name, shape in shapes.items()}
        if kind == "dkt":
            own, z = (), np.eye(c)
    embeddings, weights = z.astype(np.float32), {n: a.astype(float) for n, a in arrays.items()}
    return ModelFile(
        kind, kind, "embedding", frozenset(), tuple(classes), own, embeddings, (0.0, 1.0), weights
    )
