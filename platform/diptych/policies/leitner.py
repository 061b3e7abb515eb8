"""The Leitner policy: boxes whose images come back after more and more trials."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from diptych.policies import Candidate, Past
from diptych.policies.repetition import RepetitionPolicy
from diptych.policies.teaching import TeachingParameters


class LeitnerParameters(TeachingParameters):
    """Parameters of the Leitner policy."""

    intervals: tuple[int, ...] = Field(
        (3, 6, 12, 24),
        min_length=1,
        description="Trials after which an image of each box is due again, the first box first.",
    )


class Leitner(RepetitionPolicy):
    """A right answer moves an image to the next box, a wrong one back to the first.

    References
    ----------
    .. [1] Leitner, S. (1972). So lernt man lernen. Herder.
    """

    name = "leitner"
    Parameters = LeitnerParameters
    parameters: LeitnerParameters

    def due(self, candidate: Candidate, history: Sequence[Past]) -> float:
        box, last, intervals = 0, 0, self.parameters.intervals
        for number, past in enumerate(history):
            if past.candidate == candidate:
                box, last = min(box + 1, len(intervals) - 1) if past.correct else 0, number
        return last + intervals[box]

    def faults(self, pool: Sequence[Candidate], trials: int) -> list[str]:
        wrong = [each for each in self.parameters.intervals if each < 1]
        return [f"intervals has {wrong[0]}; each is 1 or more"] if wrong else []
