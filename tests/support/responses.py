"""Responses of simulated raters to stimuli, and slow versions of what is computed from them."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

from diptych_analysis.behaviour.responses import Codes, Responses


def responses_of(
    *,
    raters: int = 12,
    stimuli: int = 40,
    categories: int = 4,
    missing: float = 0.0,
    spread: float = 1.0,
    seed: int = 0,
    kinds: tuple[str, ...] = ("person",),
) -> Responses:
    """Raters of different skill who see stimuli of different difficulty; wrong answers at random.

    With `spread` 0 all stimuli are equally hard.
    """
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, categories, stimuli)
    ease = 1 + spread * rng.normal(0, 1.5, stimuli) + rng.normal(0, 0.7, raters)[:, None]
    known = rng.random((raters, stimuli)) < 1 / (1 + np.exp(-ease))
    guesses = rng.integers(0, categories, (raters, stimuli))
    codes = np.where(known, labels, guesses).astype(np.int16)
    codes[rng.random(codes.shape) < missing] = -1
    names = tuple("abcdefghijklmnopqrstuvwxyz"[:categories])
    return Responses(
        pd.DataFrame(
            {
                "rater": [f"r{i:03d}" for i in range(raters)],
                "kind": [kinds[i % len(kinds)] for i in range(raters)],
            }
        ),
        pd.DataFrame(
            {
                "stimulus": [f"s{i:04d}" for i in range(stimuli)],
                "label": [names[label] for label in labels],
            }
        ),
        names,
        codes,
        labels,
    )


def pair_agreement_slowly(column: np.ndarray) -> float:
    """The share of pairs of raters who chose the same, pair by pair."""
    pairs = list(combinations([code for code in column if code >= 0], 2))
    return sum(a == b for a, b in pairs) / len(pairs) if pairs else float("nan")


def fleiss_slowly(codes: Codes) -> float:
    """Fleiss' kappa by its words: over stimuli with at least two responses."""
    kept = [[c for c in column if c >= 0] for column in codes.T]
    kept = [column for column in kept if len(column) > 1]
    if not kept:
        return float("nan")
    p = np.mean([pair_agreement_slowly(np.array(column)) for column in kept])
    everything = [c for column in kept for c in column]
    chance = sum((everything.count(c) / len(everything)) ** 2 for c in set(everything))
    return float("nan") if chance == 1 else float((p - chance) / (1 - chance))


def long_table(responses: Responses, *, kinds: bool = True) -> pd.DataFrame:
    """One row per response."""
    rater, stimulus = np.nonzero(responses.codes >= 0)
    table = pd.DataFrame(
        {
            "rater": responses.raters["rater"].to_numpy()[rater],
            "stimulus": responses.stimuli["stimulus"].to_numpy()[stimulus],
            "response": np.array(responses.categories)[responses.codes[rater, stimulus]],
            "label": responses.stimuli["label"].to_numpy()[stimulus],
        }
    )
    return table.assign(kind=responses.raters["kind"].to_numpy()[rater]) if kinds else table
