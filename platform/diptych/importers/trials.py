"""Any table with one row per trial: reference, test, answer, response time, confidence."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from diptych.importers import Importer, ImportFault, Progress, no_progress
from diptych_analysis.psychometric.table_options import ROLES
from diptych_analysis.tables import TableFault, Tables


class Trials(Importer):
    """A CSV, TSV or Parquet file with one row per trial."""

    name: ClassVar[str] = "trials"
    help: ClassVar[str] = "a CSV, TSV or Parquet file with one row per trial"
    roles: ClassVar[tuple[str, ...]] = tuple(ROLES)

    def read(self, path: Path, progress: Progress = no_progress) -> Tables:
        """Return the trials as tidy tables; `ImportFault` names the column and the row (from 1)."""
        from diptych_analysis.psychometric.trial_table import read_trials

        if not path.is_file():
            raise ImportFault(path, "no such file")
        try:
            tables = read_trials(path, self.columns)
        except TableFault as fault:
            where = "" if fault.column is None else f"column {fault.column!r}: "
            raise ImportFault(path, f"{where}{fault.reason}", fault.row) from None
        progress(len(tables.trials), len(tables.trials))
        return tables
