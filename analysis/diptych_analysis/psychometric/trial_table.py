"""A long table with one row per trial, from any laboratory, as tidy tables."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from diptych_analysis.psychometric.judgements import REFERENCE, TEST
from diptych_analysis.psychometric.table_options import ROLES
from diptych_analysis.tables import TableFault, Tables, empty_table, read_table
from diptych_analysis.tables.schema import TABLES, Column

_TYPES: Mapping[str, Any] = {
    "test": "number",
    "reference": "number",
    "correct": "boolean",
    "rt": "number",
    "rt_s": "number",
    "confidence": "number",
}
#: A column of the tables for each type, whose cells are empty at first.
_EMPTY = {"number": "rt_ms", "boolean": "correct", "string": "response"}
#: Columns that the tables have beyond the contract.
NUMBERS = (
    Column(TEST, "number", "Level of the test."),
    Column(REFERENCE, "number", "Level of the reference."),
)
#: Name of the kind of trial in the tables.
TASK = "comparison"
_NOBODY = "1"


def read_trials(file: Path, columns: Mapping[str, str] | None = None) -> Tables:
    """Read a table of trials.

    Parameters
    ----------
    file : Path
        A CSV, TSV or Parquet file with a header and one row per trial, in the order in which each
        participant took them.
    columns : mapping of str to str, optional
        Names of the columns, by role (`table_options.ROLES`). A role without a name is looked for
        under its own.

    Returns
    -------
    Tables
        One session per participant and condition. The file's other columns are kept as text; one
        with the name of a column of the tables gets the prefix `source_`.

    Raises
    ------
    TableFault
        If the file cannot be read, a named column is missing, a cell has the wrong type, or there
        are neither responses nor outcomes, or neither levels nor labels.

    Examples
    --------
    >>> names = {"test": "n_dots", "answer": "key"}
    >>> tables = read_trials(Path("dots.csv"), names)  # doctest: +SKIP
    """
    named = dict(columns or {})
    sources = _sources(file, named)
    frame, others = read_table(file, [_declared(role, name) for role, name in sources.items()])
    extras, renamed = _others(others)
    # At once, since a column can have the name of another column's role.
    found = frame.rename(columns={**renamed, **{name: role for role, name in sources.items()}})
    nothing = empty_table("trials").reindex(found.index)
    for role in ROLES.keys() - sources.keys():
        found[role] = nothing[_EMPTY[_TYPES.get(role, "string")]]
    _check(file, found, named)
    found["participant"] = found["participant"].fillna(_NOBODY)
    if found["rt"].isna().all():
        found["rt"] = found["rt_s"] * 1000
    # The order of rows within a session is that of the file.
    key = found["participant"].str.cat(found["condition"].fillna(""), "\x1f")
    number, _ = pd.factorize(key)
    name = file.stem
    found["session_id"] = [f"{name}-{place + 1:05d}" for place in number]
    found["trial_index"] = found.groupby("session_id").cumcount()
    version = hashlib.sha256(file.read_bytes()).hexdigest()[:12]
    trials = _trials(found, {"study": name, "study_version": version})
    for new in renamed.values():
        trials[new] = found[new]
    return Tables(
        sessions=_sessions(trials),
        trials=trials,
        extras={"trials": (*NUMBERS, *extras)},
        name=name,
        description=f"Trials of {file.name}, one row each.",
    )


def _sources(file: Path, named: Mapping[str, str]) -> dict[str, str]:
    """Return the column of each role; a column that is named for a role has no other one."""
    roles: dict[str, list[str]] = {}
    for role, name in named.items():
        roles.setdefault(name, []).append(role)
    for name, several in roles.items():
        if len(several) > 1:
            told = f"named for {' and '.join(several)}; a column has one role"
            raise TableFault(str(file), told, column=name)
    return {role: named.get(role, role) for role in ROLES if role in named or role not in roles}


def _declared(role: str, name: str) -> Column:
    kind = _TYPES.get(role, "string")
    minimum = 0 if role in ("rt", "rt_s", "confidence") else None
    return Column(name, kind, ROLES[role], minimum=minimum)


def _check(file: Path, found: pd.DataFrame, named: Mapping[str, str]) -> None:
    empty = {role for role in ROLES if found[role].isna().all()}
    for role, name in named.items():
        if role in empty:
            raise TableFault(str(file), "missing or empty", column=name)
    for wanted, hint in (
        (("answer", "correct"), "--column answer=NAME or --column correct=NAME"),
        (("test", "label"), "--column test=NAME (a level) or --column label=NAME (right answer)"),
    ):
        if set(wanted) <= empty:
            known = ", ".join(str(name) for name in found.columns if name not in empty)
            told = f"no column {' or '.join(wanted)}; name it with {hint}. The file has: {known}"
            raise TableFault(str(file), told)
    if not {"rt", "rt_s"} & empty:
        raise TableFault(str(file), "response times in ms and in s; name one of rt and rt_s")


def _others(others: tuple[Column, ...]) -> tuple[list[Column], dict[str, str]]:
    taken = {column.name for column in (*TABLES["trials"], *NUMBERS)} | set(ROLES)
    renamed = {c.name: f"source_{c.name}" if c.name in taken else c.name for c in others}
    return [
        replace(c, name=renamed[c.name], description=f"{c.name} of the source, as it is.")
        for c in others
    ], renamed


def _trials(found: pd.DataFrame, study: Mapping[str, str]) -> pd.DataFrame:
    response = found["answer"]
    if response.isna().all():
        response = found["correct"].map({True: "right", False: "wrong"})
    correct = found["correct"]
    if correct.isna().all() and found["label"].notna().any():
        correct = (response == found["label"]).where(response.notna() & found["label"].notna())
    cells: dict[str, Any] = {
        **study,
        "session_id": found["session_id"],
        "participant_id": found["participant"],
        "participant_kind": "person",
        "condition": found["condition"],
        "trial_index": found["trial_index"],
        "phase": "test",
        "task": TASK,
        "label": found["label"],
        "response": response,
        "correct": correct,
        "rt_ms": found["rt"],
        "confidence": found["confidence"],
    }
    made = empty_table("trials").reindex(found.index)
    for name, values in cells.items():
        made[name] = pd.Series(values, index=found.index).astype(made[name].dtype)
    return made.assign(**{column.name: found[column.name] for column in NUMBERS})


def _sessions(trials: pd.DataFrame) -> pd.DataFrame:
    shared = ["session_id", "participant_id", "participant_kind", "study", "study_version",
              "condition"]  # fmt: skip
    groups = trials.groupby("session_id", sort=False)
    first = groups[shared[1:]].first().reset_index()
    made = empty_table("sessions").reindex(first.index)
    cells: dict[str, Any] = {
        **{name: first[name] for name in shared},
        "status": "completed",
        "n_trials": groups.size().to_numpy(),
        "n_responses": groups["response"].count().to_numpy(),
    }
    for name, values in cells.items():
        made[name] = pd.Series(values, index=first.index).astype(made[name].dtype)
    return made
