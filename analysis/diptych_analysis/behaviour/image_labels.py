"""Labels of images, from a table with one row per file."""

from __future__ import annotations

from pathlib import Path

from diptych_analysis.behaviour.faults import BehaviourFault
from diptych_analysis.behaviour.response_files import read_table


def read_labels(file: Path, column: str = "label") -> dict[str, str]:
    """Read the labels of images: a CSV file with the columns `file` and `label`.

    Raises
    ------
    BehaviourFault
        If a column is missing, or a file has two labels.
    """
    try:
        table = read_table(file)
    except BehaviourFault as fault:
        raise BehaviourFault(f"{file}: {fault}") from None
    missing = [name for name in ("file", column) if name not in table]
    if missing:
        raise BehaviourFault(
            f"{file}: missing columns: {', '.join(missing)}; it has {', '.join(table.columns)}"
        )
    rows = table.dropna(subset=["file", column])[["file", column]].drop_duplicates()
    twice = rows["file"][rows["file"].duplicated()]
    if not twice.empty:
        raise BehaviourFault(f"{file}: {twice.iloc[0]!r} has two labels")
    return dict(zip(rows["file"], rows[column], strict=True))
