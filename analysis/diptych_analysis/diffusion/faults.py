"""What a diffusion model can't do, and why."""

from __future__ import annotations

from diptych_analysis.fault_lines import AnalysisFault


class DiffusionFault(AnalysisFault):
    """A model, folder or prompt that can't be used: names what, where, and what is allowed."""
