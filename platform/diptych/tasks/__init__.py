"""Tasks: kinds of trial. One Python file and one jsPsych plugin of the same name each.

A task says what its parameters are, how a session's trials are planned, what the browser is shown
(never the answer), how a response is checked and scored, the feedback that follows, and which
columns it adds to the tables. Found through the entry points `diptych.tasks`.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from diptych.ground.plugins import Registry
from diptych.policies import Candidate, Past, Policy
from diptych.study.content import StudyContent
from diptych.study.faults import Fault
from diptych.study.spec import Condition, StudySpec
from diptych.study.timing import TrialTiming
from diptych.tasks.chosen import Chosen
from diptych.tasks.documents import (
    OpenFeedback,
    OpenShown,
    TaskFeedback,
    TaskParameters,
    TaskResponse,
    TaskShown,
)
from diptych.tasks.drawing import draw, not_shown, numbers_of, spread
from diptych.tasks.items import STIMULUS, ItemLayout
from diptych.tasks.practice import AfterPractice, Failed, Passed, PractiseAgain
from diptych_analysis.tables.schema import Column, Judged

__all__ = [
    "REGISTRY", "AfterPractice", "Chosen", "Failed", "ImageURL", "OpenFeedback", "OpenShown",
    "Passed", "PlannedTrial", "PractiseAgain", "ResponseFault", "Tally", "Task", "TaskFeedback",
    "TaskParameters", "TaskResponse", "TaskShown", "draw", "not_shown", "numbers_of", "roles_of",
    "spread", "timing_of",
]  # fmt: skip

# Gives the opaque URL, in one session, of the stimulus at a place of the manifest.
ImageURL = Callable[[int], str]


class ResponseFault(Exception):
    """A response is well formed but can't be the answer to this trial."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        self.message = message
        super().__init__(f"{field}: {message}")


@dataclass(frozen=True)
class PlannedTrial:
    """One trial of a plan.

    Attributes
    ----------
    phase : str
        practice, training, test or catch.
    item : Mapping[str, Any] | None
        What is shown and how it is arranged, as JSON; never leaves the server as it is.
        None while an adaptive policy has not chosen yet.
    block : int
        0-based practice attempt it belongs to.
    notice : str | None
        Text shown before it (`half_way`, `phase_change`, `practice`, `practice_again`).
    """

    phase: str
    item: Mapping[str, Any] | None
    block: int = 0
    notice: str | None = None


@dataclass(frozen=True)
class Tally:
    """The session's answers so far that its participant may know of, practice left out."""

    correct: int
    answered: int


@dataclass(frozen=True)
class Answered:
    """The answer to a trial, as the host stores it.

    Attributes
    ----------
    response : TaskResponse or None
        What the browser sent; None where only the outcome is known (a preview).
    correct : bool or None
        Whether it is right; None where nothing is right or wrong.
    rt_ms : float or None
        Response time, in ms.
    missed : bool
        Whether the deadline passed without an answer.
    """

    response: Any = None
    correct: bool | None = None
    rt_ms: float | None = None
    missed: bool = False


