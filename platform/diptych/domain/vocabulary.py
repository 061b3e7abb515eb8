"""Kinds of participants, phases, and statuses of a session: each word once.

Those that stand in the tidy tables come from the analysis, which the host may import.
"""

from __future__ import annotations

from typing import Final

from diptych_analysis.tables.schema import KINDS, PHASES, STATUSES

__all__ = ["EMPTIED", "JUDGED", "KINDS", "KIND_WORDS", "LIVE", "PHASES", "STATUSES"]

#: Each kind as a reader calls it.
KIND_WORDS: Final = {
    "person": "people",
    "simulated": "simulated participants",
    "machine": "machines",
}
#: Kinds whose sessions the quality rules judge.
JUDGED: Final = ("person", "simulated")
#: Statuses of a session that its participant can still continue.
LIVE: Final = ("entered", "consented", "practising", "running")
#: Statuses of sessions of which only the fact and the day are kept: consent was declined, the
#: participant withdrew, or the time for which the study keeps responses is over.
EMPTIED: Final = ("declined", "withdrawn", "expired")
