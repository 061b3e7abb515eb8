"""What lies beside the tables: `dataset_description.json`, `data_dictionary.json` and the rest."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from diptych_analysis.tables import layout
from diptych_analysis.tables.contents import Contents
from diptych_analysis.tables.formulas import guarded
from diptych_analysis.tables.readme import IGNORED, changes, readme
from diptych_analysis.tables.schema import DESCRIPTIONS, LIST_SEPARATOR, TABLES, Column, TableName


def data_dictionary(
    name: str,
    description: str = "",
    columns: Mapping[TableName, Sequence[Column]] = TABLES,
    rows: Mapping[TableName, int] | None = None,
) -> dict[str, object]:
    """Name, type, unit and meaning of every column, for `data_dictionary.json`."""
    return {
        "name": name,
        "description": description,
        "lists": f"cells of type list hold strings joined by {LIST_SEPARATOR}",
        "text": "in CSV files, text and names of columns that begin with = + - @ (full-width too), "
        "a tab or an end of line have a ' before them, so that no spreadsheet takes them for a "
        "formula (likewise where any number of ' stand before those); in Parquet files they "
        "stand as they are",
        "tables": {
            table: {
                "description": DESCRIPTIONS[table],
                "rows": None if rows is None else rows[table],
                "columns": [column.described() for column in found],
            }
            for table, found in columns.items()
        },
    }


def dataset_description(
    name: str,
    description: str = "",
    columns: Mapping[TableName, Sequence[Column]] = TABLES,
) -> dict[str, object]:
    """Describe the data set as Psych-DS 1.5 JSON-LD (schema.org), for `dataset_description.json`.

    Only terms of schema.org are used: allowed values are part of the description, in words, and
    for programs in the data dictionary.
    """
    uses: dict[str, list[tuple[TableName, Column]]] = {}
    for table, found in columns.items():
        for column in found:
            uses.setdefault(column.name, []).append((table, column))
    return {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "schemaVersion": "Psych-DS 1.5.0",
        "name": name,
        "description": description or f"Tidy tables of {name}.",
        "variableMeasured": [_variable(each) for each in uses.values()],
    }


def _variable(uses: Sequence[tuple[TableName, Column]]) -> dict[str, object]:
    """Return one entry per name of a column, which can mean one thing here and another there."""
    meanings = {table: _in_words(column) for table, column in uses}
    if len(set(meanings.values())) == 1:
        (meaning,) = set(meanings.values())
    else:
        meaning = " ".join(f"In {table}: {words}" for table, words in meanings.items())
    about: dict[str, object] = {
        "@type": "PropertyValue",
        # As it stands in the header of the CSV files, which validators compare with it.
        "name": guarded(uses[0][1].name),
        "description": meaning,
    }
    units = {column.unit for _, column in uses}
    if len(units) == 1 and (unit := units.pop()):
        about["unitText"] = unit
    minima = {column.minimum for _, column in uses}
    if len(minima) == 1 and (minimum := minima.pop()) is not None:
        about["minValue"] = minimum
    return about


def _in_words(column: Column) -> str:
    if not column.levels:
        return column.description
    return f"{column.description} Allowed values: {', '.join(column.levels)}.".lstrip()


def side_files(contents: Contents) -> dict[str, str]:
    """Write all files of a data set that are no tables: their text by their path in its folder."""
    about: dict[str, Any] = {
        "name": contents.name,
        "description": contents.description,
        "columns": contents.columns,
    }
    return {
        layout.DESCRIPTION: json_text(dataset_description(**about)),
        layout.DICTIONARY: json_text(data_dictionary(rows=contents.rows, **about)),
        layout.README: readme(contents),
        layout.CHANGES: changes(contents),
        layout.IGNORE: IGNORED,
    }


def json_text(content: object) -> str:
    """Write readable JSON."""
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def write_json(file: Path, content: object) -> None:
    """Write readable JSON, UTF-8."""
    file.write_text(json_text(content), encoding="utf-8")
