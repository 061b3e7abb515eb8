"""The tidy tables: what their columns are, how they are read, and how they are written.

    from diptych_analysis.tables import read_tables

    tables = read_tables(Path("OUT/butterflies"))
    tables.trials[["session_id", "trial_index", "label", "response"]]

`schema` declares every column and imports nothing, so the host can read it at its start. The names
below are loaded when they are first used: reading needs pandas.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diptych_analysis.tables.batches import Row
    from diptych_analysis.tables.cells import read_cells
    from diptych_analysis.tables.faults import TableFault
    from diptych_analysis.tables.layout import FORMATS
    from diptych_analysis.tables.metadata import data_dictionary, dataset_description, write_json
    from diptych_analysis.tables.read import Tables, empty_table, read_table, read_tables
    from diptych_analysis.tables.schema import (
        DESCRIPTIONS,
        KINDS,
        LIST_SEPARATOR,
        PHASES,
        STATUSES,
        TABLES,
        TWO_AFC_TRIALS,
        Column,
        TableName,
    )
    from diptych_analysis.tables.values import arrow_schema, iso
    from diptych_analysis.tables.write import (
        CsvWriter,
        DatasetWriter,
        ParquetWriter,
        TableWriter,
        rows_of,
        write_tables,
    )

__all__ = [
    "DESCRIPTIONS",
    "FORMATS",
    "KINDS",
    "LIST_SEPARATOR",
    "PHASES",
    "STATUSES",
    "TABLES",
    "TWO_AFC_TRIALS",
    "Column",
    "CsvWriter",
    "DatasetWriter",
    "ParquetWriter",
    "Row",
    "TableFault",
    "TableName",
    "TableWriter",
    "Tables",
    "arrow_schema",
    "data_dictionary",
    "dataset_description",
    "empty_table",
    "iso",
    "read_cells",
    "read_table",
    "read_tables",
    "rows_of",
    "write_json",
    "write_tables",
]

#: The modules of this room, in the order in which a name is looked for: light ones first.
_MODULES = ("schema", "faults", "layout", "metadata", "values", "write", "cells", "read")


def __getattr__(name: str) -> object:
    """Load a name of this room from its module, when it is first used (PEP 562)."""
    if name in __all__:
        for module in _MODULES:
            found = vars(import_module(f"{__name__}.{module}"))
            if name in found:
                return found[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
