"""What captions and features can't be computed from, and why."""

from __future__ import annotations

from diptych_analysis.fault_lines import AnalysisFault


class CaptionFault(AnalysisFault):
    """A prompt, image or folder that can't be used: names what, where, and what is allowed."""
