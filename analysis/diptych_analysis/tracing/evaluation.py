"""How well a model predicts responses: average precision, log loss, calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from diptych_analysis.tracing.sequences import TEST, TRAINING, Bools, Sequences

Probabilities = npt.NDArray[np.float64]
MEASURES = ("micro", "micro_untied", "macro", "log_loss", "calibration_error", "accuracy")
PHASE_NUMBERS = {"training": TRAINING, "test": TEST}


@dataclass(frozen=True)
class Scores:
    """One model on one split and phase.

    `micro_untied` is `micro` with equal probabilities put in random order. Average precision takes
    equal scores as one step, to the precision at its end; a model that knows few different values
    (ground truth, confusion of classes) loses by that alone against one whose values all differ.
    """

    per_class: dict[str, float]
    micro: float
    micro_untied: float
    macro: float
    log_loss: float
    calibration_error: float
    accuracy: float
    n: int


def check_probabilities(probabilities: Probabilities, sequences: Sequences) -> None:
    """Raise ValueError unless the predictions are (N, T, C), finite, and sum to one at trials."""
    expected = (*sequences.shape, sequences.n_classes)
    if probabilities.shape != expected:
        raise ValueError(f"predictions have shape {probabilities.shape}, expected {expected}")
    here = probabilities[sequences.mask]
    if not np.isfinite(here).all():
        row, time = np.argwhere(sequences.mask & ~np.isfinite(probabilities).all(-1))[0]
        raise ValueError(
            f"session {sequences.sessions[row]!r}, trial {time}: not a number predicted"
        )
    if here.size and np.abs(here.sum(-1) - 1).max() > 1e-4:
        raise ValueError("predicted probabilities do not sum to one")


def score(probabilities: Probabilities, sequences: Sequences, where: Bools) -> Scores:
    """Average precision of the responses at `where` (N, T), one class against the rest.

    Micro pools every class decision, macro is the mean over the classes that occur (thesis
    Table 2.1). Log loss is in nats a response.
    """
    from sklearn.metrics import average_precision_score

    where = where & sequences.scored
    p = probabilities[where].astype(np.float64)
    chosen = sequences.response[where]
    hits = chosen[:, None] == np.arange(sequences.n_classes)
    if not len(chosen):
        nothing = float("nan")
        empty = dict.fromkeys(sequences.classes, nothing)
        return Scores(empty, **dict.fromkeys(MEASURES, nothing), n=0)
    per_class = {
        name: float(average_precision_score(hits[:, c], p[:, c]))
        if hits[:, c].any()
        else float("nan")
        for c, name in enumerate(sequences.classes)
    }
    from diptych_analysis.tracing.calibration import expected_calibration_error

    return Scores(
        per_class=per_class,
        micro=float(average_precision_score(hits.ravel(), p.ravel())),
        micro_untied=_untied(hits.ravel(), p.ravel()),
        macro=float(np.nanmean(list(per_class.values()))),
        log_loss=float(-np.log(np.clip(p[hits], 1e-12, 1)).mean()),
        calibration_error=expected_calibration_error(p, chosen),
        accuracy=float((p.argmax(1) == chosen).mean()),
        n=len(chosen),
    )


def _untied(hits: Bools, p: Probabilities, draws: int = 5) -> float:
    """Average precision with ties in random order: the mean of some orders, always the same."""
    from sklearn.metrics import average_precision_score

    found = []
    for draw in range(draws):
        order = np.lexsort((np.random.default_rng(draw).random(len(p)), p))
        found.append(average_precision_score(hits[order], np.arange(len(p))))
    return float(np.mean(found))


def score_phases(probabilities: Probabilities, sequences: Sequences) -> dict[str, Scores]:
    """Return `score` for the training and the test phase."""
    check_probabilities(probabilities, sequences)
    return {
        phase: score(probabilities, sequences, sequences.phase == number)
        for phase, number in PHASE_NUMBERS.items()
    }


def mean_and_deviation(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean and standard deviation (of a sample; 0 for a single one), leaving NaN out."""
    known = np.asarray([v for v in values if not np.isnan(v)], dtype=float)
    if not len(known):
        return float("nan"), float("nan")
    return float(known.mean()), float(known.std(ddof=1)) if len(known) > 1 else 0.0


def summary(splits: Sequence[Mapping[str, Scores]]) -> dict[str, dict[str, tuple[float, float]]]:
    """Map phase -> measure -> mean and standard deviation over the splits.

    The measures are those of `MEASURES`, and `class:NAME` for the average precision of every class.
    """
    found: dict[str, dict[str, tuple[float, float]]] = {}
    for phase in PHASE_NUMBERS:
        scores = [split[phase] for split in splits]
        columns = {
            name: mean_and_deviation([getattr(s, name) for s in scores]) for name in MEASURES
        }
        for name in scores[0].per_class:
            columns[f"class:{name}"] = mean_and_deviation([s.per_class[name] for s in scores])
        found[phase] = columns
    return found
