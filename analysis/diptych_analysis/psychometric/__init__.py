"""Psychometric functions of people, simulated participants and machines."""

from __future__ import annotations

from diptych_analysis.fault_lines import AnalysisFault


class PsychometricFault(AnalysisFault):
    """Data or a request that no psychometric function can be fitted to."""
