"""The balanced policy: all classes (or units) equally often, in random order."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from diptych.policies import Candidate, Past, Policy


class Balanced(Policy):
    """Draws from the classes that the session has shown least often so far.

    At any moment the counts of two classes that still have candidates differ by one at most.
    """

    name = "balanced"

    def choose(
        self, pool: Sequence[Candidate], history: Sequence[Past], rng: random.Random
    ) -> Candidate:
        shown = Counter(past.candidate.group for past in history)
        fewest = min(shown[candidate.group] for candidate in pool)
        groups = sorted({c.group for c in pool if shown[c.group] == fewest})
        group = groups[rng.randrange(len(groups))]
        members = [candidate for candidate in pool if candidate.group == group]
        return members[rng.randrange(len(members))]
