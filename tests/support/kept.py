"""What takes long to make is kept between runs, under a hash of what it is made from.

It lies in `.test-cache/`, which git ignores. A run without that folder makes everything again and
must pass too; `make clean` removes it.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from support.checkout import ROOT, hash_of

FOLDER = ROOT / ".test-cache"


@cache
def hash_of_sources(*places: Path) -> str:
    """Return a hash of source files: of each file named, and of each `.py` file of a folder."""
    return hash_of(
        file
        for place in places
        for file in (sorted(place.rglob("*.py")) if place.is_dir() else [place])
    )


@cache
def versions(*packages: str) -> str:
    """Return names and versions of installed packages."""
    return " ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)


def kept(make: Callable[[Path], object], *made_from: object) -> Path:
    """Return a folder that `make` has filled, now or in an earlier run. Nobody may change it.

    Parameters
    ----------
    make : callable
        Fills the empty folder that it is given.
    *made_from : object
        All that the content depends on, as text: arguments, hashes of sources, versions.
    """
    key = hashlib.sha256("\0".join(map(str, made_from)).encode()).hexdigest()[:32]
    place = FOLDER / key
    if place.is_dir():
        return place
    FOLDER.mkdir(exist_ok=True)
    new = Path(tempfile.mkdtemp(dir=FOLDER, prefix="new-"))
    try:
        make(new)
        new.rename(place)
    except OSError:
        # Another process was first: what it made is the same.
        if not place.is_dir():
            raise
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return place


def copy_of(place: Path, to: Path) -> Path:
    """Copy a kept folder into another, whose files tests may change; returns it."""
    shutil.copytree(place, to, dirs_exist_ok=True, copy_function=_copy)
    return to


def _copy(source: str, target: str) -> None:
    shutil.copyfile(source, target)
    os.utime(target)
