"""A study folder as one zip file: written, and read without trusting it."""

from __future__ import annotations

import shutil
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from diptych.authoring.draft_folder import DraftFault

#: Most files of an archive; a study has a few thousand images.
MOST_FILES = 20_000
#: A file that is packed more than so many times, and larger than `_SMALL`, is taken for a bomb.
MOST_PACKED = 200
_SMALL = 1_000_000
_LONGEST_NAME = 200  # bytes: most file systems allow 255
_DEEPEST = 8
#: What every file manager writes; bzip2 and LZMA also let a file ask for gigabytes of memory.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
#: What file managers and Python leave in folders.
_JUNK = frozenset((".ds_store", "thumbs.db", "desktop.ini", "__macosx", "__pycache__", ".git"))
_PIECE = 1 << 20
#: What reading an archive raises; a decode error is a name marked as UTF-8 that is none.
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    OSError,
    UnicodeDecodeError,
)


@dataclass(frozen=True)
class _Member:
    info: zipfile.ZipInfo
    path: PurePosixPath


def write_archive(folder: Path, to: IO[bytes]) -> int:
    """Write every file of a study folder into a zip archive, below the folder's name.

    Links, hidden files and what file managers leave are left out.

    Returns
    -------
    int
        Number of files.
    """
    count = 0
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            if _is_left_out(inside.parts) or _leads_away(folder, inside) or not path.is_file():
                continue
            archive.write(path, f"{folder.name}/{inside.as_posix()}")
            count += 1
    return count


def _leads_away(folder: Path, inside: Path) -> bool:
    """Say whether a path is a link, or below one."""
    path = folder
    for part in inside.parts:
        path = path / part
        if path.is_symlink():
            return True
    return False


def _is_left_out(parts: tuple[str, ...]) -> bool:
    return any(part.startswith(".") or part.casefold() in _JUNK for part in parts)


