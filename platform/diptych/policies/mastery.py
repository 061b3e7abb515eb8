"""The mastery policy: one class after the other, each until knowledge tracing trusts it."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from diptych.policies import Candidate, Past
from diptych.policies.teaching import Chances, TeachingParameters, TeachingPolicy, equal


class MasteryParameters(TeachingParameters):
    """Parameters of the mastery policy: a model with two states per class, and a threshold."""

    threshold: float = Field(0.95, gt=0, lt=1, description="P(known) at which a class is mastered.")
    start: float = Field(0.2, gt=0, lt=1, description="P(known) before the first trial.")
    learn: float = Field(0.15, gt=0, lt=1, description="Probability that a trial teaches a class.")
    slip: float = Field(0.1, gt=0, lt=0.5, description="Probability of a wrong answer if known.")
    min_answers: int = Field(
        3,
        ge=0,
        description="Fewest answers to a class, in the part itself, before the class counts as "
        "mastered. Answers in earlier parts count for P(known) only.",
    )
    stop: bool = Field(
        True,
        description="Whether the trials with feedback end when all classes are mastered. Else they "
        "go on, balanced.",
    )
    guess: float = Field(0.3, gt=0, lt=1, description="Probability of a right answer if not.")


class Mastery(TeachingPolicy):
    """Shows the first class, by name, that is not mastered, and stops when all are.

    A class is mastered once P(known) reaches `threshold`, after at least `min_answers` answers.

    References
    ----------
    .. [1] Corbett, A. T. and Anderson, J. R. (1995). Knowledge tracing: modeling the acquisition of
       procedural knowledge. User Modeling and User-Adapted Interaction 4, 253-278, eq. 1-2.
    """

    name = "mastery"
    Parameters = MasteryParameters
    parameters: MasteryParameters

    def chances(self, pool: Sequence[Candidate], history: Sequence[Past]) -> Chances:
        for group in sorted({each.group for each in pool}):
            if not self.is_mastered(group, history):
                return equal(self.fresh([each for each in pool if each.group == group], history))
        return self.balanced(pool, history)

    def is_finished(self, pool: Sequence[Candidate], history: Sequence[Past]) -> bool:
        """Say whether all classes that can be shown are mastered."""
        groups, history = {each.group for each in pool}, self.whole(history)
        return self.parameters.stop and all(self.is_mastered(group, history) for group in groups)

    def is_mastered(self, group: str, history: Sequence[Past]) -> bool:
        """Say whether a class is known, and was answered often enough in the part itself.

        Without the second condition, a part whose classes were mastered in an earlier part would
        end after one trial, whatever the participant has forgotten.

        Parameters
        ----------
        group : str
            The class.
        history : sequence of Past
            The trials of all parts, in order (`whole`).
        """
        before = sum(len(part.trials) for part in self.earlier)
        answers = sum(
            past.candidate.group == group and past.correct is not None for past in history[before:]
        )
        is_known = self.known(group, history) >= self.parameters.threshold
        return is_known and answers >= self.parameters.min_answers

    def known(self, group: str, history: Sequence[Past]) -> float:
        """Return P(known) of a class after the trials of a participant.

        Parameters
        ----------
        group : str
            The class.
        history : sequence of Past
            The trials of all parts, in order (`whole`). Only those with feedback teach. A part
            begins with at most `threshold`: so a wrong answer counts in it, however many right ones
            there were before.
        """
        given, begins = self.parameters, self.waits
        known = given.start
        for at, past in enumerate(history):
            if at in begins:
                known = min(known, given.threshold)
            if past.candidate.group != group:
                continue
            if past.correct is not None:
                if_known = 1 - given.slip if past.correct else given.slip
                if_not = given.guess if past.correct else 1 - given.guess
                known = known * if_known / (known * if_known + (1 - known) * if_not)
            if past.phase in given.feedback:
                known += (1 - known) * given.learn
        return known
