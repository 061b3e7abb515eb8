"""What the tiny world can't do, and why."""

from __future__ import annotations

from diptych_analysis.fault_lines import AnalysisFault


class WorldFault(AnalysisFault):
    """A setting, word or file that can't be used: names what, where, and what is allowed."""
