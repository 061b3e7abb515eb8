"""What a learner would answer now if they were shown something else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from diptych_analysis.tracing.models import Tracer
from diptych_analysis.tracing.sequences import PER_TRIAL, Ints, Sequences

ROWS = 4000


def probes_of(sequences: Sequences, per_class: int, seed: int = 0) -> Ints:
    """Draw (C, per_class) of the present stimuli of each class, again if there are too few."""
    rng = np.random.default_rng(seed)
    chosen = []
    for c in range(sequences.n_classes):
        pool = np.flatnonzero(sequences.stimulus_label == c)
        chosen.append(rng.choice(pool, per_class, replace=len(pool) < per_class))
    return np.stack(chosen)


def probe(
    model: Tracer,
    sequences: Sequences,
    times: Sequence[int],
    per_class: int = 4,
    seed: int = 0,
) -> npt.NDArray[np.float64]:
    """Return P(right) on each class if it were shown at a time: (N, len(times), C).

    For every session and time the model is asked about `per_class` images of each class in place of
    the one that was shown, after the true past (thesis Fig. 2.4, bottom row); the probabilities of
    the right answer are averaged over the images. NaN where a session is already over.
    """
    stimuli = probes_of(sequences, per_class, seed)
    n, c = sequences.shape[0], sequences.n_classes
    found = np.full((n, len(times), c), np.nan)
    asked = stimuli.ravel()
    truth = np.repeat(np.arange(c), per_class)
    for place, time in enumerate(times):
        rows = np.flatnonzero(sequences.mask[:, time])
        step = max(1, ROWS // len(asked))
        for start in range(0, len(rows), step):
            some = rows[start : start + step]
            p = model.predict_proba(_shown_instead(sequences, some, time, asked, truth))[:, time]
            right = p.reshape(len(some), len(asked), c)[:, np.arange(len(asked)), truth]
            found[some, place] = right.reshape(len(some), c, per_class).mean(-1)
    return found


def _shown_instead(
    sequences: Sequences, rows: Ints, time: int, stimuli: Ints, labels: Ints
) -> Sequences:
    """Return every row once per stimulus, which is at `time` in place of what was shown."""
    index = np.repeat(rows, len(stimuli))
    copied = sequences.rows(index).until(time + 1)
    changed = {name: getattr(copied, name).copy() for name in PER_TRIAL}
    changed["stimulus"][:, time] = np.tile(stimuli, len(rows))
    changed["label"][:, time] = np.tile(labels, len(rows))
    changed["response"][:, time] = -1
    changed["ranking"][:, time] = -1
    changed["rt"][:, time] = np.nan
    return replace(copied, **changed)
