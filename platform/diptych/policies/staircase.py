"""Staircases: each answer moves the level of the next trial up or down."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from diptych.policies import Candidate, Past
from diptych.policies.levels import AdaptiveParameters, AdaptivePolicy


class StaircaseParameters(AdaptiveParameters):
    """Parameters of a staircase. Levels and steps are on the policy's axis (see `log`)."""

    start: float | tuple[float, ...] = Field(
        description="Level of the first trial, in the unit of the attribute; with `tracks`, one "
        "level for all tracks or a list with one for each."
    )
    steps: tuple[float, ...] = Field(
        min_length=1,
        description="Step sizes down. Each reversal moves on to the next; the last one stays. "
        "With `log`, a step of 0.1 is about 10 %.",
    )
    easier: Literal["higher", "lower"] = Field(
        "higher", description="Which levels make a positive answer more likely."
    )
    rule: Literal["weighted", "transformed"] = Field(
        "weighted",
        description="`weighted`: one answer moves the level, and steps up are larger "
        "(Kaernbach 1991). `transformed`: several answers move it, and steps are equal "
        "(Levitt 1971).",
    )
    target: float = Field(
        0.75, gt=0, lt=1, description="Weighted: share of positive answers to converge to."
    )
    down: int = Field(
        2, ge=1, le=8, description="Transformed: positive answers in a row that make it harder."
    )
    up: int = Field(
        1, ge=1, le=8, description="Transformed: negative answers in a row that make it easier."
    )


@dataclass(frozen=True)
class State:
    """Where a staircase is.

    Attributes
    ----------
    level : float
        The level of the next trial, on the policy's axis; higher is easier.
    reversals : tuple of float
        The levels at which the direction changed.
    direction : int
        Of the last move: 1 easier, -1 harder, 0 before the first.
    positive, negative : int
        Answers in a row since the last move.
    """

    level: float
    reversals: tuple[float, ...] = ()
    direction: int = 0
    positive: int = 0
    negative: int = 0


class Staircase(AdaptivePolicy):
    """A weighted or transformed up-down staircase.

    References
    ----------
    .. [1] Kaernbach, C. (1991). Simple adaptive testing with the weighted up-down method.
       Perception & Psychophysics 49, 227-229.
    .. [2] Levitt, H. (1971). Transformed up-down methods in psychoacoustics. Journal of the
       Acoustical Society of America 49, 467-477.
    """

    name = "staircase"
    Parameters = StaircaseParameters
    parameters: StaircaseParameters

    def choose(
        self, pool: Sequence[Candidate], history: Sequence[Past], rng: random.Random
    ) -> Candidate:
        track, past, number = self.track(pool, history, rng)
        state = self.state(track, past, number)
        return self.at_level(track, self._sign * state.level, history, rng)

    def faults(self, pool: Sequence[Candidate], trials: int) -> list[str]:
        faults, given = super().faults(pool, trials), self.parameters
        if any(step <= 0 for step in given.steps):
            faults.append(f"steps {list(given.steps)} must all be above 0")
        starts = self._starts
        if len(starts) not in (1, given.tracks):
            faults.append(f"start has {len(starts)} levels for {given.tracks} tracks")
        if given.log and min(starts) <= 0:
            faults.append(f"start is {min(starts):g}, which has no logarithm; set log = false")
        name = given.attribute
        values = [each.attributes[name] for each in pool if name in each.attributes]
        for start in starts if values else ():
            if not min(values) <= start <= max(values):
                faults.append(
                    f"start is {start:g}, but {name!r} goes from {min(values):g} to {max(values):g}"
                )
        return faults

    @property
    def _starts(self) -> tuple[float, ...]:
        start = self.parameters.start
        return start if isinstance(start, tuple) else (start,)

    @property
    def _sign(self) -> int:
        return 1 if self.parameters.easier == "higher" else -1

    def state(self, pool: Sequence[Candidate], history: Sequence[Past], track: int = 0) -> State:
        """Return where a track is after its trials.

        Parameters
        ----------
        pool : sequence of Candidate
            What the track can show: the staircase never leaves its range of levels.
        history : sequence of Past
            The trials of the track; answers that are not known move nothing.
        track : int
            Number of the track, for its first level.

        Returns
        -------
        State
            The same for the same trials, on whichever host.
        """
        levels = [self._sign * self.level(each) for each in pool]
        low, high = min(levels), max(levels)
        name = self.parameters.attribute
        first = self._starts[track % len(self._starts)]
        start = self._sign * self.level(Candidate("", "", {name: first}))
        state = State(min(max(start, low), high))
        for past in history:
            positive = self.positive(past)
            if positive is not None:
                state = self._after(state, positive, low, high)
        return state

    def _after(self, state: State, positive: bool, low: float, high: float) -> State:
        """Return the state after one more response."""
        rights = state.positive + 1 if positive else 0
        wrongs = 0 if positive else state.negative + 1
        weighted = self.parameters.rule == "weighted"
        if rights >= (1 if weighted else self.parameters.down):
            direction = -1
        elif wrongs >= (1 if weighted else self.parameters.up):
            direction = 1
        else:
            return State(state.level, state.reversals, state.direction, rights, wrongs)
        reversals = state.reversals
        if direction == -state.direction:
            reversals = (*reversals, state.level)
        steps = self.parameters.steps
        step = steps[min(len(reversals), len(steps) - 1)]
        if direction > 0 and weighted:
            # Kaernbach 1991: at the target p, (1 - p) * up = p * down.
            step *= self.parameters.target / (1 - self.parameters.target)
        return State(min(max(state.level + direction * step, low), high), reversals, direction)