class Task(ABC):
    """One kind of trial, for one study and condition."""

    name: ClassVar[str]
    phases: ClassVar[tuple[str, ...]]
    Parameters: ClassVar[type[TaskParameters]]
    Response: ClassVar[type[TaskResponse]]
    # What a machine sends, where a person would send something else.
    MachineResponse: ClassVar[type[TaskResponse] | None] = None
    # What `show` and `feedback` return, for the description of the API. Replies are not validated.
    Shown: ClassVar[type[TaskShown]] = OpenShown
    Feedback: ClassVar[type[TaskFeedback]] = OpenFeedback
    # Parameters the browser may know.
    public: ClassVar[tuple[str, ...]] = ()
    # What `items.csv` holds; None for a task whose trials show one stimulus of `stimuli.csv`.
    items: ClassVar[ItemLayout | None] = None
    # Columns the task adds to the table `trials`.
    columns: ClassVar[tuple[Column, ...]] = ()
    # Whether a session may show the same stimulus or item in several trials.
    repeatable: ClassVar[bool] = False
    # Whether it works with policies that teach (`choose_before`).
    teachable: ClassVar[bool] = False
    # Module with `OBSERVERS`: how simulated participants answer.
    observers: ClassVar[str] = ""
    # "package:path" of the browser's side, one ES module; empty where the host's bundle has it.
    plugin: ClassVar[str] = ""
    # Keys of `[timing]` with other defaults than those of `TrialTiming`.
    timing_defaults: ClassVar[Mapping[str, Any]] = {}
    # Figures of the dashboard, each as "module:Class" (diptych.figures).
    figures: ClassVar[tuple[str, ...]] = ()

    def __init__(self, content: StudyContent, condition: Condition) -> None:
        self.content = content
        self.condition = condition
        self.parameters: Any = self.Parameters.model_validate(
            {**content.spec.task.parameters, **condition.task}
        )
        self.timing = timing_of(type(self), content.spec, condition)

    def response_of(self, kind: str) -> type[TaskResponse]:
        """Return what participants of a kind (person, simulated, machine, preview) send."""
        return (self.MachineResponse if kind == "machine" else None) or self.Response

    @abstractmethod
    def faults(self, policy: Policy, policy_key: str) -> Iterator[Fault]:
        """Find what makes the study impossible to plan with this task."""

    @abstractmethod
    def plan(self, policy: Policy, rng: random.Random) -> list[PlannedTrial]:
        """Plan the trials of a session, practice first."""

    def choose(
        self, phase: str, policy: Policy, history: Sequence[Past], rng: random.Random
    ) -> Mapping[str, Any]:
        """Choose the item of a trial when an adaptive policy reaches it."""
        raise NotImplementedError(f"{self.name} does not work with adaptive policies")

    def choose_before(
        self,
        phase: str,
        policy: Policy,
        history: Sequence[Past],
        rng: random.Random,
        later: Sequence[PlannedTrial],
    ) -> Chosen | None:
        """Choose as `choose` does; policies that teach leave out what later trials show.

        Parameters
        ----------
        phase, policy, history, rng
            As in `choose`.
        later : sequence of PlannedTrial
            The trials after this one; those that are not chosen yet have no item.

        Returns
        -------
        Chosen or None
            None where a policy that teaches is finished: the session goes on with the trials that
            are planned.
        """
        return Chosen(self.choose(phase, policy, history, rng))

    def candidate_of(self, trial: PlannedTrial) -> Candidate:
        """Return what a trial shows, as the policies see it."""
        raise NotImplementedError(f"{self.name} does not work with adaptive policies")

    def shown_after(self, trial: PlannedTrial, response: Any) -> Collection[str]:
        """Return the candidates, by id, that feedback on an answer shows beside the item."""
        return ()

    def answered(self, trial: PlannedTrial, response: Any) -> str | None:
        """Return what an answer says of its item: the same however the page is arranged."""
        found: str | None = self.tabulate(trial, response).get("response")
        return found

    def past(self, trial: PlannedTrial, answer: Answered) -> Past:
        """Return an answered trial as the policies see it."""
        candidate, response, confidence = self.candidate_of(trial), None, None
        if answer.response is not None:
            row = self.tabulate(trial, answer.response)
            # `answered` tabulates once more, unless the task has its own.
            own = type(self).answered is not Task.answered
            response = self.answered(trial, answer.response) if own else row.get("response")
            confidence = row.get("confidence")
        return Past(
            candidate, trial.phase, response, answer.correct, answer.rt_ms, confidence,
            answer.missed,
        )  # fmt: skip

    def policy_faults(
        self, policy: Policy, policy_key: str, pool: Sequence[Candidate], trials: int
    ) -> Iterator[Fault]:
        """Yield what makes a policy impossible on a pool, for a number of trials.

        `policy_key` is the policy's table in study.toml.
        """
        if policy.repeats and not self.repeatable:
            allowed = f"a policy that shows each image once, as {self.name} needs"
            yield Fault("study.toml", f"{policy_key}.name", repr(policy.name), allowed)
        if policy.teaches and not self.teachable:
            allowed = f"a policy that does not teach, as {self.name} needs"
            yield Fault("study.toml", f"{policy_key}.name", repr(policy.name), allowed)
        for message in policy.faults(pool, trials):
            manifest = "stimuli" if self.items is None else "items"
            yield Fault("study.toml", policy_key, message, f"a policy that fits the {manifest}")

    def after_practice(self, wrong: int, attempts: int, rng: random.Random) -> AfterPractice:
        """Decide what follows a finished practice block.

        Parameters
        ----------
        wrong : int
            Number of the block's trials that were answered wrongly.
        attempts : int
            Practice blocks taken so far, this one included.
        rng : random.Random
            The session's generator for this block.

        Returns
        -------
        AfterPractice
            `Passed` by default.
        """
        return Passed()

    def told_phases(self) -> tuple[str, ...] | None:
        """Return the phases whose answers a shown `Tally` may hold; None for all but practice."""
        return None

    @abstractmethod
    def places(self, trial: PlannedTrial) -> list[int]:
        """Return the places in the manifest of all stimuli that the trial shows."""

    @abstractmethod
    def show(self, trial: PlannedTrial, seed: int, image: ImageURL, tally: Tally) -> dict[str, Any]:
        """Show a trial to the browser: nothing in it may reveal the answer."""

    def arrangement(self, trial: PlannedTrial, seed: int) -> dict[str, Any]:
        """Return the trial's own columns that say how it was arranged on the page.

        For what depends on the session and is not in `trial.item`, such as the order of buttons.
        `show` arranges the page by the same values. Nothing here may tell the answer.

        Parameters
        ----------
        trial : PlannedTrial
            The trial.
        seed : int
            The session's seed.

        Returns
        -------
        dict
            Cells by column; a sequence in a column of type `list`. Empty by default.
        """
        return {}

    @abstractmethod
    def check(self, trial: PlannedTrial, response: Any) -> None:
        """Raise `ResponseFault` when the response can't be an answer to the trial."""

    @abstractmethod
    def score(self, trial: PlannedTrial, response: Any) -> bool | None:
        """Say whether the response is right; None where there is no right or wrong."""

    def score_missed(self, trial: PlannedTrial) -> bool | None:
        """Score a trial whose deadline passed: not right, where there is a right answer."""
        return None if self.describe(trial).get("label") is None else False

    @abstractmethod
    def feedback(self, trial: PlannedTrial, response: Any) -> dict[str, Any] | None:
        """Return what the participant sees after the response; None for nothing."""

    def explain(self, trial: PlannedTrial, response: Any, image: ImageURL) -> dict[str, Any] | None:
        """Return the images that explain the answer, for `explanation` of the feedback.

        Only asked where there is feedback. It depends on its arguments alone: an answer that is
        sent again gets the same explanation. None by default.
        """
        return None

    def wrong_answer(self, trial: PlannedTrial, seed: int) -> Any:
        """Return a wrong response, so that a preview can show its explanation; None without one.

        Parameters
        ----------
        trial : PlannedTrial
            The trial.
        seed : int
            The session's seed.
        """
        return None

    def chance(self) -> float | None:
        """Return the probability of a right answer by guessing; None where that means nothing."""
        return None

    def judged(self) -> tuple[str, Judged] | None:
        """Return the number that answers depend on where no policy names one; None for none."""
        return None

    def answered_in(self, row: Mapping[str, Any]) -> str | None:
        """Return what a response says of its item, however the trial was arranged.

        Parameters
        ----------
        row : Mapping[str, Any]
            The trial's row of the tidy table `trials`.
        """
        return row.get("response")

    def least_rt_ms(self) -> float:
        """Return the shortest response time in ms that the page allows."""
        return 0.0

    @abstractmethod
    def describe(self, trial: PlannedTrial) -> dict[str, Any]:
        """Return `item_id`, `stimulus_id`, `label` and own columns of the trial in the tables."""

    @abstractmethod
    def tabulate(self, trial: PlannedTrial, response: Any) -> dict[str, Any]:
        """Return `response`, `response_ranking`, `confidence` and own columns of an answer."""


REGISTRY: Registry[Task] = Registry("diptych.tasks")


def timing_of(task: type[Task], spec: StudySpec, condition: Condition) -> TrialTiming:
    """Return what a trial of a condition shows, and for how long, with a task's own defaults."""
    return condition.timing.over(task.timing_defaults, spec.timing.model_dump())


def roles_of(name: str) -> tuple[str, ...]:
    """Return the roles that a task's images have in the tidy table `items`.

    Parameters
    ----------
    name : str
        Name of the task.

    Raises
    ------
    UnknownPlugin
        If no such task is installed.
    """
    layout = REGISTRY.get(name).items
    return (STIMULUS,) if layout is None else tuple(role.name for role in layout.roles)
