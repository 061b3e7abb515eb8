"""What is wrong with a study folder, said so that it can be mended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


def allowed_by(message: str) -> str:
    """Return what is allowed, in pydantic's words, to follow the "allowed:" of a message."""
    return message.removeprefix("Value error, ").removeprefix("Input should be ")


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes
    ----------
    file : str
        The file it is in, relative to the study folder.
    key : str
        The key of study.toml, or the row and column of a manifest.
    found : str
        What stands there.
    allowed : str
        What could stand there.
    """

    file: str
    key: str
    found: str
    allowed: str

    def __str__(self) -> str:
        """Say in one line where the fault is, what was found, and what is allowed."""
        where = f"{self.file}: {self.key}" if self.key else self.file
        return f"{where}: found {self.found}; allowed: {self.allowed}"


class StudyFault(Exception):
    """A study folder can't be used; `faults` holds every reason."""

    def __init__(self, study: str, faults: Sequence[Fault]) -> None:
        self.study = study
        self.faults = tuple(faults)
        count = "1 fault" if len(self.faults) == 1 else f"{len(self.faults)} faults"
        super().__init__(
            f"study {study!r} has {count}:\n" + "\n".join(f"  {fault}" for fault in self.faults)
        )
