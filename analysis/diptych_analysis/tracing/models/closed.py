"""Models with a closed form, in numpy: ground truth, and confusion of classes."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np

from diptych_analysis.tracing.evaluation import Probabilities
from diptych_analysis.tracing.models import ModelFault, Tracer, Watch, check_trainable
from diptych_analysis.tracing.sequences import Sequences


class ClosedTracer(Tracer):
    """A model whose parameters are arrays that no gradient is needed for."""

    def __init__(
        self,
        spec: str,
        encoder: str = "none",
        options: frozenset[str] = frozenset(),
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        if options:
            raise ModelFault(f"{spec}: takes no options")
        self.spec, self.encoder = spec, encoder
        self.arrays: dict[str, np.ndarray[Any, np.dtype[np.float64]]] = {}

    def _learn(self, train: Sequences) -> None:
        """Fill `arrays`."""

    def fit(
        self,
        train: Sequences,
        validation: Sequences | None = None,
        *,
        watch: Watch | None = None,
        checkpoint: Path | None = None,
    ) -> Self:
        """Learn from `train`; needs no validation."""
        check_trainable(self.spec, train)
        self.classes = train.classes
        self._learn(train)
        return self

    def _write(self, folder: Path) -> dict[str, Any]:
        np.savez(folder / "arrays.npz", **self.arrays)  # type: ignore[arg-type]
        return {}

    def _read(self, folder: Path, kept: dict[str, Any]) -> None:
        file = folder / "arrays.npz"
        try:
            with np.load(file, allow_pickle=False) as arrays:
                self.arrays = dict(arrays)
        except FileNotFoundError:
            raise
        except (OSError, ValueError, EOFError, zipfile.BadZipFile, TypeError) as error:
            raise ModelFault(f"{file} can't be read: {error}") from error


def uniform_padding(probabilities: Probabilities, sequences: Sequences) -> Probabilities:
    """Return the predictions, uniform where no trial is."""
    probabilities[~sequences.mask] = 1 / sequences.n_classes
    return probabilities


class GroundTruth(ClosedTracer):
    """Says that every learner answers the true class (thesis 2.5.3, GT Label)."""

    def predict_proba(self, sequences: Sequences) -> Probabilities:
        """Return (N, T, C): one for the true class."""
        self._check(sequences)
        return uniform_padding(np.eye(sequences.n_classes)[sequences.label], sequences)


def confusion(sequences: Sequences, smoothing: float) -> Probabilities:
    """Return (C, C): probability of each response (second) to each true class (first).

    Counts plus `smoothing` a cell, normalised: what Eq. 2.1 comes to when the only feature is the
    class.
    """
    counts = np.full((sequences.n_classes,) * 2, smoothing)
    np.add.at(counts, (sequences.label[sequences.scored], sequences.response[sequences.scored]), 1)
    normed: Probabilities = counts / counts.sum(1, keepdims=True)
    return normed


class StaticConfusion(ClosedTracer):
    """One confusion matrix for all learners and times: Eq. 2.1 without images."""

    smoothing = 1.0

    def _learn(self, train: Sequences) -> None:
        self.arrays = {"confusion": confusion(train, self.smoothing)}

    def predict_proba(self, sequences: Sequences) -> Probabilities:
        """Return (N, T, C)."""
        self._check(sequences)
        return uniform_padding(self.arrays["confusion"][sequences.label], sequences)


class StaticTimeConfusion(ClosedTracer):
    """A confusion matrix for each time: Eq. 2.2 without images. Later trials use the last one."""

    smoothing = 1.0

    def _learn(self, train: Sequences) -> None:
        times = range(train.shape[1])
        each = [confusion(train.at(time), self.smoothing) for time in times]
        self.arrays = {"confusion": np.stack(each)}

    def predict_proba(self, sequences: Sequences) -> Probabilities:
        """Return (N, T, C)."""
        self._check(sequences)
        matrices = self.arrays["confusion"]
        time = np.minimum(np.arange(sequences.shape[1]), len(matrices) - 1)
        return uniform_padding(matrices[time[None, :], sequences.label], sequences)
