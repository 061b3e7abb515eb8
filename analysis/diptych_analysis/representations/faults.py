"""What can't be compared, and why."""

from __future__ import annotations

from diptych_analysis.fault_lines import AnalysisFault


class RepresentationFault(AnalysisFault):
    """A representation, file or setting that can't be used: names what, where, what is allowed."""
