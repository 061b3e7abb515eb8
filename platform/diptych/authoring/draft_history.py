"""Earlier texts of a draft, each with who saved it and when: what an editor can restore."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from diptych.authoring.whole_files import write_whole

#: Texts that are kept of each file; the oldest goes first.
MOST_KEPT = 50
#: Who is named where a text was changed by an editor on the host, or by version control.
OUTSIDE = "outside the browser"


@dataclass(frozen=True)
class Kept:
    """One earlier text of a file.

    Attributes
    ----------
    number : int
        Grows with each text of the file.
    at : int
        When it was saved, or seen for the first time, ms since 1970-01-01 UTC.
    by : str
        Name of the user.
    text : str
        The whole text.
    """

    number: int
    at: int
    by: str
    text: str


class DraftHistory:
    """The earlier texts of one draft, in a folder of the host and not of the study.

    Parameters
    ----------
    folder : Path
        Has one folder per file of the draft.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def texts(self, name: str) -> list[Kept]:
        """List the texts of a file, the newest first."""
        return [self._read(path) for path in reversed(self._paths(name))]

    def find(self, name: str, number: int) -> Kept | None:
        """Find the text of a number; None when it is no longer kept."""
        return next((kept for kept in self.texts(name) if kept.number == number), None)

    def keep(self, name: str, text: str, by: str, at: int) -> None:
        """Keep a text, unless it is the newest that is kept."""
        paths = self._paths(name)
        newest = self._read(paths[-1]) if paths else None
        if newest is not None and newest.text == text:
            return
        number = 1 if newest is None else newest.number + 1
        kept = {"at": at, "by": by, "text": text}
        path = self._folder / name / f"{number:06d}.json"
        write_whole(path, json.dumps(kept, ensure_ascii=False).encode("utf-8", "surrogatepass"))
        for old in self._paths(name)[:-MOST_KEPT]:
            old.unlink()

    def _paths(self, name: str) -> list[Path]:
        return sorted((self._folder / name).glob("[0-9]*.json"))

    @staticmethod
    def _read(path: Path) -> Kept:
        kept = json.loads(path.read_bytes().decode("utf-8", "surrogatepass"))
        return Kept(int(path.stem), kept["at"], kept["by"], kept["text"])
