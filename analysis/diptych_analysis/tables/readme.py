"""The texts of a data set for its readers: README.md, CHANGES.md and .psychdsignore."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from diptych_analysis.tables import layout
from diptych_analysis.tables.contents import Contents
from diptych_analysis.tables.schema import DESCRIPTIONS, TableName

#: What a file begins with that the next export may replace.
MARK: Final = "Written by Diptych. Remove this line to keep your changes when you export again."

#: What validators of Psych-DS pass over: they know CSV files and their descriptions only.
IGNORED: Final = f"""\
# {MARK}
{layout.IGNORE}
{layout.DICTIONARY}
{layout.IDENTITIES}
*.parquet
"""

_KINDS = {
    "person": "of people",
    "simulated": "of simulated participants",
    "machine": "of machines (neural networks)",
}


def may_replace(text: str) -> bool:
    """Say whether the next export may replace a README.md, CHANGES.md or .psychdsignore."""
    return MARK in text.partition("\n")[0]


def readme(contents: Contents) -> str:
    """Write README.md: what the data set is, whose data it holds, where columns are explained."""
    parts = [
        f"<!-- {MARK} -->",
        f"# {contents.name}",
        contents.description or f"Tidy tables of {contents.name}.",
        _whose(contents),
        "## Tables",
        _table_of_tables(contents),
        _reading(contents),
        "## Columns",
        f"`{layout.DICTIONARY}` gives the type, unit, meaning and allowed values of each column, "
        f"table by table. `{layout.DESCRIPTION}` describes the data set and the columns for "
        "programs, as the Psych-DS standard wants it.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _whose(contents: Contents) -> str:
    """Return how many sessions are people's, simulated and machines'."""
    found = {kind: count for kind, count in contents.participants.items() if count}
    if not found:
        return ""
    unit = "session" if "sessions" in contents.kinds else "row"
    counts = _enumerated(
        f"{count:,} {unit}{'s' if count > 1 else ''} {_KINDS.get(kind, f'of kind {kind}')}"
        for kind, count in found.items()
    )
    if set(found) == {"simulated"}:
        return f"**This is simulated data**: {counts}. No person took part."
    if set(found) == {"machine"}:
        return f"**This is data of machines**: {counts}. No person took part."
    mixed = " The column `participant_kind` distinguishes them." if len(found) > 1 else ""
    return f"The data set holds {counts}.{mixed}"


def _enumerated(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def _table_of_tables(contents: Contents) -> str:
    lines = ["| table | what it holds | rows | files |", "| --- | --- | ---: | --- |"]
    for table in contents.columns:
        files = ", ".join(
            f"`{layout.table_path(contents.name, table, format_)}`" for format_ in contents.formats
        )
        lines.append(f"| {table} | {DESCRIPTIONS[table]} | {contents.rows[table]:,} | {files} |")
    return "\n".join(lines)


def _reading(contents: Contents) -> str:
    keys: dict[TableName, str] = {
        "sessions": "`session_id` identifies",
        "trials": "`session_id` and `trial_index` together identify",
    }
    columns = contents.columns
    lines = [f"{words} a row of `{table}`." for table, words in keys.items() if table in columns]
    if set(keys) <= set(columns):
        lines.append("`session_id` joins the two tables.")
    if "csv" in contents.formats:
        lines.append(
            "CSV files are UTF-8, with commas. Text that a spreadsheet would take for a formula "
            "has a `'` before it."
        )
    if "parquet" in contents.formats:
        lines.append("Parquet files hold the same rows, typed, with the text as it was entered.")
    if "csv" not in contents.formats:
        lines.append("Psych-DS needs CSV files; this data set has only Parquet files.")
    return " ".join(lines)


def changes(contents: Contents) -> str:
    """Write CHANGES.md: the versions of the study whose sessions the data set holds."""
    parts = [
        f"<!-- {MARK} -->",
        "# Changes",
        "The tables hold all sessions that were stored when they were written. A later export can "
        "hold more sessions, and fewer: sessions of people who withdrew are deleted.",
    ]
    if versions := contents.versions:
        lines = ["| study version | sessions | entered (UTC) |", "| --- | ---: | --- |"]
        for name, version in versions.items():
            days = _days(version.first, version.last)
            lines.append(f"| {f'`{name}`' if name else '-'} | {version.sessions:,} | {days} |")
        parts += ["## Versions of the study", "\n".join(lines)]
    return "\n\n".join(parts) + "\n"


def _days(first: str, last: str) -> str:
    days: Sequence[str] = (first, last) if first != last else (first,)
    return " to ".join(days) or "-"
