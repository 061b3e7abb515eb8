"""Category learning: name the class of one image a trial, with feedback in training.

After Kondapaneni et al., Visual Knowledge Tracing (ECCV 2022); thesis sec. 2.5.1 and 2.12.1.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, ClassVar, Literal

from pydantic import Field

from diptych.policies import Candidate, Past, Policy
from diptych.study.content import FrozenStimulus
from diptych.study.faults import Fault
from diptych.tasks import (
    ImageURL,
    PlannedTrial,
    ResponseFault,
    Tally,
    Task,
    TaskFeedback,
    TaskParameters,
    TaskResponse,
    TaskShown,
    draw,
    not_shown,
    numbers_of,
)
from diptych_analysis.tables.schema import CATEGORY_LEARNING_TRIALS

PHASES = ("practice", "training", "test")


class CategoryLearningParameters(TaskParameters):
    """Parameters of category learning."""

    rank: int = Field(
        3, ge=1, description="Number of classes that the participant ranks, the most likely first."
    )
    feedback: tuple[Literal["practice", "training", "test"], ...] = Field(
        ("practice", "training"),
        description="Phases in which the page shows the true class after each answer.",
    )
    feedback_ms: int = Field(
        0,
        ge=0,
        le=60_000,
        description="Duration of the feedback, in ms. 0: until the participant selects Continue.",
    )
    half_way: bool = Field(True, description="Whether a page announces the middle of the training.")
    show_score: bool = Field(True, description="Whether the debrief shows the score of the test.")


class CategoryLearningResponse(TaskResponse):
    """The answer: class names, the likeliest first."""

    ranking: tuple[str, ...] = Field(min_length=1, max_length=64)


class CategoryLearningShown(TaskShown):
    """One image and the classes that it may belong to."""

    image: str = Field(description="Address of the image.")
    classes: list[str] = Field(description="Names of the classes, in the order of their buttons.")
    rank: int = Field(description="Number of classes to rank; 1 is a single choice.")


class CategoryLearningFeedback(TaskFeedback):
    """The true class."""

    correct: bool = Field(description="Whether the first class is the true one.")
    label: str = Field(description="The true class.")
    duration_ms: int = Field(description="0: until the participant selects Continue.")


class CategoryLearning(Task):
    """One image, `rank` classes in order of likelihood."""

    name = "category_learning"
    phases = PHASES
    Parameters = CategoryLearningParameters
    Response = CategoryLearningResponse
    Shown = CategoryLearningShown
    Feedback = CategoryLearningFeedback
    public = ("rank", "feedback_ms")
    repeatable = True
    timing_defaults: ClassVar[Mapping[str, Any]] = {"iti_ms": 250}
    teachable = True
    columns = CATEGORY_LEARNING_TRIALS
    observers = "diptych.tasks.category_learning.observers"
    figures = (
        "diptych.tasks.category_learning.figures:LearningCurves",
        "diptych.tasks.category_learning.figures:Confusion",
        "diptych.tasks.category_learning.figures:TestScores",
    )
    parameters: CategoryLearningParameters

    @cached_property
    def pool(self) -> list[Candidate]:
        """Every labelled stimulus, by file."""
        return [
            Candidate(s.file, s.label, numbers_of(s.attributes))
            for s in self.content.stimuli
            if s.label
        ]

    @cached_property
    def _candidates(self) -> dict[str, Candidate]:
        return {candidate.id: candidate for candidate in self.pool}

    def faults(self, policy: Policy, policy_key: str) -> Iterator[Fault]:
        content, spec = self.content, self.content.spec
        for phase in spec.phases:
            if phase not in PHASES:
                yield Fault("study.toml", f"phases.{phase}", "a phase", ", ".join(PHASES))
        trials = sum(spec.trials(phase) for phase in PHASES)
        if trials == 0:
            yield Fault("study.toml", "phases", "no trials", "at least one trial")
        if not content.stimuli:
            return  # the manifest has said why
        for stimulus in content.stimuli:
            if not stimulus.label:
                file = spec.stimuli.manifest
                yield Fault(file, f"{stimulus.file}, label", "nothing", "the class of the image")
        yield from self._contradictions()
        if len(content.labels) < 2:
            found = ", ".join(content.labels) or "none"
            yield Fault(spec.stimuli.manifest, "label", f"the classes {found}", "two or more")
        elif self.parameters.rank > len(content.labels):
            yield Fault(
                "study.toml",
                "task.rank",
                str(self.parameters.rank),
                f"1 to {len(content.labels)}, the number of classes",
            )
        yield from self.policy_faults(policy, policy_key, self.pool, trials)
        tested = sum(spec.trials(p) for p in PHASES if p not in self.parameters.feedback)
        if policy.teaches and tested >= len(self.pool):
            found = f"{tested} trials without feedback"
            allowed = f"at most {len(self.pool) - 1}, so that images to teach with are left"
            yield Fault("study.toml", "phases", found, allowed)

    def _contradictions(self) -> Iterator[Fault]:
        """Yield a fault for each picture that is under one class and under another."""
        first: dict[str, FrozenStimulus] = {}
        for stimulus in self.content.stimuli:
            other = first.setdefault(stimulus.stimulus_id, stimulus)
            if other.label != stimulus.label:
                yield Fault(
                    self.content.spec.stimuli.manifest,
                    f"{stimulus.file}, label",
                    f"{stimulus.label!r} for the same picture as {other.file}, which is "
                    f"{other.label!r} there",
                    "one class for one picture",
                )

    def plan(self, policy: Policy, rng: random.Random) -> list[PlannedTrial]:
        pool, history, trials = self.pool, list[Past](), list[PlannedTrial]()
        for phase in PHASES:
            count = self.content.spec.trials(phase)
            if policy.teaches and phase not in self.parameters.feedback:
                # A teacher must not choose the test: all arms are measured in the same way.
                balanced = policy.measuring()
                left = not_shown(pool, balanced, history)
                drawn = draw(left, count, phase, balanced, history, rng)
                items: Sequence[Mapping[str, Any] | None] = [self._item(c) for c in drawn]
            elif policy.adaptive:
                items = [None] * count
            else:
                left = not_shown(pool, policy, history)
                drawn = draw(left, count, phase, policy, history, rng)
                items = [self._item(candidate) for candidate in drawn]
            trials += [
                PlannedTrial(phase, item, notice=self._notice(phase, i, count, bool(trials)))
                for i, item in enumerate(items)
            ]
        return trials

    def _item(self, candidate: Candidate) -> dict[str, Any]:
        return {"stimulus": self.content.place_of[candidate.id]}

    def _notice(self, phase: str, index: int, count: int, later: bool) -> str | None:
        if index == 0:
            return "practice" if phase == "practice" else "phase_change" if later else None
        if self.parameters.half_way and phase == "training" and index == count // 2:
            return "half_way"
        return None

    def choose(
        self, phase: str, policy: Policy, history: Sequence[Past], rng: random.Random
    ) -> Mapping[str, Any]:
        return self._item(policy.choose(not_shown(self.pool, policy, history), history, rng))

    def choose_before(
        self,
        phase: str,
        policy: Policy,
        history: Sequence[Past],
        rng: random.Random,
        later: Sequence[PlannedTrial],
    ) -> Mapping[str, Any]:
        if not policy.teaches:
            return self.choose(phase, policy, history, rng)
        kept = {self.candidate_of(trial) for trial in later if trial.item is not None}
        pool = [each for each in not_shown(self.pool, policy, history) if each not in kept]
        return self._item(policy.choose(pool, history, rng))

    def candidate_of(self, trial: PlannedTrial) -> Candidate:
        return self._candidates[self._stimulus(trial).file]

    def _stimulus(self, trial: PlannedTrial) -> FrozenStimulus:
        assert trial.item is not None
        return self.content.stimuli[int(trial.item["stimulus"])]

    def places(self, trial: PlannedTrial) -> list[int]:
        return [self._stimulus(trial).place]

    def show(self, trial: PlannedTrial, seed: int, image: ImageURL, tally: Tally) -> dict[str, Any]:
        return {
            "image": image(self._stimulus(trial).place),
            "classes": self.arrangement(trial, seed)["choices"],
            "rank": self.parameters.rank,
        }

    def arrangement(self, trial: PlannedTrial, seed: int) -> dict[str, Any]:
        return {"choices": list(_order(tuple(self.content.labels), seed))}

    def check(self, trial: PlannedTrial, response: CategoryLearningResponse) -> None:
        ranking = response.ranking
        if len(ranking) != self.parameters.rank:
            raise ResponseFault(
                "response.ranking",
                f"{len(ranking)} classes, but the task asks for {self.parameters.rank}",
            )
        unknown = [name for name in ranking if name not in self.content.labels]
        if unknown:
            raise ResponseFault("response.ranking", f"{unknown[0]!r} is not a class of the study")
        if len(set(ranking)) < len(ranking):
            raise ResponseFault("response.ranking", "a class occurs twice")

    def score(self, trial: PlannedTrial, response: CategoryLearningResponse) -> bool:
        return response.ranking[0] == self._stimulus(trial).label

    def feedback(
        self, trial: PlannedTrial, response: CategoryLearningResponse
    ) -> dict[str, Any] | None:
        if trial.phase not in self.parameters.feedback:
            return None
        return {
            "correct": self.score(trial, response),
            "label": self._stimulus(trial).label,
            "duration_ms": self.parameters.feedback_ms,
        }

    def chance(self) -> float:
        return 1 / len(self.content.labels)

    def describe(self, trial: PlannedTrial) -> dict[str, Any]:
        if trial.item is None:
            return {}
        stimulus = self._stimulus(trial)
        return {
            "item_id": stimulus.stimulus_id,
            "stimulus_id": stimulus.stimulus_id,
            "label": stimulus.label,
        }

    def tabulate(self, trial: PlannedTrial, response: CategoryLearningResponse) -> dict[str, Any]:
        return {
            "response": response.ranking[0],
            "response_ranking": "|".join(response.ranking),
        }


# The same for all trials of a session: an export asks for each of them, one after the other.
@lru_cache(maxsize=1024)
def _order(labels: tuple[str, ...], seed: int) -> tuple[str, ...]:
    """Draw the order of the classes' buttons, once per session."""
    classes = sorted(labels)
    random.Random(f"{seed}:classes").shuffle(classes)
    return tuple(classes)
