"""The random policy: every candidate that was not shown yet is equally likely."""

from __future__ import annotations

import random
from collections.abc import Sequence

from diptych.policies import Candidate, Past, Policy


class Random(Policy):
    """Draws without replacement, as the study of thesis sec. 2.5.1 does for each learner."""

    name = "random"

    def choose(
        self, pool: Sequence[Candidate], history: Sequence[Past], rng: random.Random
    ) -> Candidate:
        return pool[rng.randrange(len(pool))]
