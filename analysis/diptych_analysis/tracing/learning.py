"""Learning as it was, and as a model that had not seen the learner expected it, trial by trial."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from diptych_analysis.tables import PHASES
from diptych_analysis.tracing.jobs import Fit, Job
from diptych_analysis.tracing.sequences import Bools, Sequences


def learning_curve(
    fits: Sequence[Fit], jobs: Sequence[Job], sequences: Sequences
) -> list[dict[str, Any]]:
    """Return observed and predicted share of right answers at every trial, from one model's fits.

    Predicted is the probability that the model gives to the true class, for learners of the test
    part of a split, so that it has never seen them. A session that several splits tested counts
    once, with the mean of its predictions. Trials without an answer are left out.

    Returns
    -------
    list[dict[str, Any]]
        One row a phase, trial (from 1, among the traced ones) and class (None: all classes):
        phase, trial, class, n (sessions), right, predicted (mean probability of the right answer).
    """
    split_of = {job.number: job.split for job in jobs}
    total = np.zeros(sequences.shape)
    times = np.zeros(len(sequences.sessions))
    label = np.where(sequences.mask, sequences.label, 0)
    for fit in fits:
        rows = split_of[fit.number].test
        total[rows] += np.take_along_axis(fit.probabilities, label[rows][..., None], axis=2)[..., 0]
        times[rows] += 1
    tested = sequences.scored & (times > 0)[:, None]
    predicted = total / np.maximum(times, 1)[:, None]
    right = sequences.response == sequences.label
    found = []
    for phase, trial in _places(sequences, tested):
        here = tested[:, trial] & (sequences.phase[:, trial] == PHASES.index(phase))
        for number, name in [(-1, None), *enumerate(sequences.classes)]:
            own: Bools = here if name is None else here & (sequences.label[:, trial] == number)
            if own.any():
                found.append(
                    {
                        "phase": phase,
                        "trial": trial + 1,
                        "class": name,
                        "n": int(own.sum()),
                        "right": int(right[own, trial].sum()),
                        "predicted": round(float(predicted[own, trial].mean()), 6),
                    }
                )
    return found


def _places(sequences: Sequences, tested: Bools) -> list[tuple[str, int]]:
    """Return the phases and trials at which learners were tested, in the order of the session."""
    rows, times = np.nonzero(tested)
    places = {(int(t), int(sequences.phase[row, t])) for row, t in zip(rows, times, strict=True)}
    return [(PHASES[phase], trial) for trial, phase in sorted(places)]
