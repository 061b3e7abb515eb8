"""The files of a study folder that may be read: inside the folder, and not too long."""

from __future__ import annotations

from pathlib import Path

from diptych.study.faults import Fault

NUL = "a NUL character"  # which no database stores
#: Longest text and study.toml, in bytes: some hundred pages.
LONGEST = 500_000


def _inside(folder: Path, name: str) -> bool:
    """Say whether a relative name stays inside the folder, also where links lead."""
    return (folder / name).resolve().is_relative_to(folder.resolve())


def is_file(folder: Path, name: str) -> bool:
    """Say whether a name is that of a file inside the folder."""
    try:
        return _inside(folder, name) and (folder / name).is_file()
    except (OSError, ValueError):  # too long, or with a NUL in it
        return False


def missing(path: Path) -> str:
    """Say why a file of the folder is not read."""
    return "a link to a file outside the folder" if path.is_file() else "no such file"


def length_fault(path: Path) -> Fault | None:
    """Return the fault of a file that is too long to be read; None for any other."""
    size = path.stat().st_size
    if size <= LONGEST:
        return None
    return Fault(path.name, "", f"a file of {size:,} bytes", f"at most {LONGEST:,} bytes")
