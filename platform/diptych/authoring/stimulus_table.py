"""stimuli.csv as a table that is changed in the browser: other columns stay as they are."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from diptych.authoring.draft_folder import DraftFault

_NEEDED = ("file", "label")


@dataclass(frozen=True)
class StimulusTable:
    """The rows of a manifest.

    Attributes
    ----------
    columns : tuple[str, ...]
        `file`, `label` and the attributes, in the order of the file.
    rows : tuple[Mapping[str, str], ...]
        Cells by column.
    """

    columns: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]

    @property
    def files(self) -> frozenset[str]:
        """The files that rows name."""
        return frozenset(row["file"] for row in self.rows)

    @property
    def counts(self) -> dict[str, int]:
        """Number of stimuli by label, in order of first appearance."""
        counts: dict[str, int] = {}
        for row in self.rows:
            counts[row["label"]] = counts.get(row["label"], 0) + 1
        return counts

    def text(self) -> str:
        """Return the table as CSV."""
        out = io.StringIO(newline="")
        writer = csv.DictWriter(out, self.columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(self.rows)
        return out.getvalue()

    def added(self, stimuli: Sequence[tuple[str, str]]) -> StimulusTable:
        """Return the table with rows of (file, label) more; their attributes are empty."""
        rows = tuple({"file": file, "label": label} for file, label in stimuli)
        return StimulusTable(self.columns, (*self.rows, *rows))

    def relabelled(self, files: Collection[str], label: str) -> StimulusTable:
        """Return the table with another label of some files.

        Raises
        ------
        DraftFault
            When the label can't be one.
        """
        if "|" in label or len(label) > 200 or not label.isprintable():
            raise DraftFault(
                f"{label[:40]!r} cannot be a label; allowed are at most 200 characters without |"
            )
        return StimulusTable(
            self.columns,
            tuple({**row, "label": label} if row["file"] in files else row for row in self.rows),
        )

    def without(self, files: Collection[str]) -> StimulusTable:
        """Return the table without some files."""
        rows = tuple(row for row in self.rows if row["file"] not in files)
        return StimulusTable(self.columns, rows)


def read_table(text: str) -> StimulusTable:
    """Read a manifest; an empty text is a table without rows.

    Raises
    ------
    DraftFault
        When it can't be changed here, because it is not such a table.
    """
    if not text.strip():
        return StimulusTable(_NEEDED, ())
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        rows = list(reader)
    except csv.Error as fault:
        raise DraftFault(f"the table cannot be read as CSV ({fault}). Edit it as text") from None
    columns = tuple(reader.fieldnames or ())
    if not set(_NEEDED) <= set(columns) or len(set(columns)) < len(columns):
        raise DraftFault(
            "the table needs the columns file and label, and each column once. Edit it as text"
        )
    if any(None in row or None in row.values() for row in rows):
        raise DraftFault("a row has too few or too many cells. Edit the table as text")
    return StimulusTable(columns, tuple(rows))
