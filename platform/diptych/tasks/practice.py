"""What follows a finished practice block, each outcome by its name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diptych.tasks import PlannedTrial


@dataclass(frozen=True)
class Passed:
    """The session goes on with its plan."""


@dataclass(frozen=True)
class PractiseAgain:
    """Another practice block comes first.

    Attributes
    ----------
    trials : sequence of PlannedTrial
        The block, at least one trial.
    """

    trials: Sequence[PlannedTrial]


@dataclass(frozen=True)
class Failed:
    """No attempt is left: the session ends politely."""


AfterPractice = Passed | PractiseAgain | Failed