def unpack(source: Path, to: Path, *, most_bytes: int) -> int:
    """Unpack a zip archive of a study into a new folder; the folder stays away on any fault.

    Parameters
    ----------
    source : Path
        The archive.
    to : Path
        The folder; must not exist.
    most_bytes : int
        Most bytes of all unpacked files together.

    Returns
    -------
    int
        Number of files.

    Raises
    ------
    DraftFault
        Naming everything that is wrong: no zip, paths that leave the folder, links, names that
        differ only in case, passwords, too many files or bytes, no study.toml.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            members = _members(archive, most_bytes)
            to.mkdir()
            try:
                _extract(archive, members, to, most_bytes)
            except BaseException:
                shutil.rmtree(to)
                raise
    except _UNREADABLE as fault:
        raise DraftFault(f"This is not a zip file that can be read: {fault}") from None
    return len(members)


def _members(archive: zipfile.ZipFile, most_bytes: int) -> list[_Member]:
    """List the files of an archive below the folder that has study.toml; every fault at once."""
    files = [info for info in archive.infolist() if not info.is_dir()]
    if len(files) > MOST_FILES:
        raise DraftFault(f"The zip file has {len(files):,} files; at most {MOST_FILES:,}.")
    faults = [f"{_shown(info.filename)} {why}" for info in files if (why := _fault_of(info))]
    total = sum(info.file_size for info in files)
    if total > most_bytes:
        faults.append(f"the files have {total:,} bytes together; at most {most_bytes:,}")
    if faults:
        raise DraftFault(_listed(faults))
    members = _below_the_study(
        [_Member(info, path) for info in files if not _is_left_out((path := _path_of(info)).parts)]
    )
    if faults := list(_same_names(members)):
        raise DraftFault(_listed(faults))
    return members


def _path_of(info: zipfile.ZipInfo) -> PurePosixPath:
    return PurePosixPath(unicodedata.normalize("NFC", info.filename))


def _fault_of(info: zipfile.ZipInfo) -> str:
    """Say what is wrong with one file of an archive; nothing of most."""
    name = info.filename
    if why := name_fault(name):
        return why
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind and not stat.S_ISREG(kind):
        return "is a link or a device; only files are allowed"
    if info.flag_bits & 0x1:
        return "has a password; only files without one are allowed"
    if info.compress_type not in _METHODS:
        return "is compressed by another method than deflate; pack it as an ordinary zip file"
    packed = max(info.compress_size, 1)
    if info.file_size > _SMALL and info.file_size / packed > MOST_PACKED:
        return f"becomes {info.file_size // packed:,} times larger; at most {MOST_PACKED} times"
    return ""


def name_fault(name: str) -> str:
    """Say what is wrong with the path of a file; nothing when it can be written below a folder.

    Letters of every script are allowed.
    """
    parts = name.split("/")
    if name.startswith("/") or "\\" in name or ".." in parts or (len(name) > 1 and name[1] == ":"):
        return "leads out of the folder of the study"
    if any(unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") for each in name):
        return "has a control character in its name"
    if any(part in ("", ".") or part != part.strip() or part.endswith(".") for part in parts):
        return "has an empty name, or one that starts or ends with a space or ends with a dot"
    if len(parts) > _DEEPEST:
        return f"is in {len(parts) - 1} folders; at most {_DEEPEST - 1}"
    if any(len(part.encode("utf-8", "replace")) > _LONGEST_NAME for part in parts):
        return f"has a name of more than {_LONGEST_NAME} bytes"
    return ""


def _below_the_study(members: list[_Member]) -> list[_Member]:
    """Take the folder that has study.toml for the study: the archive itself, or its one folder."""
    holders = [member.path.parent for member in members if member.path.name == "study.toml"]
    if not holders:
        raise DraftFault("The zip file has no study.toml, so it is not a study.")
    top = min(holders, key=lambda path: len(path.parts))
    if len(top.parts) > 1 or any(not m.path.is_relative_to(top) for m in members):
        raise DraftFault(
            "The zip file has files beside the folder of the study. Pack only the folder that has "
            "study.toml."
        )
    return [_Member(member.info, member.path.relative_to(top)) for member in members]


def _same_names(members: list[_Member]) -> Iterator[str]:
    """Yield files whose paths are the same on a computer that ignores case."""
    seen: dict[str, tuple[str, bool]] = {}
    written: set[str] = set()
    for member in members:
        path = str(member.path)
        if path in written:
            yield f"{_shown(path)} is there twice"
        written.add(path)
        places = [(str(parent), False) for parent in member.path.parents if parent.name]
        for place, is_file in (*places, (path, True)):
            folded = unicodedata.normalize("NFC", place.casefold())
            other, was_file = seen.setdefault(folded, (place, is_file))
            if other != place:
                yield f"{_shown(path)} has the same name as {_shown(other)}, apart from case"
            elif was_file != is_file:
                yield f"{_shown(place)} is a file and a folder"


def _extract(archive: zipfile.ZipFile, members: list[_Member], to: Path, most_bytes: int) -> None:
    """Write the files; what the archive says of their sizes is not believed."""
    left = most_bytes
    for member in members:
        path = to / member.path
        path.parent.mkdir(parents=True, exist_ok=True)
        with archive.open(member.info) as source, path.open("xb") as target:
            left = _copy(source.read, target, left)


def _copy(read: Callable[[int], bytes], target: IO[bytes], left: int) -> int:
    while piece := read(_PIECE):
        left -= len(piece)
        if left < 0:
            raise DraftFault("The files of the zip file are larger than it says.")
        target.write(piece)
    return left


def _shown(name: str) -> str:
    return repr(name if len(name) <= 120 else f"{name[:120]}…")


def _listed(faults: list[str], most: int = 20) -> str:
    shown = "; ".join(faults[:most])
    more = f"; and {len(faults) - most:,} more" if len(faults) > most else ""
    return f"The zip file cannot be used: {shown}{more}."
