"""How long a simulated participant takes over each thing: log-normal, around published times.

Two to three seconds a trial of category learning, six a 2-AFC trial with 18 examples. With the
texts, a session of 45 trials takes some four minutes, or eight. The published median of the
Greebles is 8.8: as many people make more load here than there.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """A log-normal time.

    Attributes
    ----------
    median : float
        Of what is drawn, s.
    spread : float
        Standard deviation of its logarithm.
    least : float
        Seconds that are always added: what the page makes everybody wait.
    """

    median: float
    spread: float
    least: float = 0.0

    def draw(self, rng: random.Random) -> float:
        """Draw one time, s."""
        return self.least + rng.lognormvariate(math.log(self.median), self.spread)

    @property
    def mean(self) -> float:
        """The mean time, s."""
        return self.least + self.median * math.exp(self.spread**2 / 2)


@dataclass(frozen=True)
class Pace:
    """The times of one task: before consent is given, and so on.

    Attributes
    ----------
    told : Span
        What a participant looks at the feedback.
    """

    consent: Span
    instructions: Span
    ready: Span
    trial: Span
    told: Span
    comment: Span
    debrief: Span

    def before_trials(self) -> float:
        """Return the mean time until the first trial, s."""
        return self.consent.mean + self.instructions.mean + self.ready.mean

    def whole(self, trials: int, told: int) -> float:
        """Return the mean time of a session, s.

        Parameters
        ----------
        trials : int
            Number of trials.
        told : int
            Number of those that are followed by feedback.
        """
        after = self.comment.mean + self.debrief.mean
        return self.before_trials() + trials * self.trial.mean + told * self.told.mean + after


PACES = {
    "category_learning": Pace(
        consent=Span(20, 0.5),
        instructions=Span(40, 0.5),
        ready=Span(3, 0.4),
        trial=Span(2.2, 0.5),
        told=Span(1.4, 0.5),
        comment=Span(8, 0.5),
        debrief=Span(8, 0.5),
    ),
    "two_afc": Pace(
        consent=Span(20, 0.5),
        instructions=Span(60, 0.5),
        ready=Span(3, 0.4),
        trial=Span(4.0, 0.45, least=1.5),
        told=Span(0.8, 0.4, least=1.5),
        comment=Span(8, 0.5),
        debrief=Span(8, 0.5),
    ),
}
