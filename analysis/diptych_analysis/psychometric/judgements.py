"""Answers of tidy tables as judgements of a level: one row per answered trial.

The level is a number of the trial, of its item or of its image, as the study's manifest gave it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from diptych_analysis.psychometric import PsychometricFault
from diptych_analysis.tables import Tables
from diptych_analysis.tables.schema import Column, TableName

#: Where a number is looked for, and by which columns a trial finds its row there.
_PLACES: dict[TableName, tuple[str, ...]] = {
    "trials": (),
    "items": ("study", "study_version", "item_id"),
    "stimuli": ("study", "study_version", "stimulus_id"),
}
#: Columns of `diptych import trials`, which are taken where no name is given.
TEST, REFERENCE = "test", "reference"
#: Column of `comparison` with what was chosen, test or reference, wherever it was.
CHOSEN = "chosen_role"
#: The name of the one group where a study has no conditions.
EVERYTHING = "all"


@dataclass(frozen=True)
class Choices:
    """Which answers are used, and how they are read.

    Attributes
    ----------
    attribute : str
        Column with the level; empty for the only numeric attribute.
    reference : str
        Column with the reference. Levels are then test / reference, or test - reference on a
        linear axis. Empty: the attribute itself is the level.
    positive : str
        The response, or the display of a comparison, that counts as positive; empty for a right
        answer.
    log : bool
        Whether the axis is the natural logarithm of the level.
    by : sequence of str
        Columns that part the answers into groups, such as the condition.
    kinds, statuses, conditions, phases : sequence of str
        Whose answers, from which sessions and phases. Without kinds, people's where there are
        any, else simulated participants', else machines'. Without conditions, all.
    excluded : bool
        Whether sessions that a quality rule excludes count too.
    task : str
        Name of the task; empty for all.
    """

    attribute: str = ""
    reference: str = ""
    positive: str = ""
    log: bool = True
    by: Sequence[str] = ("condition",)
    kinds: Sequence[str] = ()
    statuses: Sequence[str] = ("completed",)
    conditions: Sequence[str] = ()
    phases: Sequence[str] = ("test",)
    excluded: bool = False
    task: str = ""


@dataclass(frozen=True)
class Judgements:
    """Answers to levels.

    Attributes
    ----------
    frame : DataFrame
        One row per answer: person, group, level, positive (bool).
    attribute, reference : str
        Names of the columns that the levels come from; an empty reference for none.
    standard : float
        The reference of all trials, NaN where there is none or several. 1 (linear axis: 0) where
        levels are relative to the reference.
    kinds : tuple of str
        Kinds of participants.
    positive : str
        The response that counts as positive; empty for a right answer.
    """

    frame: pd.DataFrame
    attribute: str
    reference: str
    standard: float
    kinds: tuple[str, ...]
    positive: str


def numeric_attributes(tables: Tables) -> dict[str, TableName]:
    """Return the numbers that a study's manifests gave to items or images, and their table."""
    found: dict[str, TableName] = {}
    for table in ("items", "stimuli"):
        for column in tables.extras.get(table, ()):
            if _is_number(column) and tables.frame(table)[column.name].nunique() > 1:
                found.setdefault(column.name, table)
    if any(
        column.name == TEST and _is_number(column) for column in tables.extras.get("trials", ())
    ):
        found = {TEST: "trials", **found}
    return found


