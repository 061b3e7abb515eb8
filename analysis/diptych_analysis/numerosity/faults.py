"""What the number sense can't do, and why."""

from __future__ import annotations

from diptych_analysis.fault_lines import AnalysisFault


class NumerosityFault(AnalysisFault):
    """A setting, folder or file that can't be used: names what, where, and what is allowed."""
