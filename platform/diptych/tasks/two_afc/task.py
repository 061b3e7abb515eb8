"""Two-alternative forced choice: participants choose the query that a unit responds to more.

After Zimmermann et al., NeurIPS 2023 and 2024 (MIS paper, App. A.1; Borowski et al. 2021).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from diptych import words
from diptych.policies import Candidate, Policy
from diptych.study.content import FrozenItem
from diptych.study.faults import Fault
from diptych.tasks import (
    AfterPractice,
    Failed,
    ImageURL,
    Passed,
    PlannedTrial,
    PractiseAgain,
    Tally,
    TaskFeedback,
    TaskParameters,
    TaskResponse,
    TaskShown,
    spread,
)
from diptych.tasks.item_task import ItemTask
from diptych.tasks.items import ItemLayout, Role
from diptych_analysis.tables.schema import TWO_AFC_TRIALS, Column

PHASES = ("practice", "test", "catch")
KINDS = ("practice", "practice_hard", "test", "catch")


class TwoAFCParameters(TaskParameters):
    """Parameters of the 2-AFC task. Defaults are those of the published experiments."""

    question: str = Field(
        "",
        description='Question above the images. Empty: "Which image in the middle matches the '
        'examples on the right better?", in the language of the study.',
    )
    explanations: int = Field(9, ge=1, le=16, description="Number of example images per side.")
    practice_hard: int = Field(
        1, ge=0, description="Number of practice trials with items of kind `practice_hard`."
    )
    practice_attempts: int = Field(
        3,
        ge=1,
        description="Largest number of practice blocks. A block passes when all answers are "
        "right. After the last block without a pass, the study ends for the "
        "participant.",
    )
    shuffle: Literal["all", "keep_first"] = Field(
        "all",
        description="`all` shuffles all example images; `keep_first` keeps the first in its place "
        "(synthetic condition).",
    )
    feedback: tuple[Literal["practice", "test", "catch"], ...] = Field(
        ("practice", "test", "catch"),
        description="Phases in which the page shows whether the answer is right.",
    )
    enable_after_ms: int = Field(
        1500, ge=0, le=60_000, description="Time before the buttons start to work, in ms."
    )
    feedback_delay_ms: int = Field(
        350, ge=0, le=60_000, description="Time from the answer to the feedback, in ms."
    )
    feedback_ms: int = Field(
        1150, ge=0, le=60_000, description="Shortest time that the feedback is visible, in ms."
    )
    counter: bool = Field(
        True, description="Whether the page counts the right answers after the practice."
    )
    show_score: bool = Field(True, description="Whether the debrief shows the score.")


class TwoAFCResponse(TaskResponse):
    """The answer: which query, and how sure."""

    choice: Literal["top", "bottom"]
    confidence: Literal[1, 2, 3]


class TwoAFCMachineResponse(TaskResponse):
    """A machine's answer: the query it finds likelier, and the probability it gives to that."""

    choice: Literal["top", "bottom"]
    confidence: float = Field(ge=0.5, le=1, allow_inf_nan=False, strict=True)


class TwoAFCCounter(TaskShown):
    """Right answers among those given so far."""

    correct: int
    of: int


class TwoAFCShown(TaskShown):
    """Two rows of example images and two queries; addresses of images."""

    question: str
    negative: list[str]
    positive: list[str]
    top: str
    bottom: str
    enable_after_ms: int = Field(description="Time before the buttons start to work, in ms.")
    counter: TwoAFCCounter | None = Field(description="Null: the page shows no counter.")


class TwoAFCFeedback(TaskFeedback):
    """Whether the answer is right, and when and how long the page shows it."""

    correct: bool
    delay_ms: int = Field(description="Time from the answer to the feedback, in ms.")
    duration_ms: int = Field(description="Shortest time that the feedback is visible, in ms.")


TwoAFCAnswer = TwoAFCResponse | TwoAFCMachineResponse


