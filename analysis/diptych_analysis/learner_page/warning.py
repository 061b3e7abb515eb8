"""Early warning: how likely a learner is to finish above the median, judged by other learners."""

from __future__ import annotations

import numpy as np
import pandas as pd

from diptych_analysis.tables import Tables
from diptych_analysis.tracing.early_warning import early_warning
from diptych_analysis.tracing.models import make_model
from diptych_analysis.tracing.sequences import SequenceFault, sequences_from

LEAST_SESSIONS = 10
MODEL = "bkt"


def warnings_of(tables: Tables) -> tuple[pd.DataFrame, str]:
    """Judge each half of the learners by the other half.

    Parameters
    ----------
    tables : Tables
        An exported data set.

    Returns
    -------
    frame : DataFrame
        session_id, seen, probability, by_count, score, finished_above; empty without a judgement.
    reason : str
        Why it is empty; "" where it is not.
    """
    try:
        sequences = sequences_from(tables)
    except SequenceFault as fault:
        return pd.DataFrame(), str(fault)
    if len(sequences.sessions) < LEAST_SESSIONS:
        count = len(sequences.sessions)
        return pd.DataFrame(), f"{count} completed sessions; it needs {LEAST_SESSIONS}"
    learners = sorted(set(sequences.learners))
    half = {name: number % 2 for number, name in enumerate(learners)}
    side = np.array([half[name] for name in sequences.learners])
    parts = []
    for number in range(2):
        known, new = sequences.rows(side != number), sequences.rows(side == number)
        try:
            parts.append(early_warning(make_model(MODEL).fit(known), known, new))
        except SequenceFault as fault:
            return pd.DataFrame(), str(fault)
    return pd.concat(parts, ignore_index=True), ""
