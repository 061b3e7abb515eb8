"""What programs cost while they are measured: CPU time and memory of whole trees of processes.

Read from /proc. Memory is counted as PSS: what processes share is divided among them, so that a
sum over workers counts nothing twice.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


def _fields(pid: int) -> list[str]:
    """Read the fields of /proc/PID/stat after the program's name; empty once the process ended."""
    try:
        stat = PROC.joinpath(str(pid), "stat").read_text()
    except OSError:
        return []
    return stat[stat.rindex(")") + 2 :].split()


def tree(root: int) -> list[int]:
    """List a process and all that descend from it."""
    family = [root]
    for pid in family:
        # Whichever of its threads has started them.
        for listed in PROC.joinpath(str(pid), "task").glob("*/children"):
            with suppress(OSError):
                family += map(int, listed.read_text().split())
    return family


def cpu_seconds(root: int) -> float:
    """Return CPU time (s) of a process and its descendants, those that have ended included.

    Only differences tell something, and only for descendants whose parents waited for them.
    """
    ticks = 0
    for pid in tree(root):
        found = _fields(pid)
        if found:  # utime, stime, and of children that were waited for: cutime, cstime
            ticks += sum(int(number) for number in found[11:15])
    return ticks / _TICKS


def memory_bytes(root: int) -> int:
    """Return PSS (bytes) of a process and its descendants; RSS of those we may not look into."""
    return sum(_memory(pid) for pid in tree(root))


def _memory(pid: int) -> int:
    for name, wanted in (("smaps_rollup", "Pss:"), ("status", "VmRSS:")):
        try:
            lines = PROC.joinpath(str(pid), name).read_text().splitlines()
        except OSError:
            continue
        for line in lines:
            if line.startswith(wanted):
                return 1024 * int(line.split()[1])
    return 0


def postmaster(socket_folder: str) -> int:
    """Process id of the PostgreSQL server that listens in a folder."""
    lock = Path(socket_folder) / ".s.PGSQL.5432.lock"
    return int(lock.read_text().splitlines()[0])


@dataclass
class Meter:
    """CPU time and peak memory of named programs over a stretch of time.

    Attributes
    ----------
    programs : Mapping[str, list[int]]
        Name -> ids of the first process of each of its trees.
    cpu : dict[str, float]
        Name -> CPU seconds, once `end` was called.
    peak : dict[str, int]
        Name -> most bytes that `look` has seen.
    """

    programs: Mapping[str, list[int]]
    cpu: dict[str, float] = field(default_factory=dict)
    peak: dict[str, int] = field(default_factory=dict)

    def begin(self) -> None:
        """Start the stretch."""
        self._before = self._spent()
        self.peak.clear()
        self.look()

    def look(self) -> None:
        """Look at the memory now."""
        for name, roots in self.programs.items():
            now = sum(memory_bytes(root) for root in roots)
            self.peak[name] = max(self.peak.get(name, 0), now)

    def end(self) -> None:
        """End the stretch."""
        after = self._spent()
        self.cpu = {name: after[name] - spent for name, spent in self._before.items()}
        self.look()

    def _spent(self) -> dict[str, float]:
        return {n: sum(cpu_seconds(root) for root in roots) for n, roots in self.programs.items()}
