"""The files of an export, by the names that Psych-DS gives them."""

from __future__ import annotations

from pathlib import Path


def table_in(folder: Path, table: str, format_: str = "csv") -> Path:
    """The file of a table in an export of any study.

    Parameters
    ----------
    folder : Path
        The data set.
    table, format_ : str
        Such as `trials` and `csv`.
    """
    (found,) = (folder / "data").glob(f"study-*_description-{table}_data.{format_}")
    return found


def files_in(folder: Path) -> dict[str, Path]:
    """Every file below a folder, by its path in it."""
    return {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
