"""The method of constant stimuli: each level of an attribute equally often, in random order."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from diptych.policies import Candidate, Past
from diptych.policies.levels import LevelPolicy


class ConstantStimuli(LevelPolicy):
    """Shows every level once before it shows one again (Fechner's method of constant stimuli).

    At any moment the counts of two levels differ by one at most. Candidates may repeat.
    """

    name = "constant_stimuli"

    def choose(
        self, pool: Sequence[Candidate], history: Sequence[Past], rng: random.Random
    ) -> Candidate:
        shown = Counter(self.level(past.candidate) for past in history)
        levels = sorted({self.level(each) for each in pool})
        fewest = min(shown[level] for level in levels)
        least = [level for level in levels if shown[level] == fewest]
        return self.at_level(pool, least[rng.randrange(len(least))], history, rng)
