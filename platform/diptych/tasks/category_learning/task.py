"""Category learning: name the class of one image a trial, with feedback in training.

After Kondapaneni et al., Visual Knowledge Tracing (ECCV 2022); thesis sec. 2.5.1 and 2.12.1.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from typing import Any, ClassVar

from diptych.policies import Candidate, Past, Policy, without
from diptych.study.content import FrozenStimulus
from diptych.study.faults import Fault
from diptych.tasks import (
    Chosen,
    ImageURL,
    PlannedTrial,
    ResponseFault,
    Tally,
    Task,
    draw,
    not_shown,
    numbers_of,
)
from diptych.tasks.category_learning.documents import (
    CategoryLearningFeedback,
    CategoryLearningParameters,
    CategoryLearningResponse,
    CategoryLearningShown,
)
from diptych.tasks.category_learning.explanation import (
    Explainer,
    Explanation,
    explained,
    mask_files,
)
from diptych.tasks.category_learning.live_gap import Lesson, live_gap
from diptych_analysis.tables.schema import CATEGORY_LEARNING_TRIALS

PHASES = ("practice", "training", "test")


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
        "diptych.tasks.category_learning.gaps:LearnerGaps",
    )
    parameters: CategoryLearningParameters

    @cached_property
    def pool(self) -> list[Candidate]:
        """Every labelled stimulus, by file."""
        return [
            Candidate(s.file, s.label, numbers_of(s.attributes), s.stimulus_id)
            for s in self.content.stimuli
            if s.label
        ]

    @cached_property
    def _explainer(self) -> Explainer:
        mine, spec = self.parameters, self.content.spec
        features = mine.explanation_features
        for policy in filter(None, (self.condition.policy, spec.policy)):
            found = policy.parameters.get("features")
            features = features or (tuple(found) if isinstance(found, list) else found)
        return Explainer(
            self.content, self.pool, mine.explanation, features, mine.explanation_images
        )

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
        masks = mask_files(content)
        for stimulus in content.stimuli:
            if not stimulus.label and stimulus.file not in masks:
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
        yield from self._explanation_faults(policy, policy_key)
        tested = sum(spec.trials(p) for p in PHASES if p not in self.parameters.feedback)
        if policy.teaches and tested >= len(self.pool):
            found = f"{tested} trials without feedback"
            allowed = f"at most {len(self.pool) - 1}, so that images to teach with are left"
            yield Fault("study.toml", "phases", found, allowed)

    def _explanation_faults(self, policy: Policy, policy_key: str) -> Iterator[Fault]:
        kind, phases = self.parameters.explanation, self.parameters.feedback
        if kind == "none":
            return
        yield from self._explainer.faults()
        if not phases:
            allowed = "a phase in which feedback explains"
            yield Fault("study.toml", "task.feedback", "no phase", allowed)
        if kind == "gap" and not policy.teaches:
            allowed = "a policy that teaches, as a gap follows the answers; see docs/teaching.md"
            yield Fault("study.toml", f"{policy_key}.name", repr(policy.name), allowed)
        elif kind != "mask" and policy.adaptive and not policy.teaches:
            allowed = f"a policy that plans the trials without feedback, as a {kind} needs"
            yield Fault("study.toml", f"{policy_key}.name", repr(policy.name), allowed)

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
        untaught = self._untaught(trials)
        return [
            replace(trial, item=self._with_explanation(trial.phase, trial.item, untaught))
            for trial in trials
        ]

    def _item(self, candidate: Candidate) -> dict[str, Any]:
        return {"stimulus": self.content.place_of[candidate.id]}

    def _untaught(self, trials: Iterable[PlannedTrial]) -> set[int]:
        """Return the places that trials show without feedback, as far as they are chosen."""
        return {
            place
            for trial in trials
            if trial.phase not in self.parameters.feedback and trial.item is not None
            for place in self.places(trial)
        }

    def _with_explanation(
        self,
        phase: str,
        item: Mapping[str, Any] | None,
        untaught: set[int],
        lesson: Lesson | None = None,
    ) -> Mapping[str, Any] | None:
        """Return what a trial shows, with what its feedback can show."""
        if item is None or phase not in self.parameters.feedback:
            return item
        place, features = int(item["stimulus"]), self._explainer.features
        gap = None
        if self.parameters.explanation == "gap" and lesson is not None and features is not None:
            image = self._candidates[self.content.stimuli[place].file]
            gap = live_gap(lesson, features, image)
        explanation = self._explainer.prepared(place, untaught, gap)
        return item if explanation is None else {**item, "explanation": explanation}

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
    ) -> Chosen | None:
        pool, choice = not_shown(self.pool, policy, history), None
        if policy.teaches:
            kept = {self.candidate_of(trial) for trial in later if trial.item is not None}
            pool = without(pool, kept)
            # A practice block stays whole: its end is decided by its answers.
            if history and phase != "practice" and policy.is_finished(pool, history):
                return None
            found = policy.explain(pool, history, rng)
            item, choice = self._item(found.candidate), found.stored(policy.name)
        else:
            item = self._item(policy.choose(pool, history, rng))
        if self.parameters.explanation == "none":
            return Chosen(item, choice)
        shown = (PlannedTrial(past.phase, self._item(past.candidate)) for past in history)
        untaught = self._untaught([*shown, *later])
        lesson = Lesson(policy, pool, history, self.parameters.feedback)
        return Chosen(self._with_explanation(phase, item, untaught, lesson) or item, choice)

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

    def explain(
        self, trial: PlannedTrial, response: CategoryLearningResponse, image: ImageURL
    ) -> dict[str, Any] | None:
        found = self._explained(trial, response)
        if found is None:
            return None
        return {
            "kind": found.kind,
            "images": [image(place) for place in found.own],
            "other_images": [image(place) for place in found.other],
        }

    def wrong_answer(self, trial: PlannedTrial, seed: int) -> CategoryLearningResponse:
        label = self._stimulus(trial).label
        choices = [name for name in self.arrangement(trial, seed)["choices"] if name != label]
        ranking = [choices[0], label, *choices[1:]][: self.parameters.rank]
        return CategoryLearningResponse(ranking=ranking)

    def _explained(
        self, trial: PlannedTrial, response: CategoryLearningResponse
    ) -> Explanation | None:
        """Return what explains an answer; None for a right one."""
        if trial.item is None or self.score(trial, response):
            return None
        return explained(trial.item, response.ranking[0])

    def shown_after(
        self, trial: PlannedTrial, response: CategoryLearningResponse
    ) -> Collection[str]:
        found = self._explained(trial, response)
        places = () if found is None else (*found.own, *found.other)
        return {self.content.stimuli[place].file for place in places}

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
        cells = {
            "response": response.ranking[0],
            "response_ranking": "|".join(response.ranking),
        }
        found = self._explained(trial, response)
        if found is None:
            return cells
        pictures = [
            [self.content.stimuli[place].stimulus_id for place in side]
            for side in (found.own, found.other)
        ]
        return {
            **cells,
            "explanation": found.kind,
            "explanation_images": pictures[0],
            "explanation_other_images": pictures[1],
        }


# The same for all trials of a session: an export asks for each of them, one after the other.
@lru_cache(maxsize=1024)
def _order(labels: tuple[str, ...], seed: int) -> tuple[str, ...]:
    """Draw the order of the classes' buttons, once per session."""
    classes = sorted(labels)
    random.Random(f"{seed}:classes").shuffle(classes)
    return tuple(classes)
