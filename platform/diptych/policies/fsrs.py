"""The FSRS policy: images come back when the scheduler of PyPI's `fsrs` says so."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec

from pydantic import Field

from diptych.policies import Candidate, Past
from diptych.policies.repetition import RepetitionPolicy
from diptych.policies.teaching import TeachingParameters

BEGIN = datetime(2000, 1, 1, tzinfo=UTC)


class FSRSParameters(TeachingParameters):
    """Parameters of the FSRS policy."""

    retention: float = Field(
        0.9, gt=0.5, lt=1, description="Probability of recall at which an image is due again."
    )
    trial_seconds: float = Field(
        10,
        gt=0,
        description="Time of one trial, in s. Within a session the policy counts trials, not clock "
        "time; between the parts of a study the days count.",
    )


class FSRS(RepetitionPolicy):
    """The Free Spaced Repetition Scheduler, over the trials and parts of a participant.

    A right answer is rated `good`, a wrong one `again`. Needs the extra `diptych[fsrs]`.

    References
    ----------
    .. [1] Ye, J., Su, J. and Cao, Y. (2022). A stochastic shortest path algorithm for optimizing
       spaced repetition scheduling. KDD 2022.
    """

    name = "fsrs"
    Parameters = FSRSParameters
    parameters: FSRSParameters

    def due(self, candidate: Candidate, history: Sequence[Past]) -> float:
        from fsrs import Card, Rating, Scheduler

        given = self.parameters
        scheduler = Scheduler(desired_retention=given.retention, enable_fuzzing=False)
        card, second = Card(card_id=1, due=BEGIN), timedelta(seconds=given.trial_seconds)
        waits, waited = self.waits, timedelta(0)
        for number, past in enumerate(history):
            waited += timedelta(seconds=waits.get(number, 0.0))
            if past.candidate == candidate:
                rating = Rating.Good if past.correct else Rating.Again
                card, _ = scheduler.review_card(card, rating, BEGIN + waited + number * second)
        waited += timedelta(seconds=waits.get(len(history), 0.0))
        return (card.due - BEGIN - waited) / second

    def faults(self, pool: Sequence[Candidate], trials: int) -> list[str]:
        if find_spec("fsrs") is None:
            return ["needs the package fsrs: pip install 'diptych[fsrs]'"]
        return []
