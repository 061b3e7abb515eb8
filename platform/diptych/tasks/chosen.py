"""What an adaptive policy chose for a trial."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Chosen:
    """What an adaptive policy chose for a trial.

    Attributes
    ----------
    item : Mapping[str, Any]
        What is shown and how it is arranged, as in `PlannedTrial`.
    choice : Mapping[str, Any] | None
        How a policy that teaches chose it (`policies.Explained.stored`).
    """

    item: Mapping[str, Any]
    choice: Mapping[str, Any] | None = None
