"""A clock that can be set for the processes that live by it, and for nobody else."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import libfaketime

SOURCE = Path(libfaketime.__file__).parent / "vendor/libfaketime/src"
MINUTE, HOUR, DAY = 60, 3600, 86_400


def build(folder: Path) -> Path:
    """Compile the library that stands between a host and its clock, as its threads need it.

    The one that comes with the package mixes up what two threads read while the clock is set: one
    of them may see the true time for a moment, or the old one until it is set again.
    """
    shutil.copytree(SOURCE, folder)
    name = "libfaketimeMT.so.1"
    # As the package compiles it: sleeping is left to the clock that nobody sets.
    flags = "FAKETIME_COMPILE_CFLAGS=-UFAKE_STAT -UFAKE_UTIME -UFAKE_SLEEP"
    done = subprocess.run(["make", name, flags], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / name


class Clock:
    """What time it is for a host, in s from now. Its monotonic clock goes on as it is.

    Parameters
    ----------
    file : Path
        Where the library that stands between the host and its clock looks.
    library : Path
        That library, see `build`.
    """

    def __init__(self, file: Path, library: Path) -> None:
        self.file, self.library, self.offset = file, library, 0
        self.set(0)

    def set(self, offset: int) -> None:
        """Set the clock."""
        beside = self.file.with_suffix(".new")
        beside.write_text(f"{offset:+d}s\n")
        beside.rename(self.file)  # nobody reads half of it
        self.offset = offset

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to live by this clock."""
        return {
            "LD_PRELOAD": str(self.library),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }


def later(seconds: int) -> dict[str, str]:
    """Return what a process needs to start in the future, in s from now, and to stay there."""
    return {
        "LD_PRELOAD": str(SOURCE / "libfaketime.so.1"),
        "FAKETIME": f"+{seconds}s",
        "DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }
