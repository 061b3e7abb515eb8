"""What a check of an installation says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Grade = Literal["ok", "warning", "fault"]


@dataclass(frozen=True)
class Finding:
    """What a check found.

    Attributes
    ----------
    subject : str
        What was looked at.
    grade : Grade
        Ok; warning: it runs, but not as it should; fault: it can't run, or not safely.
    text : str
        How it is.
    mend : str
        What to do about it; empty when it is ok.
    """

    subject: str
    grade: Grade
    text: str
    mend: str = ""
