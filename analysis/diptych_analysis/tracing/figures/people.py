"""What the traced learners themselves did: scores with skewness (Fig. 2.3), accuracy by class."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from diptych_analysis.report import figures as report_figures
from diptych_analysis.tables import PHASES
from diptych_analysis.tracing.sequences import Sequences


def answers_of(sequences: Sequences) -> pd.DataFrame:
    """Return one row per response: session_id, trial_index (from 0), phase, label, correct."""
    rows, times = np.nonzero(sequences.scored)
    label = sequences.label[rows, times]
    return pd.DataFrame(
        {
            "session_id": np.asarray(sequences.sessions, dtype=object)[rows],
            "trial_index": times,
            "phase": np.asarray(PHASES, dtype=object)[sequences.phase[rows, times]],
            "label": np.asarray(sequences.classes, dtype=object)[label],
            "correct": sequences.response[rows, times] == label,
        }
    )


def scores(sequences: Sequences) -> Any:
    """Draw histograms of right answers in training and test: median and skewness (Fig. 2.3)."""
    return report_figures.score_histograms(answers_of(sequences))


def class_accuracy(sequences: Sequences) -> Any:
    """Draw right answers on each class over time, of all learners (Fig. 2.4 to 2.6, top)."""
    return report_figures.learning_curves(answers_of(sequences))
