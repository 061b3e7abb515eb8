"""Where the files of a data set lie: the one place that knows their names.

A data set follows Psych-DS 1.5:

    greebles/
      dataset_description.json    what it is, and every column (JSON-LD, schema.org)
      data_dictionary.json        types, units and allowed values of every column, by table
      README.md  CHANGES.md  .psychdsignore
      data/study-greebles_description-trials_data.csv     and .parquet, likewise the other tables

Older versions of Diptych wrote `trials.csv` and so on into the folder itself; such folders are
still found.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, cast

from diptych_analysis.tables.schema import TABLES, TableName

DATA: Final = "data"
DICTIONARY: Final = "data_dictionary.json"
DESCRIPTION: Final = "dataset_description.json"
README: Final = "README.md"
CHANGES: Final = "CHANGES.md"
IGNORE: Final = ".psychdsignore"
#: What is written beside the tables.
BESIDE: Final = (DESCRIPTION, DICTIONARY, README, CHANGES, IGNORE)
#: The key from pseudonyms to the ids of platforms; never part of the data.
IDENTITIES: Final = "identities.csv"
#: Kinds of files of a table.
FORMATS: Final = ("csv", "parquet")
#: What a user can ask for, and the kinds of files that this means.
FORMAT_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    **{format_: (format_,) for format_ in FORMATS},
    "both": FORMATS,
}
#: Which of them is read when there are several.
PREFERRED: Final = ("parquet", "csv")
#: The keyword before the name of the table. `table` would say it better, but the official keywords
#: of Psych-DS are study, site, subject, session, task, condition, trial, stimulus and description.
KEYWORD: Final = "description"

_TABLE_FILE = re.compile(
    rf"study-[a-zA-Z0-9]+_{KEYWORD}-(?P<table>{'|'.join(TABLES)})_data\.(?P<format>csv|parquet)"
)


class LayoutFault(ValueError):
    """Files of a folder contradict each other, or are missing: names the folder and the reason."""

    def __init__(self, folder: Path, reason: str) -> None:
        self.folder, self.reason = str(folder), reason
        super().__init__(f"{folder}: {reason}")


def study_value(name: str) -> str:
    """Turn a name into the value of a keyword in a file name: letters and digits only.

    `my_study-2` becomes `mystudy2`. Letters lose their accents; a name without any letter or digit
    that can be kept becomes `unnamed`.
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub("[^a-zA-Z0-9]", "", plain) or "unnamed"


def table_file(name: str, table: str, format_: str) -> str:
    """Return the name of a table's file.

    Parameters
    ----------
    name : str
        Of the data set, which is the study's.
    table : str
        `sessions`, `trials`, `stimuli`, `items`, `events` or `choices`.
    format_ : str
        `csv` or `parquet`.
    """
    return f"study-{study_value(name)}_{KEYWORD}-{table}_data.{format_}"


def table_path(name: str, table: str, format_: str) -> str:
    """Return the path of a table's file below the folder of the data set, with `/`.

    See `table_file`.
    """
    return f"{DATA}/{table_file(name, table, format_)}"


def table_files(folder: Path) -> Iterator[tuple[TableName, Path]]:
    """Yield every table file below a folder as this version writes them, of whichever study."""
    data = folder / DATA
    if data.is_dir():
        for path in sorted(data.iterdir()):
            if match := _TABLE_FILE.fullmatch(path.name):
                yield cast(TableName, match["table"]), path


def old_table_files(folder: Path) -> Iterator[tuple[TableName, Path]]:
    """Yield every table file of an export by an older version: `trials.csv` in the folder itself.

    Without sessions and trials the folder is no export: a study folder holds `stimuli.csv`, too.
    """
    found = [
        (table, path)
        for table in TABLES
        for format_ in FORMATS
        if (path := folder / f"{table}.{format_}").is_file()
    ]
    if {"sessions", "trials"} & {table for table, _ in found}:
        yield from found


def find_tables(folder: Path) -> dict[TableName, Path]:
    """Find the file to read for each table of a data set, Parquet where it exists.

    Raises
    ------
    LayoutFault
        When the folder holds no sessions or no trials, a table of two studies, or tables of this
        version and of an older one.
    """
    new, old = list(table_files(folder)), list(old_table_files(folder))
    if new and old:
        raise LayoutFault(
            folder,
            f"holds tables twice: {DATA}/{new[0][1].name} and, as older versions wrote them, "
            f"{old[0][1].name}; remove those that you do not want to read",
        )
    found: dict[TableName, Path] = {}
    for table in TABLES:
        paths = [path for name, path in new or old if name == table]
        stems = sorted({path.stem for path in paths})
        if len(stems) > 1:
            raise LayoutFault(
                folder, f"holds {table} of two studies: {stems[0]} and {stems[1]}; keep one"
            )
        paths.sort(key=lambda path: PREFERRED.index(path.suffix[1:]))
        if paths:
            found[table] = paths[0]
        elif table in ("sessions", "trials"):
            raise LayoutFault(folder, _missing(folder, table))
    return found


def _missing(folder: Path, table: str) -> str:
    if folder.name == DATA and any(table_files(folder.parent)):
        return "holds only the tables of a data set; give the folder above it"
    name = table_file("NAME", table, "csv")
    return (
        f"holds no {table}: there is neither {DATA}/{name} (or .parquet) "
        f"nor {table}.csv (or .parquet), as older versions wrote it"
    )
