"""What policies of spaced repetition share: images that are due come before new ones."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from diptych.policies import Candidate, Past
from diptych.policies.teaching import Chances, TeachingPolicy, equal


class RepetitionPolicy(TeachingPolicy):
    """Shows the image that is most overdue, else a new one, else the one that is due next."""

    @abstractmethod
    def due(self, candidate: Candidate, history: Sequence[Past]) -> float:
        """Return the number of the trial at which a candidate that was shown is due again."""

    def chances(self, pool: Sequence[Candidate], history: Sequence[Past]) -> Chances:
        shown = {past.candidate for past in history}
        due = {each: self.due(each, history) for each in pool if each in shown}
        new = [each for each in pool if each not in shown]
        soonest = min(due.values(), default=float("inf"))
        if new and soonest > len(history):
            return self.balanced(new, history)
        return equal([each for each, at in due.items() if at == soonest])