def answers(tables: Tables, choices: Choices) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the answered trials that count, with person and group, and the kinds of people.

    Raises
    ------
    PsychometricFault
        If no answers are left, or a column of `by` is missing.
    """
    sessions, trials = tables.sessions, tables.trials
    kinds = tuple(choices.kinds) or tables.whose(choices.statuses)
    kept = sessions["status"].isin(list(choices.statuses))
    if not choices.excluded:
        kept &= ~sessions["excluded"].fillna(False).astype(bool)
    wanted = (
        trials["session_id"].isin(sessions.loc[kept, "session_id"])
        & trials["participant_kind"].isin(kinds)
        & trials["response"].notna()
        & trials["phase"].isin(list(choices.phases))
    )
    if choices.conditions:
        wanted &= trials["condition"].isin(list(choices.conditions))
    if choices.task:
        wanted &= trials["task"] == choices.task
    found = trials[wanted.fillna(False).astype(bool)].reset_index(drop=True)
    if found.empty:
        raise PsychometricFault(_nothing(trials, choices, kinds))
    parts = pd.DataFrame({name: _group_part(tables, found, name) for name in choices.by})
    group: Any = parts.agg(", ".join, axis=1) if len(choices.by) else EVERYTHING
    return found.assign(person=found["participant_id"].astype(str), group=group), kinds


def judgements_of(tables: Tables, choices: Choices) -> Judgements:
    """Read the answers of tidy tables as judgements of a level.

    Parameters
    ----------
    tables : Tables
        An exported or imported data set.
    choices : Choices
        Which answers, and how they are read.

    Returns
    -------
    Judgements
        One row per answer.

    Raises
    ------
    PsychometricFault
        If no answers are left, or the level or the outcome of an answer is not known.
    """
    attribute = choices.attribute or _only_attribute(tables)
    found, kinds = answers(tables, choices)
    level = _numbers(tables, found, attribute)
    reference, standard = choices.reference, float("nan")
    if not reference and attribute == TEST and REFERENCE in tables.trials.columns:
        known = _numbers(tables, found, REFERENCE).dropna()
        if known.nunique() == 1:
            standard = float(known.iloc[0])
        elif len(known):
            reference = REFERENCE
    if reference:
        values = _numbers(tables, found, reference)
        level, standard = _relative(level, values, choices.log), 1.0 if choices.log else 0.0
    positive = _positive(found, choices.positive)
    frame = pd.DataFrame({
        "person": found["person"],
        "group": found["group"],
        "level": level,
        "positive": positive,
    })  # fmt: skip
    complete = frame["level"].notna() & frame["positive"].notna()
    if not complete.any():
        what = f"a number {attribute!r}" if frame["level"].isna().all() else "a known outcome"
        raise PsychometricFault(f"none of {len(frame):,} answers has {what}")
    frame = frame[complete].astype({"level": float, "positive": bool}).reset_index(drop=True)
    return Judgements(frame, attribute, reference, standard, kinds, choices.positive)


def _relative(test: pd.Series, reference: pd.Series, log: bool) -> pd.Series:
    return test / reference if log else test - reference


def _is_number(column: Column) -> bool:
    return column.type in ("number", "integer")


def _only_attribute(tables: Tables) -> str:
    known = list(numeric_attributes(tables))
    if len(known) == 1 or known[:1] == [TEST]:
        return known[0]
    if not known:
        raise PsychometricFault("items and images have no numeric attribute that varies")
    raise PsychometricFault(f"name the attribute with the level; numbers are: {', '.join(known)}")


def _numbers(tables: Tables, found: pd.DataFrame, name: str) -> pd.Series:
    """Return the number of each trial, from the first table that has a column of this name."""
    for table, key in _PLACES.items():
        frame = found if table == "trials" else tables.frame(table)
        if name not in frame.columns:
            continue
        if not key:
            values = frame[name]
        else:
            known = frame.drop_duplicates(list(key))[[*key, name]]
            values = found[list(key)].merge(known, on=list(key), how="left")[name]
        numbers = pd.to_numeric(values, errors="coerce").astype("float64")
        wrong = numbers.isna() & values.notna() & (values.astype("string") != "")
        if bool(wrong.any()):
            told = f"{name} is {values[wrong].iloc[0]!r}, which is not a number"
            session = found["session_id"][wrong].iloc[0]
            raise PsychometricFault(f"session {session!r}: {told}")
        return numbers
    known_names = ", ".join(numeric_attributes(tables)) or "none"
    raise PsychometricFault(
        f"no column {name!r} in trials, items or stimuli; numbers are: {known_names}"
    )


def _positive(found: pd.DataFrame, positive: str) -> pd.Series:
    if not positive:
        if found["correct"].isna().all():
            raise PsychometricFault(
                "no answer is right or wrong; name the response that counts as positive: "
                f"{_some(found['response'])}"
            )
        return found["correct"].astype("boolean")
    said = found["response"].astype(str)
    for name in ("response", CHOSEN):
        if name in found and (found[name].astype(str) == positive).any():
            chosen = np.asarray(found[name].astype(str) == positive)
            return pd.Series(chosen, found.index, dtype="boolean")
    raise PsychometricFault(f"no response is {positive!r}; responses are: {_some(said)}")


def _some(values: pd.Series) -> str:
    return ", ".join(sorted(values.astype(str).unique())[:8])


def _group_part(tables: Tables, found: pd.DataFrame, name: str) -> pd.Series:
    if name in found.columns:
        values = found[name]
    elif name in tables.items.columns:
        key = list(_PLACES["items"])
        known = tables.items.drop_duplicates(key)[[*key, name]]
        values = found[key].merge(known, on=key, how="left")[name]
    else:
        raise PsychometricFault(f"no column {name!r} in trials or items to part the answers by")
    return values.astype("string").fillna(EVERYTHING)


def _nothing(trials: pd.DataFrame, choices: Choices, kinds: Sequence[str]) -> str:
    phases = ", ".join(sorted(trials["phase"].dropna().astype(str).unique())) or "none"
    asked = f"{' or '.join(choices.phases)} trials of {' or '.join(choices.statuses)} sessions"
    told = f" of {' or '.join(choices.conditions)}" if choices.conditions else ""
    return f"no answers to {asked}{told} by {' or '.join(kinds) or 'anybody'}; phases are: {phases}"
