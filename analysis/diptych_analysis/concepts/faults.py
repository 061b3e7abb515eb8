"""What a search for concepts can't do, and why."""

from __future__ import annotations

from diptych_analysis.fault_lines import AnalysisFault


class ConceptFault(AnalysisFault):
    """A class, layer, word or folder that can't be used: names what, where, what is allowed."""
