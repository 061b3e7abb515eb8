"""What can't be compared, in one sentence."""

from __future__ import annotations

from diptych_analysis.fault_lines import AnalysisFault


class AgreementFault(AnalysisFault):
    """Scores that can't be computed or compared: names what, where, and what is allowed."""


def some(names: object, most: int = 5) -> str:
    """Name a few of many for a message: `a, b, c and 7 more`."""
    found = [str(name) for name in names]  # type: ignore[attr-defined]
    rest = len(found) - most
    return ", ".join(found[:most]) + (f" and {rest} more" if rest > 0 else "")
