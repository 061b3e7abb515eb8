"""Uploads that arrive in pieces: kept apart until the last piece is there.

No request is larger than any other of the host, so that reverse proxies need no exception. A
connection that breaks costs one piece, and an upload that stopped can go on for a day.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from diptych.authoring.draft_archive import MOST_FILES, name_fault
from diptych.authoring.draft_folder import DraftFault
from diptych.authoring.whole_files import write_whole
from diptych.ground.settings import Settings

_NAME = re.compile(r"[0-9a-f]{32}")
_KEPT_S = 24 * 3600
#: Uploads of one user that are kept at a time.
MOST_UPLOADS = 3


@dataclass(frozen=True)
class Arrived:
    """One whole file of an upload.

    Attributes
    ----------
    name : str
        Path on the researcher's computer, from the folder that was chosen; `/` between parts.
    path : Path
        Where its bytes are.
    fault : str
        What is wrong with it; empty for most.
    digest : str
        What the inspection returned: for images their content hash.
    """

    name: str
    path: Path
    fault: str
    digest: str


@dataclass(frozen=True)
class There:
    """What of an upload has arrived.

    Attributes
    ----------
    sizes : dict[int, int]
        Bytes by the number of the file.
    whole : list[int]
        Numbers of the whole files.
    odd : list[tuple[str, str]]
        (name, fault) of the odd ones among them.
    """

    sizes: dict[int, int]
    whole: list[int]
    odd: list[tuple[str, str]]


class Upload:
    """One upload of one user."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self.name = folder.name
        self._folder = folder
        self._most_bytes = most_bytes
        self._size: int | None = None  # of all files, once it was counted

    @staticmethod
    def begin(settings: Settings, user_id: int) -> Upload:
        """Begin an upload, and remove what the user left behind."""
        mine = settings.home / "uploads" / str(user_id)
        mine.mkdir(parents=True, exist_ok=True)
        newest = sorted(mine.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        for number, path in enumerate(newest, 1):
            if number >= MOST_UPLOADS or path.stat().st_mtime < time.time() - _KEPT_S:
                shutil.rmtree(path, ignore_errors=True)
        folder = mine / secrets.token_hex(16)
        folder.mkdir()
        return Upload(folder, settings.upload_bytes)

    @staticmethod
    def find(settings: Settings, user_id: int, name: str) -> Upload:
        """Find an upload of the user.

        Raises
        ------
        DraftFault
            When there is none of that name.
        """
        folder = settings.home / "uploads" / str(user_id) / name
        if not _NAME.fullmatch(name) or not folder.is_dir():
            raise DraftFault("This upload is no longer there. Start again.")
        return Upload(folder, settings.upload_bytes)

    def put(
        self,
        number: int,
        name: str,
        at: int,
        size: int,
        data: bytes,
        inspect: Callable[[Path], tuple[str, str]],
    ) -> Arrived | None:
        """Store a piece of a file; the same piece may come again.

        Parameters
        ----------
        number : int
            Number of the file in this upload, from 0.
        name : str
            Its path, from the folder that was chosen.
        at : int
            Offset of the piece, in bytes.
        size : int
            Size of the whole file, in bytes.
        data : bytes
            The piece.
        inspect : Callable
            Returns (digest, fault) of a whole file.

        Returns
        -------
        Arrived | None
            The file, once it is whole.

        Raises
        ------
        DraftFault
            When an earlier piece is missing, or a limit is reached.
        """
        if not 0 <= number < MOST_FILES:
            raise DraftFault(f"An upload has at most {MOST_FILES:,} files. Upload fewer at a time.")
        path = self._folder / f"{number:06d}.data"
        there = path.stat().st_size if path.exists() else 0
        if not 0 <= at <= there or at + len(data) > size:
            raise DraftFault(f"A piece of {name} is missing: {there:,} bytes are there.")
        self._check_size(at + len(data) - there)
        with path.open("r+b" if path.exists() else "xb") as file:
            file.seek(at)
            file.write(data)
            file.truncate()
        if at + len(data) < size:
            return None
        digest, fault = "", name_fault(name)
        if not fault:
            digest, fault = inspect(path)
        told = {"name": name, "digest": digest, "fault": fault}
        write_whole(path.with_suffix(".json"), json.dumps(told).encode())
        return Arrived(name, path, fault, digest)

    def there(self) -> There:
        """Return what has arrived, so that a browser can send the rest."""
        sizes: dict[int, int] = {}
        whole = []
        odd = []
        for path in sorted(self._folder.glob("*.data")):
            number = int(path.stem)
            sizes[number] = path.stat().st_size
            described = path.with_suffix(".json")
            if described.exists():
                whole.append(number)
                told = json.loads(described.read_bytes())
                if told["fault"]:
                    odd.append((told["name"], told["fault"]))
        return There(sizes, whole, odd)

    def _check_size(self, more: int) -> None:
        if self._size is None:
            self._size = sum(path.stat().st_size for path in self._folder.glob("*.data"))
        self._size += more
        if self._size > self._most_bytes:
            raise DraftFault(
                f"This upload has more than {self._most_bytes / 1e6:,.0f} MB, the most that this "
                "host accepts. Upload fewer files at a time, or ask the administrator "
                "(`DIPTYCH_UPLOAD_MEGABYTES`)."
            )

    def files(self) -> list[Arrived]:
        """List the whole files, in the order of their numbers.

        Raises
        ------
        DraftFault
            When a file is not whole yet, or there is none.
        """
        arrived = []
        paths = sorted(self._folder.glob("*.data"))
        for path in paths:
            described = path.with_suffix(".json")
            if not described.exists():
                raise DraftFault("The upload is not complete. Start again.")
            told = json.loads(described.read_bytes())
            arrived.append(Arrived(told["name"], path, told["fault"], told["digest"]))
        if not paths:
            raise DraftFault("The upload has no files. Choose some.")
        return arrived

    def discard(self) -> None:
        """Remove the upload."""
        shutil.rmtree(self._folder, ignore_errors=True)
