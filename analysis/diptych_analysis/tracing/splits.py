"""Splits by learner: no learner is ever in more than one part (thesis 2.5.2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from diptych_analysis.tracing.sequences import Ints, SequenceFault, Sequences

FRACTIONS = (0.70, 0.133, 0.167)


@dataclass(frozen=True)
class Split:
    """Rows of the sequences for training, validation and test; `seed` made them."""

    train: Ints
    validation: Ints
    test: Ints
    seed: int

    def of(self, sequences: Sequences) -> tuple[Sequences, Sequences, Sequences]:
        """Split the sequences into the three parts."""
        return (
            sequences.rows(self.train),
            sequences.rows(self.validation),
            sequences.rows(self.test),
        )


def learner_splits(
    sequences: Sequences,
    k: int = 5,
    seed: int = 0,
    fractions: tuple[float, float, float] = FRACTIONS,
) -> list[Split]:
    """Return `k` reshuffled splits of the learners: 70 / 13.3 / 16.7 % (thesis 2.5.2).

    The same seed gives the same splits. All sessions of one learner fall into one part.

    Raises
    ------
    SequenceFault
        There are too few learners for every part to have one.
    """
    learners = np.unique(np.asarray(sequences.learners, dtype=object))
    n_train = round(fractions[0] * len(learners))
    n_validation = round(fractions[1] * len(learners))
    n_test = len(learners) - n_train - n_validation
    if min(n_train, n_validation, n_test) < 1:
        raise SequenceFault(
            f"{len(learners)} learners are too few for parts of "
            f"{' / '.join(f'{100 * f:g} %' for f in fractions)}: each needs at least one learner"
        )
    rows = np.asarray(sequences.learners, dtype=object)
    splits = []
    for number in range(k):
        shuffled = np.random.default_rng([seed, number]).permutation(learners)
        parts = np.split(shuffled, [n_train, n_train + n_validation])
        train, validation, test = (np.flatnonzero(np.isin(rows, part)) for part in parts)
        splits.append(Split(train, validation, test, seed=seed * 1000 + number))
    return splits
