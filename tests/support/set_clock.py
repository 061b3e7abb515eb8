"""A clock that can be set for the processes that live by it, and for nobody else."""

from __future__ import annotations

from pathlib import Path

import libfaketime

LIBRARY = Path(libfaketime.__file__).parent / "vendor/libfaketime/src/libfaketime.so.1"
MINUTE, HOUR, DAY = 60, 3600, 86_400


class Clock:
    """What time it is for a host, in s from now. Its monotonic clock goes on as it is.

    Args:
        file: where the library that stands between the host and its clock looks.
    """

    def __init__(self, file: Path) -> None:
        self.file, self.offset = file, 0
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
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
        }
