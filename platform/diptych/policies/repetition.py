"""What policies of spaced repetition share: images that are due come before new ones."""

from __future__ import annotations

import random
from abc import abstractmethod
from collections.abc import Sequence

from diptych.policies import Candidate, Past
from diptych.policies.teaching import TeachingPolicy


class RepetitionPolicy(TeachingPolicy):
    """Shows the image that is most overdue, else a new one, else the one that is due next."""

    @abstractmethod
    def due(self, candidate: Candidate, history: Sequence[Past]) -> float:
        """Return the number of the trial at which a candidate that was shown is due again."""

    def choose(
        self, pool: Sequence[Candidate], history: Sequence[Past], rng: random.Random
    ) -> Candidate:
        shown = {past.candidate for past in history}
        due = {each: self.due(each, history) for each in pool if each in shown}
        new = [each for each in pool if each not in shown]
        soonest = min(due.values(), default=float("inf"))
        if new and soonest > len(history):
            return self.balanced(new, history, rng)
        first = [each for each, at in due.items() if at == soonest]
        return first[rng.randrange(len(first))]
