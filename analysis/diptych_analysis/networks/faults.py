"""What can't be scored, and why."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from diptych_analysis.fault_lines import AnalysisFault


class MachineFault(AnalysisFault):
    """A network, layer, image or setting that can't be used: names what, where, what is allowed."""


def near(name: str, known: Iterable[str], count: int = 6) -> str:
    """Name the known names most like a wrong one, for the end of an error."""
    everything = list(known)
    close = difflib.get_close_matches(name, everything, count, cutoff=0.3)
    return ", ".join(close or everything[:count]) or "none"
