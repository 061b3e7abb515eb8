"""Tidy tables of responses to stimuli: what the importers of such data share."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from diptych_analysis.tables import TABLES, Column, TableName, Tables

#: Participants choose one of several named categories for each image.
TASK = "identify"


@dataclass(frozen=True)
class Source:
    """Where responses come from.

    Attributes
    ----------
    study, version : str
        Name of the data set and its content version.
    description : str
        What the data set is.
    recruiter : str or None
        How its people were recruited.
    stimulus_columns : tuple of Column
        Columns of the stimuli table beyond the contract.
    """

    study: str
    version: str
    description: str
    recruiter: str | None = None
    stimulus_columns: tuple[Column, ...] = field(default_factory=tuple)


def response_tables(
    responses: pd.DataFrame, source: Source, stimuli: pd.DataFrame | None = None
) -> Tables:
    """Make sessions, trials and stimuli.

    Parameters
    ----------
    responses : pd.DataFrame
        One row per trial in order of time: `session`, `rater`, `kind`, `stimulus` (its name in the
        data set), `response` and `label` (None if there is none), `rt_ms`, and optionally `phase`,
        `file` and `condition`.
    source : Source
        Where they come from.
    stimuli : pd.DataFrame, optional
        `stimulus` and values of `source.stimulus_columns`.
    """
    rows = responses.reset_index(drop=True).astype("object")
    rows = rows.where(rows.notna(), None)
    stimulus = f"{source.study}:" + rows["stimulus"].astype(str)
    answered = rows["response"].notna()
    known = answered & rows["label"].notna()
    trials = pd.DataFrame(
        {
            "session_id": f"{source.study}-" + rows["session"].astype(str),
            "participant_id": f"{source.study}-" + rows["rater"].astype(str),
            "participant_kind": rows["kind"],
            "study": source.study,
            "study_version": source.version,
            "condition": rows.get("condition"),
            "trial_index": rows.groupby("session").cumcount(),
            "phase": rows.get("phase", "test"),
            "task": TASK,
            "item_id": stimulus,
            "stimulus_id": stimulus,
            "label": rows["label"],
            "response": rows["response"],
            "correct": (rows["response"] == rows["label"]).astype("boolean").where(known),
            "rt_ms": pd.to_numeric(rows["rt_ms"]).where(answered),
        }
    )
    return Tables(
        sessions=_whole("sessions", _sessions(trials, source)),
        trials=_whole("trials", trials),
        stimuli=_whole("stimuli", _stimuli(rows, stimulus, source, stimuli)),
        extras={"stimuli": source.stimulus_columns},
        name=source.study,
        description=source.description,
    )


def _sessions(trials: pd.DataFrame, source: Source) -> pd.DataFrame:
    shared = ["participant_id", "participant_kind", "study", "study_version", "condition"]
    by = trials.groupby("session_id", sort=False)
    sessions = by[shared].first()
    people = sessions["participant_kind"] == "person"
    return sessions.assign(
        recruiter=pd.Series(source.recruiter, sessions.index, dtype="object").where(people),
        status="completed",
        n_trials=by.size(),
        n_responses=by["response"].count(),
        excluded=False,
    ).reset_index()


def _stimuli(
    rows: pd.DataFrame, names: pd.Series, source: Source, extra: pd.DataFrame | None
) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "study": source.study,
            "study_version": source.version,
            "stimulus_id": names,
            "stimulus": rows["stimulus"],
            "label": rows["label"],
            "file": rows.get("file"),
        }
    )
    # A stimulus without a label in one row may have it in another.
    table = table.sort_values("label", kind="stable", na_position="last")
    table = table.drop_duplicates("stimulus_id").sort_values("stimulus_id", ignore_index=True)
    if extra is not None:
        table = table.merge(extra.drop_duplicates("stimulus"), "left", "stimulus")
    return table.drop(columns="stimulus")


def _whole(table: TableName, rows: pd.DataFrame) -> pd.DataFrame:
    """Add the columns of the contract that are empty, in their order."""
    declared = [column.name for column in TABLES[table]]
    extras = [str(name) for name in rows if name not in declared]
    return rows.reindex(columns=[*declared, *extras])
