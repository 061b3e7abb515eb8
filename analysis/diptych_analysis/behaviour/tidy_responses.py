"""Responses from the tidy tables of Diptych: people, simulated people and machines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from diptych_analysis.behaviour.faults import BehaviourFault
from diptych_analysis.behaviour.responses import NO_ANSWER, Responses, from_long
from diptych_analysis.tables import PHASES, STATUSES, TABLES, Tables


@dataclass(frozen=True)
class Selection:
    """Which trials count.

    Attributes
    ----------
    phases, statuses : tuple of str
        Phases of the trials, and statuses of their sessions.
    task : str or None
        Task of the trials; None: the only one.
    excluded : bool
        Whether excluded sessions count too.
    unanswered : bool
        Whether a trial without a response counts as a category, "(no answer)". Otherwise it is left
        out.
    stimulus_column : str or None
        Column of the items or stimuli table that names the stimuli, such as `source` in a study of
        contrastive images. None: `stimulus_id`.
    """

    phases: tuple[str, ...] = ("test",)
    statuses: tuple[str, ...] = ("completed",)
    task: str | None = None
    excluded: bool = False
    unanswered: bool = True
    stimulus_column: str | None = None

    def __post_init__(self) -> None:
        """Check the values, and prepare what follows from them."""
        for name, given, allowed in (
            ("phase", self.phases, PHASES),
            ("status", self.statuses, STATUSES),
        ):
            odd = [value for value in given if value not in allowed]
            if odd:
                raise BehaviourFault(f"{name} {odd[0]!r}: allowed are {', '.join(allowed)}")


def responses_of_tables(tables: Tables, selection: Selection) -> Responses:
    """Read the responses that count.

    A stimulus is the image of the trial; in tasks with several images per trial it is the item.

    Raises
    ------
    BehaviourFault
        If no trial counts, or the trials are of several tasks.
    """
    trials = _trials(tables, selection)
    table = pd.DataFrame(
        {
            "rater": trials["participant_id"],
            "kind": trials["participant_kind"],
            "condition": trials["condition"],
            "stimulus": _stimulus_names(tables, trials, selection.stimulus_column),
            "response": trials["response"],
            "label": trials["label"],
        }
    ).astype("object")
    if bool(table["stimulus"].isna().any()):
        name = selection.stimulus_column or "stimulus_id and item_id"
        raise BehaviourFault(f"a trial has no stimulus: its {name} is empty")
    if selection.unanswered:
        table["response"] = table["response"].fillna(NO_ANSWER)
    table = table[table["response"].notna()]
    if table.empty:
        raise BehaviourFault("no trial that counts has a response")
    found = replace(from_long(table), sessions_excluded=_excluded(tables, selection))
    return _with_attributes(found, tables, selection.stimulus_column)


def _excluded(tables: Tables, selection: Selection) -> int:
    """Count the sessions that would count if they were not excluded."""
    if selection.excluded:
        return 0
    sessions = tables.sessions
    excluded = sessions["excluded"].fillna(False).astype(bool)
    return int((excluded & sessions["status"].isin(list(selection.statuses))).sum())


def _stimulus_names(tables: Tables, trials: pd.DataFrame, column: str | None) -> pd.Series:
    """Name the stimulus of each trial."""
    if column is None:
        return trials["stimulus_id"].fillna(trials["item_id"])
    for table, key in ((tables.items, "item_id"), (tables.stimuli, "stimulus_id")):
        if column in table:
            names = table.dropna(subset=[column]).drop_duplicates(key).set_index(key)[column]
            return trials[key].map(names.astype(str))
    known = sorted({*map(str, tables.items), *map(str, tables.stimuli)})
    raise BehaviourFault(f"no column {column!r} of items or stimuli; there are {', '.join(known)}")


def _trials(tables: Tables, selection: Selection) -> pd.DataFrame:
    sessions = tables.sessions
    counted = sessions["status"].isin(list(selection.statuses))
    if not selection.excluded:
        counted &= ~sessions["excluded"].fillna(False).astype(bool)
    trials = tables.trials[tables.trials["session_id"].isin(sessions["session_id"][counted])]
    trials = trials[trials["phase"].isin(list(selection.phases))]
    tasks = sorted(trials["task"].unique())
    if selection.task is not None:
        trials = trials[trials["task"] == selection.task]
    elif len(tasks) > 1:
        raise BehaviourFault(f"the trials are of the tasks {', '.join(tasks)}; choose one (--task)")
    if trials.empty:
        raise BehaviourFault(
            f"no trial of phase {' or '.join(selection.phases)} in sessions that are "
            f"{' or '.join(selection.statuses)}"
            + (f" and of task {selection.task}" if selection.task else "")
            + ("" if selection.excluded else " and not excluded")
            + f"; the tables have {len(tables.trials):,} trials"
        )
    # In order of time, so that the first response of a rater to a stimulus is the one that counts.
    starts = dict(zip(sessions["session_id"], sessions["entered_at"], strict=True))
    order = trials.assign(began=trials["session_id"].map(starts))
    return order.sort_values(["began", "session_id", "trial_index"], kind="stable")


def _with_attributes(responses: Responses, tables: Tables, column: str | None) -> Responses:
    """Add the file and the other columns of the stimuli, or of the items that name them."""
    if column is not None and column in tables.items:
        declared, table, key = TABLES["items"], tables.items, column
    else:
        declared, table, key = TABLES["stimuli"], tables.stimuli, column or "stimulus_id"
    names = {each.name for each in declared} - {"file"} | {key}
    extras: Sequence[str] = [str(name) for name in table if name not in names]
    rows = table[[key, *extras]].dropna(subset=[key]).drop_duplicates(key)
    rows = rows.rename(columns={key: "stimulus"}).astype("object")
    rows = responses.stimuli.merge(rows.assign(stimulus=rows["stimulus"].astype(str)), "left")
    return replace(responses, stimuli=rows)
