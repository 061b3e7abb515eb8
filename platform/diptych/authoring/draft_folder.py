"""The text files of a draft: read and saved so that two people who edit at once lose nothing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from diptych.authoring import study_toml
from diptych.authoring.draft_history import OUTSIDE, DraftHistory, Kept
from diptych.authoring.folder import OPTIONAL_TEXTS, REQUIRED_TEXTS, text_names
from diptych.authoring.folder_files import LONGEST, is_file
from diptych.authoring.whole_files import locked, write_whole
from diptych.ground.database import now_ms
from diptych.study.faults import Fault
from diptych.study.spec import StudySpec

_OF_A_PART = re.compile(r"_part([2-9]|[1-9][0-9])$")
#: Longest manifest, in bytes: some hundred thousand images.
LONGEST_TABLE = 20_000_000
_TABLE = re.compile(r"[\w.-]{1,60}\.csv")


class DraftFault(ValueError):
    """A change of a draft is not possible; the message says why, and what is."""


class DraftConflict(DraftFault):
    """The file was changed after it was read; `current` is the file as it is now."""

    def __init__(self, current: TextFile) -> None:
        self.current = current
        super().__init__(f"{current.name} was changed after you opened it")


@dataclass(frozen=True)
class TextFile:
    """A text file of a draft, as it was read.

    Attributes
    ----------
    name : str
        Relative to the folder.
    text : str
        Its content; empty where there is no such file.
    digest : str
        SHA-256 of the bytes in hex; empty where there is no such file.
    """

    name: str
    text: str
    digest: str


class DraftFolder:
    """A study folder that is edited in the browser.

    Parameters
    ----------
    folder : Path
        The study folder.
    kept : Path
        Where the host keeps earlier texts of this study, and the lock.
    """

    def __init__(self, folder: Path, kept: Path) -> None:
        self.folder = folder
        self._kept = kept
        self._history = DraftHistory(kept)

    def spec(self) -> tuple[StudySpec | None, list[Fault]]:
        """Read study.toml; also return its faults."""
        faults: list[Fault] = []
        return study_toml.read_spec(self.folder, faults, past_unknown=True), faults

    def text_names(self) -> tuple[str, ...]:
        """List the names of the Markdown texts that the study can have, without `.md`."""
        spec, _ = self.spec()
        numbers = [
            int(found[1])
            for path in self.folder.glob("*.md")
            if (found := _OF_A_PART.search(path.stem))
        ]
        return text_names(max([1 if spec is None else spec.parts, *numbers]))

    def tables(self) -> tuple[str, ...]:
        """List the manifests of the study: CSV files beside study.toml."""
        spec, _ = self.spec()
        named = ["stimuli.csv", "items.csv"]
        if spec is not None:
            named = [spec.stimuli.manifest, *([spec.items.manifest] if spec.items else [])]
        return tuple(name for name in dict.fromkeys(named) if _TABLE.fullmatch(name))

    def names(self) -> tuple[str, ...]:
        """List every file that can be edited as text, whether it exists or not."""
        texts = tuple(f"{name}.md" for name in self.text_names())
        return (study_toml.FILE, *texts, *self.tables())

    def optional(self, name: str) -> bool:
        """Say whether a study can do without a text."""
        stem = _OF_A_PART.sub("", name.removesuffix(".md"))
        of_a_part = stem != name.removesuffix(".md")
        return name.endswith(".md") and (
            stem in OPTIONAL_TEXTS or (of_a_part and stem in REQUIRED_TEXTS)
        )

    def read(self, name: str) -> TextFile:
        """Read a text file; a file that does not exist is empty.

        Raises
        ------
        DraftFault
            When the name is not one of `names`, or the file is no text.
        """
        if name not in self.names():
            raise DraftFault(f"{name!r} is not a text of this study")
        path = self.folder / name
        if not path.exists():
            return TextFile(name, "", "")
        if not is_file(self.folder, name):
            raise DraftFault(f"{name} is a link to a file outside the folder of the study")
        data = path.read_bytes()
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise DraftFault(
                f"{name} is not text in UTF-8 ({error.reason}). Save it as UTF-8 on the host"
            ) from None
        return TextFile(name, text.replace("\r\n", "\n"), hashlib.sha256(data).hexdigest())

    def write(self, name: str, text: str, *, seen: str, by: str) -> TextFile:
        """Save a text.

        Parameters
        ----------
        name : str
            One of `names`.
        text : str
            The new text; of any line ends.
        seen : str
            Digest of the file that the writer has read.
        by : str
            Name of the user.

        Returns
        -------
        TextFile
            The file as it is now.

        Raises
        ------
        DraftConflict
            When the file is no longer the one that was read; nothing is written.
        DraftFault
            When the text is too long or no text.
        """
        text = text.replace("\r\n", "\n")
        data = text.encode("utf-8", "replace")
        longest = LONGEST_TABLE if name.endswith(".csv") else LONGEST
        if len(data) > longest:
            raise DraftFault(f"{name} would have {len(data):,} bytes; at most {longest:,}")
        if "\0" in text:
            raise DraftFault(f"{name} would contain a NUL character; remove it")
        with self.changing():
            before = self.read(name)
            if before.digest != seen:
                raise DraftConflict(before)
            self.keep(before)
            write_whole(self.folder / name, data)
            self._history.keep(name, text, by, now_ms())
        return self.read(name)

    def remove(self, name: str, *, seen: str) -> None:
        """Remove a text that the study can do without; `history` still has it.

        Raises
        ------
        DraftConflict
            When the file is no longer the one that was read.
        DraftFault
            When the study needs the file.
        """
        if not self.optional(name):
            raise DraftFault(f"the study needs {name}")
        with self.changing():
            before = self.read(name)
            if before.digest != seen:
                raise DraftConflict(before)
            self.keep(before)
            (self.folder / name).unlink(missing_ok=True)

    def keep(self, before: TextFile) -> None:
        """Keep a text that was changed outside the browser, before it is replaced."""
        if before.digest:
            self._history.keep(before.name, before.text, OUTSIDE, now_ms())

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Hold the lock of the draft: one change at a time, over all processes of the host."""
        try:
            with locked(self._kept / "lock"):
                yield
        except OSError as fault:
            raise DraftFault(
                f"the host could not write the file ({fault.strerror}); its user must be allowed "
                f"to write in {self.folder}"
            ) from None

    def history(self, name: str) -> list[Kept]:
        """List earlier texts of a file, the newest first."""
        return self._history.texts(name)

    def earlier(self, name: str, number: int) -> Kept | None:
        """Find an earlier text of a file by its number."""
        return self._history.find(name, number)
