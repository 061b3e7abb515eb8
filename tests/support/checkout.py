"""The files of a checkout, and a hash of what is in files."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def files_of(root: Path = ROOT) -> list[Path]:
    """Return the files that git does not ignore, as paths from the root, sorted by name.

    Raises
    ------
    subprocess.CalledProcessError
        The folder is not in a git repository.
    """
    listed = subprocess.run(
        ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    # One that was removed, but not from git's index, is still listed.
    return [Path(name) for name in sorted(set(listed.split("\0"))) if (root / name).is_file()]


def hash_of(files: Iterable[Path], *more: str, root: Path = ROOT) -> str:
    """Return a hash of the names and contents of files, and of more words.

    Parameters
    ----------
    files : iterable of Path
        Paths from the root, or absolute.
    *more : str
        What else the hash depends on.
    root : Path
        The folder that paths begin at.
    """
    whole = hashlib.sha256("\0".join(more).encode())
    for file in files:
        name = file.relative_to(root) if file.is_absolute() and root in file.parents else file
        content = hashlib.sha256((root / file).read_bytes()).digest()
        whole.update(str(name).encode() + b"\0" + content)
    return whole.hexdigest()
