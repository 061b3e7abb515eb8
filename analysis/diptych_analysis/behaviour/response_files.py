"""Responses from files: tidy tables, what `diptych classify` wrote, or any other tool's table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from diptych_analysis.behaviour.faults import BehaviourFault
from diptych_analysis.behaviour.responses import (
    MISSING,
    NO_ANSWER,
    Codes,
    Responses,
    code_type,
    from_long,
    together,
)
from diptych_analysis.behaviour.tidy_responses import Selection, responses_of_tables
from diptych_analysis.tables import TableFault, read_cells
from diptych_analysis.tables.columns.shared import KINDS
from diptych_analysis.tables.faults import listed, shown

#: Columns of a long table.
NEEDED = ("rater", "stimulus", "response")
OPTIONAL = ("kind", "label", "rt")
#: Longest response time of a table, ms: 30 years.
LONGEST = 10**12
#: What `diptych classify` writes into its folder.
PREDICTIONS, STIMULI = "responses.parquet", "stimuli.parquet"


def read_responses(sources: Sequence[Path], selection: Selection | None = None) -> Responses:
    """Read one or more sources and put their raters side by side.

    Parameters
    ----------
    sources : sequence of Path
        Folders of tidy tables, folders of `diptych classify`, or long tables (CSV, TSV, Parquet)
        with the columns `rater`, `stimulus`, `response` and optionally `kind`, `label`, `rt`.
    selection : Selection, optional
        Which trials of tidy tables count.

    Raises
    ------
    BehaviourFault, TableFault
        Naming the file and what is wrong.
    """
    if not sources:
        raise BehaviourFault("no source of responses; give at least one folder or table")
    chosen = selection or Selection()
    parts = []
    for source in sources:
        try:
            parts.append(_read(Path(source), chosen))
        except BehaviourFault as fault:
            raise BehaviourFault(f"{source}: {fault}") from None
    return together(parts)


def _read(source: Path, selection: Selection) -> Responses:
    if (source / PREDICTIONS).is_dir():
        return read_predictions(source)
    if source.is_dir():
        from diptych_analysis.tables import read_tables

        return responses_of_tables(read_tables(source), selection)
    return read_long_table(source, selection)


def read_long_table(file: Path, selection: Selection | None = None) -> Responses:
    """Read a table with one row per response.

    Raises
    ------
    BehaviourFault
        If the file can't be read, or a column is missing or has a value that is not allowed.
    """
    unanswered = (selection or Selection()).unanswered
    return from_long(checked_long_table(read_table(file), unanswered=unanswered))


def read_table(file: Path) -> pd.DataFrame:
    """Read the cells of a CSV, TSV or Parquet file as text; empty cells are None.

    Raises
    ------
    BehaviourFault
        If the file can't be read, or two columns have one name. It does not name the file.
    """
    try:
        table = read_cells(file)
    except TableFault as fault:
        raise BehaviourFault(fault.within) from fault
    text = table.astype("object").where(table.notna(), None)
    return text.map(lambda cell: None if cell is None or str(cell).strip() == "" else str(cell))


def checked_long_table(table: pd.DataFrame, *, unanswered: bool | None) -> pd.DataFrame:
    """Check the columns of a long table.

    An `rt` is milliseconds, or empty.

    Parameters
    ----------
    table : pd.DataFrame
        Text.
    unanswered : bool or None
        Whether empty responses become a category (True), are left out (False) or stay (None).
    """
    missing = [name for name in NEEDED if name not in table]
    if missing:
        raise BehaviourFault(
            f"missing columns: {', '.join(missing)}; it has {listed(table.columns)}. "
            f"A long table has {', '.join(NEEDED)} and can have {', '.join(OPTIONAL)}"
        )
    for name in ("rater", "stimulus"):
        empty = table[name].isna().to_numpy(dtype=bool)
        if empty.any():
            raise BehaviourFault(f"row {int(empty.argmax()) + 1}: {name} is empty")
    if "kind" in table:
        wrong = (~table["kind"].isin(KINDS)).to_numpy(dtype=bool)
        if wrong.any():
            row = int(wrong.argmax())
            raise BehaviourFault(
                f"row {row + 1}: kind is {shown(table['kind'].iloc[row])}; allowed are "
                f"{', '.join(KINDS)}"
            )
    if "rt" in table:
        times = pd.to_numeric(table["rt"], errors="coerce")
        wrong = (table["rt"].notna() & ~times.between(0, LONGEST)).to_numpy(dtype=bool)
        if wrong.any():
            row = int(wrong.argmax())
            found = shown(table["rt"].iloc[row])
            raise BehaviourFault(
                f"row {row + 1}: rt is {found}; allowed are milliseconds of 0 or more, or nothing"
            )
    if unanswered is None:
        return table
    if unanswered:
        return table.assign(response=table["response"].fillna(NO_ANSWER))
    return table[table["response"].notna()]


def read_predictions(folder: Path) -> Responses:
    """Read what `diptych classify` wrote, one model at a time.

    Raises
    ------
    BehaviourFault
        If the folder holds no predictions.
    """
    files = sorted((folder / PREDICTIONS).glob("*.parquet"))
    if not files:
        raise BehaviourFault("no predictions; `diptych classify MODEL --to DIR` writes them")
    stimuli = pd.read_parquet(folder / STIMULI).drop_duplicates("stimulus")
    stimuli = stimuli.sort_values("stimulus", ignore_index=True)
    index = pd.Index(stimuli["stimulus"])
    known: dict[str, int] = {}
    rows: list[Codes] = []
    raters: list[str] = []
    for file in files:
        part = pd.read_parquet(file, columns=["rater", "stimulus", "response"])
        numbers, names = pd.factorize(part["response"])
        own = np.array([known.setdefault(str(name), len(known)) for name in names], np.int32)
        row: Codes = np.full(len(index), MISSING, np.int32)
        row[index.get_indexer(pd.Index(part["stimulus"]))] = own[numbers]
        # Most models share a thousand categories: half the memory.
        rows.append(np.asarray(row, code_type(len(known))))
        raters.append(str(part["rater"].iloc[0]))
    labels = stimuli["label"] if "label" in stimuli else pd.Series([None] * len(stimuli))
    given = [label if isinstance(label, str) else None for label in labels]
    categories = sorted({*known, *(label for label in given if label is not None)})
    places = {name: place for place, name in enumerate(categories)}
    renumber = np.array([*(places[name] for name in known), MISSING], code_type(len(categories)))
    codes = np.empty((len(rows), len(index)), renumber.dtype)
    for place, row in enumerate(rows):
        codes[place] = renumber[row]
    return Responses(
        pd.DataFrame({"rater": raters, "kind": "machine"}),
        stimuli.assign(label=pd.Series(given, dtype="object")),
        tuple(categories),
        codes,
        np.array([MISSING if label is None else places[label] for label in given]),
    )
