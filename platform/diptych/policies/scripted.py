"""The scripted policy: one fixed sequence for everybody."""

from __future__ import annotations

import random
from collections.abc import Sequence

from pydantic import Field

from diptych.policies import Candidate, Past, Policy, PolicyParameters


class ScriptedParameters(PolicyParameters):
    """Parameters of the scripted policy."""

    sequence: tuple[str, ...] = Field(
        description="Files (or item ids) in the order of the trials, one phase after the other."
    )


class Scripted(Policy):
    """Shows the candidates of `sequence` one after the other."""

    name = "scripted"
    Parameters = ScriptedParameters
    parameters: ScriptedParameters

    def choose(
        self, pool: Sequence[Candidate], history: Sequence[Past], rng: random.Random
    ) -> Candidate:
        wanted = self.parameters.sequence[len(history)]
        return next(candidate for candidate in pool if candidate.id == wanted)

    def faults(self, pool: Sequence[Candidate], trials: int) -> list[str]:
        known = {candidate.id for candidate in pool}
        sequence = self.parameters.sequence
        faults = [
            f"sequence names {entry!r}, which is not in the manifest"
            for entry in dict.fromkeys(sequence)
            if entry not in known
        ]
        if len(sequence) < trials:
            faults.append(
                f"sequence has {len(sequence)} entries, but the phases have {trials} trials"
            )
        if len(set(sequence)) < len(sequence):
            faults.append("sequence names an entry twice; a session can show each entry once")
        return faults
