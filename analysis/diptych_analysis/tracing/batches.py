"""Sequences as tensors, with the inputs that are counted from the past."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from diptych_analysis.steppers.stepper import lag_input
from diptych_analysis.tracing.sequences import Floats, Ints, Sequences


@dataclass(frozen=True)
class Batch:
    """B sessions x T trials. Nothing of a trial's response is in its own row of `accuracy`, `rt`.

    `stimulus` indexes the model's own stimuli. `accuracy` (B, T, C) is the running accuracy on
    each class before the trial; `rt` (B, T, 2) the scaled log response time of the trial before
    and whether it is known; `lag` (B, T, 1) the scaled log time since the answer before.
    """

    stimulus: Tensor
    label: Tensor
    response: Tensor
    ranking: Tensor
    feedback: Tensor
    mask: Tensor
    accuracy: Tensor
    rt: Tensor
    lag: Tensor

    def rows(self, index: Tensor | slice) -> Batch:
        """Select some of the sessions."""
        return Batch(**{f.name: getattr(self, f.name)[index] for f in fields(self)})

    def times(self, index: slice) -> Batch:
        """Select some of the trials of every session."""
        return Batch(**{f.name: getattr(self, f.name)[:, index] for f in fields(self)})

    def to(self, device: torch.device) -> Batch:
        """Move the batch to another device."""
        return Batch(**{f.name: getattr(self, f.name).to(device) for f in fields(self)})

    @property
    def scored(self) -> Tensor:
        """(B, T): where a response is to be predicted."""
        return self.mask & (self.response >= 0)


def running_accuracy(sequences: Sequences) -> Floats:
    """Return (N, T, C): share of right answers on each class before each trial (thesis 2.7.6).

    A class not yet answered counts as chance, 1 / C; the thesis does not say.
    """
    shown = np.eye(sequences.n_classes, dtype=np.float32)[sequences.label]
    shown *= sequences.scored[..., None]
    right = shown * (sequences.label == sequences.response)[..., None]
    seen_before = np.cumsum(shown, axis=1) - shown
    right_before = np.cumsum(right, axis=1) - right
    chance = np.float32(1 / sequences.n_classes)
    accuracy: Floats = np.where(
        seen_before > 0, right_before / np.maximum(seen_before, 1), chance
    ).astype(np.float32)
    return accuracy


def rt_scale(sequences: Sequences) -> tuple[float, float]:
    """Return mean and deviation of the log response times (ms); 0 and 1 where none are known."""
    known = sequences.rt[sequences.mask & (sequences.rt > 0)]
    if len(known) < 2:
        return 0.0, 1.0
    logs = np.log(known)
    return float(logs.mean()), float(max(logs.std(), 1e-3))


def rt_before(sequences: Sequences, scale: tuple[float, float]) -> Floats:
    """Return (N, T, 2): the scaled log response time before, clipped to 4, and whether known."""
    n, t = sequences.shape
    inputs = np.zeros((n, t, 2), dtype=np.float32)
    known = (sequences.mask & (sequences.rt > 0))[:, :-1]
    times = np.where(known, sequences.rt[:, :-1], 1.0)
    scaled = np.clip((np.log(times) - scale[0]) / scale[1], -4, 4)
    inputs[:, 1:, 0] = np.where(known, scaled, 0)
    inputs[:, 1:, 1] = known
    return inputs


def make_batch(
    sequences: Sequences, stimulus_map: Ints | None, scale: tuple[float, float] = (0.0, 1.0)
) -> Batch:
    """Make one batch of all sessions. `stimulus_map` turns their stimuli into the model's own."""
    stimulus = np.where(sequences.mask, sequences.stimulus, 0)
    if stimulus_map is not None:
        stimulus = stimulus_map[stimulus]
    return Batch(
        stimulus=torch.from_numpy(stimulus),
        label=torch.from_numpy(np.where(sequences.mask, sequences.label, 0)),
        response=torch.from_numpy(sequences.response),
        ranking=torch.from_numpy(sequences.ranking),
        feedback=torch.from_numpy(sequences.feedback),
        mask=torch.from_numpy(sequences.mask),
        accuracy=torch.from_numpy(running_accuracy(sequences)),
        rt=torch.from_numpy(rt_before(sequences, scale)),
        lag=torch.from_numpy(lag_input(sequences.lag)[..., None]),
    )