class TwoAFC(ItemTask):
    """Negative explanations left, positive right, two queries in the middle."""

    name = "two_afc"
    phases = PHASES
    Parameters = TwoAFCParameters
    Response = TwoAFCResponse
    MachineResponse = TwoAFCMachineResponse
    Shown = TwoAFCShown
    Feedback = TwoAFCFeedback
    public = ("enable_after_ms", "feedback_delay_ms", "feedback_ms", "counter", "explanations")
    observers = "diptych.tasks.two_afc.observers"
    figures = (
        "diptych.tasks.two_afc.figures:HisPerUnit",
        "diptych.tasks.two_afc.figures:HisPerGroup",
        "diptych.tasks.two_afc.figures:CatchTrials",
        "diptych.tasks.two_afc.figures:PositionBias",
    )
    items = ItemLayout(
        (
            Role("query_positive", "query_positive", single=True, unrepeated=True),
            Role("query_negative", "query_negative", single=True, unrepeated=True),
            Role("positives", "positive"),
            Role("negatives", "negative"),
        ),
        unit=True,
    )
    columns = (
        *TWO_AFC_TRIALS,
        Column("item_kind", "string", "Kind of the item: practice, practice_hard, test or catch."),
    )
    parameters: TwoAFCParameters

    def group_of(self, item: FrozenItem) -> str:
        return item.unit

    def needed(self) -> dict[str, int]:
        spec = self.content.spec
        hard = min(self.parameters.practice_hard, spec.trials("practice"))
        return {
            "practice": spec.trials("practice") - hard,
            "practice_hard": hard,
            "test": spec.trials("test"),
            "catch": spec.trials("catch"),
        }

    def item_faults(self, item: FrozenItem, file: str) -> Iterator[Fault]:
        if item.kind not in KINDS:
            yield Fault(file, f"{item.item_id}, kind", repr(item.kind), ", ".join(KINDS))
        for role in self.items.roles:
            found = len(item.stimuli[role.column])
            need = 1 if role.single else self.parameters.explanations
            if found != need:
                yield Fault(file, f"{item.item_id}, {role.column}", f"{found} images", str(need))

    def plan(self, policy: Policy, rng: random.Random) -> list[PlannedTrial]:
        tests = self.tests(policy, rng)
        catches = rng.sample(self.candidates("catch"), self.content.spec.trials("catch"))
        order = spread(tests, catches, rng)
        practice = self._practice(0, rng)
        main = [
            self.planned(phase, each, rng, "phase_change" if practice and index == 0 else None)
            for index, (phase, each) in enumerate(order)
        ]
        return practice + main

    def _practice(self, block: int, rng: random.Random) -> list[PlannedTrial]:
        needed = self.needed()
        chosen = rng.sample(self.candidates("practice"), needed["practice"])
        chosen += rng.sample(self.candidates("practice_hard"), needed["practice_hard"])
        rng.shuffle(chosen)
        first_notice = "practice_again" if block else "practice"
        return [
            PlannedTrial("practice", self.arranged(c, rng), block, first_notice if i == 0 else None)
            for i, c in enumerate(chosen)
        ]

    def arranged(self, candidate: Candidate, rng: random.Random) -> dict[str, Any]:
        arranged: dict[str, Any] = {
            "item": candidate.id,
            "top": rng.choice(("positive", "negative")),
        }
        keep = 1 if self.parameters.shuffle == "keep_first" else 0
        for side in ("positives", "negatives"):
            order = list(range(self.parameters.explanations))
            rest = order[keep:]
            rng.shuffle(rest)
            arranged[side] = order[:keep] + rest
        return arranged

    def after_practice(self, wrong: int, attempts: int, rng: random.Random) -> AfterPractice:
        if wrong == 0:
            return Passed()
        if attempts >= self.parameters.practice_attempts:
            return Failed()
        block = self._practice(attempts, rng)
        return PractiseAgain(block) if block else Passed()

    def _right(self, trial: PlannedTrial) -> str:
        assert trial.item is not None
        return "top" if trial.item["top"] == "positive" else "bottom"

    def told_phases(self) -> tuple[str, ...] | None:
        """Return phases with feedback: a count of the others would reveal right responses."""
        silent = set(self.phases) - {"practice", *self.parameters.feedback}
        return self.parameters.feedback if silent else None

    def places(self, trial: PlannedTrial) -> list[int]:
        return [place for places in self.item_of(trial).stimuli.values() for place in places]

    def show(self, trial: PlannedTrial, seed: int, image: ImageURL, tally: Tally) -> dict[str, Any]:
        assert trial.item is not None
        stimuli = self.item_of(trial).stimuli
        queries = {
            "positive": image(stimuli["query_positive"][0]),
            "negative": image(stimuli["query_negative"][0]),
        }
        top = trial.item["top"]
        return {
            "question": self.parameters.question
            or words.say(self.content.spec.language, "which-fits"),
            "negative": [image(stimuli["negatives"][i]) for i in trial.item["negatives"]],
            "positive": [image(stimuli["positives"][i]) for i in trial.item["positives"]],
            "top": queries[top],
            "bottom": queries["negative" if top == "positive" else "positive"],
            "enable_after_ms": self.parameters.enable_after_ms,
            "counter": {"correct": tally.correct, "of": tally.answered}
            if self.parameters.counter
            and trial.phase in self.parameters.feedback
            and trial.phase != "practice"  # which is not in the tally
            else None,
        }

    def check(self, trial: PlannedTrial, response: TwoAFCAnswer) -> None:
        """Accept every well-formed response."""

    def score(self, trial: PlannedTrial, response: TwoAFCAnswer) -> bool:
        return response.choice == self._right(trial)

    def feedback(self, trial: PlannedTrial, response: TwoAFCAnswer) -> dict[str, Any] | None:
        if trial.phase not in self.parameters.feedback:
            return None
        return {
            "correct": self.score(trial, response),
            "delay_ms": self.parameters.feedback_delay_ms,
            "duration_ms": self.parameters.feedback_ms,
        }

    def chance(self) -> float:
        return 0.5

    def answered_in(self, row: Mapping[str, Any]) -> str:
        # Which of the two pictures was chosen, named without regard to which one is right.
        stimuli, places = self.content.stimuli, self.content.items[row["item_id"]].stimuli
        right, wrong = (
            stimuli[places[role][0]].stimulus_id for role in ("query_positive", "query_negative")
        )
        chosen, other = (right, wrong) if row["response"] == row["label"] else (wrong, right)
        return "first" if chosen < other else "second"

    def answered(self, trial: PlannedTrial, response: TwoAFCAnswer) -> str:
        # The chosen query: whether it is at the top differs from trial to trial.
        return "positive" if self.score(trial, response) else "negative"

    def least_rt_ms(self) -> float:
        return float(self.parameters.enable_after_ms)

    def describe(self, trial: PlannedTrial) -> dict[str, Any]:
        if trial.item is None:
            return {}
        item = self.item_of(trial)
        return {
            "item_id": item.item_id,
            "stimulus_id": None,
            "label": self._right(trial),
            "unit": item.unit,
            "item_kind": item.kind,
            "block": trial.block + 1 if trial.phase == "practice" else None,
        }

    def tabulate(self, trial: PlannedTrial, response: TwoAFCAnswer) -> dict[str, Any]:
        confidence: float = response.confidence
        if isinstance(response, TwoAFCMachineResponse) and response.choice != self._right(trial):
            # The mean of what a machine gives to the right query is its MIS (MIS paper, eq. 5).
            confidence = 1 - confidence
        return {"response": response.choice, "confidence": confidence}
