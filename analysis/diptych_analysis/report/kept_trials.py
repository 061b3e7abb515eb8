"""Which sessions and trials a report and its figures show."""

from __future__ import annotations

import pandas as pd

from diptych_analysis.tables import Tables

#: Kinds of participant, in the order in which a report prefers them.
PREFERRED = ("person", "simulated", "machine")


def kept_sessions(tables: Tables) -> pd.DataFrame:
    """Return the completed sessions that no rule excludes, of every kind of participant."""
    sessions = tables.sessions
    excluded = sessions["excluded"].fillna(False).astype(bool)
    return sessions[(sessions["status"] == "completed") & ~excluded]


def kept_trials(tables: Tables, *, kind: str | None = None) -> pd.DataFrame:
    """Return the trials of completed sessions that no rule excludes.

    Parameters
    ----------
    tables : Tables
        The data set.
    kind : str, optional
        Kind of participant: person, simulated or machine. By default people; without people,
        simulated participants; else machines. Kinds are never pooled.

    Returns
    -------
    DataFrame
        Rows of the table `trials`.
    """
    trials = tables.trials
    kept: pd.DataFrame = trials[trials["session_id"].isin(kept_sessions(tables)["session_id"])]
    there = set(kept["participant_kind"])
    wanted = kind or next((name for name in PREFERRED if name in there), "person")
    return kept[kept["participant_kind"] == wanted]
