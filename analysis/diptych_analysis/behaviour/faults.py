"""What is wrong with responses, and what is allowed."""

from __future__ import annotations

from diptych_analysis.fault_lines import AnalysisFault


class BehaviourFault(AnalysisFault):
    """Responses, a file or a setting that can't be used: names what, where, and what is allowed."""
