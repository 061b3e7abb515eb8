"""Names of learners, tracers and policies, for the command line: importing them loads no numpy.

A test compares them with the classes and functions that they name.
"""

from __future__ import annotations

from typing import Final

LEARNERS: Final = ("exemplar", "prototype", "linear")
TRACERS: Final = (*LEARNERS, "mixed")
POLICIES: Final = ("random", "balanced", "largest_error", "expected_gain")
TARGETS: Final = ("greedy", "uniform", "worst")
REWARDS: Final = ("next", "test")
