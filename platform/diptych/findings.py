"""What a check of an installation says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Grade = Literal["ok", "warning", "fault"]


@dataclass(frozen=True)
class Finding:
    """What a check found.

    Attributes:
        subject: what was looked at.
        grade: ok; warning: it runs, but not as it should; fault: it can't run, or not safely.
        text: how it is.
        mend: what to do about it; empty when it is ok.
    """

    subject: str
    grade: Grade
    text: str
    mend: str = ""
