"""What stands beside the tables: `data_dictionary.json` and `dataset_description.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from diptych_analysis.columns import DESCRIPTIONS, LIST_SEPARATOR, TABLES, Column, TableName


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
    """The data set as Psych-DS 1.5 JSON-LD (schema.org), for `dataset_description.json`."""
    variables: dict[str, dict[str, object]] = {}
    for found in columns.values():
        for column in found:
            about: dict[str, object] = {
                "@type": "PropertyValue",
                "name": column.name,
                "description": column.description,
            }
            if column.unit:
                about["unitText"] = column.unit
            if column.levels:
                about["levels"] = list(column.levels)
            if column.minimum is not None:
                about["minValue"] = column.minimum
            variables.setdefault(column.name, about)
    return {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "schemaVersion": "Psych-DS 1.5.0",
        "name": name,
        "description": description or f"Tidy tables of {name}.",
        "variableMeasured": list(variables.values()),
    }


def write_json(file: Path, content: object) -> None:
    """Writes readable JSON, UTF-8."""
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
