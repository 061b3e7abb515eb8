"""Comparison: two displays, and one question about which of them has more of something.

The test display is compared with the reference display, side by side or in turn: the method of
constant stimuli, or of an adaptive policy, for a psychometric function.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from diptych.policies import Candidate, Policy
from diptych.study.content import FrozenItem
from diptych.study.faults import Fault
from diptych.tasks import (
    ImageURL,
    PlannedTrial,
    ResponseFault,
    Tally,
    TaskFeedback,
    TaskResponse,
    TaskShown,
)
from diptych.tasks.items import ItemLayout, Role
from diptych.tasks.judgement import JudgementParameters, JudgementTask
from diptych_analysis.tables.schema import Column, Judged

#: The two displays of an item, by their columns in items.csv.
TEST, REFERENCE = "test", "reference"
#: The places of the displays: beside each other, or one after the other.
PLACES = {"side_by_side": ("left", "right"), "in_turn": ("first", "second")}
Place = Literal["left", "right", "first", "second"]
#: What the page leaves free beside the displays, and between them (style/judgement.css): CSS
#: pixels, and a share of the window's width with its bounds.
MARGINS, GAP, GAP_BOUNDS = 40, 0.04, (16, 64)


class ComparisonParameters(JudgementParameters):
    """Parameters of the comparison task."""

    layout: Literal["side_by_side", "in_turn"] = Field(
        "side_by_side",
        description="`side_by_side` shows both displays at once; `in_turn` shows one after the "
        "other, each for `[timing] exposure_ms`.",
    )
    gap_ms: int = Field(
        500,
        ge=0,
        le=60_000,
        description="Blank time between the two displays of `in_turn`, in ms.",
    )
    confidence: bool = Field(
        False, description="Whether the page then asks how sure the participant is, 1 to 3."
    )


class ComparisonResponse(TaskResponse):
    """The answer: the place of the chosen display, and how sure where the study asks."""

    choice: Place
    confidence: Literal[1, 2, 3] | None = None


class ComparisonShown(TaskShown):
    """Two displays, in the order of their places."""

    question: str
    layout: Literal["side_by_side", "in_turn"]
    images: list[str] = Field(description="Addresses: left and right, or first and second.")
    gap_ms: int = Field(description="Blank time between displays in turn, in ms.")
    confidence: bool = Field(description="Whether the page asks how sure the participant is.")
    enable_after_ms: int = Field(description="Time before the page accepts an answer, in ms.")


class ComparisonFeedback(TaskFeedback):
    """The right answer."""

    correct: bool
    answer: Place = Field(description="Place of the right display.")
    duration_ms: int = Field(description="0: until the participant selects Continue.")


class Comparison(JudgementTask):
    """Two displays, one choice: which has more of what the study asks for."""

    name = "comparison"
    Parameters = ComparisonParameters
    Response = ComparisonResponse
    Shown = ComparisonShown
    Feedback = ComparisonFeedback
    observers = "diptych.tasks.comparison.observers"
    figures = (
        "diptych.tasks.comparison.figures:PsychometricCurve",
        "diptych.tasks.comparison.figures:RightAnswers",
        "diptych.tasks.comparison.figures:Places",
    )
    items = ItemLayout((Role(TEST, TEST, single=True), Role(REFERENCE, REFERENCE, single=True)))
    columns = (
        Column(
            "chosen_role",
            "string",
            "The display that was chosen, wherever it was.",
            levels=(TEST, REFERENCE),
        ),
        Column(
            "test_place",
            "string",
            "Place of the test display.",
            levels=("left", "right", "first", "second"),
        ),
    )
    parameters: ComparisonParameters

    @property
    def _places(self) -> tuple[str, str]:
        return PLACES[self.parameters.layout]

    def faults(self, policy: Policy, policy_key: str) -> Iterator[Fault]:
        yield from super().faults(policy, policy_key)
        if self.parameters.layout == "in_turn" and not self.timing.exposure_ms:
            allowed = 'above 0: layout = "in_turn" shows each display for this time'
            yield Fault("study.toml", "timing.exposure_ms", "0", allowed)
        width, size = self.content.spec.screen.min_width, self.timing.image_px
        most = max(0, math.floor((width - MARGINS - _gap(width)) / 2))
        # What is larger than the window is a fault of every task.
        if self.parameters.layout == "side_by_side" and size and most < size <= width:
            allowed = (
                f"at most {most}: both displays must fit beside each other into the smallest "
                f"window, {width} px ([screen] min_width)"
            )
            yield Fault("study.toml", "timing.image_size", f"{size:g}", allowed)

    def item_faults(self, item: FrozenItem, file: str) -> Iterator[Fault]:
        yield from super().item_faults(item, file)
        for role in (TEST, REFERENCE):
            found = len(item.stimuli[role])
            if found != 1:
                yield Fault(file, f"{item.item_id}, {role}", f"{found} images", "one image")
        if self.answer_of(item) not in (None, TEST, REFERENCE):
            allowed = f"{TEST}, {REFERENCE}, or nothing where neither is right"
            yield Fault(file, f"{item.item_id}, answer", repr(self.answer_of(item)), allowed)

    def arranged(self, candidate: Candidate, rng: random.Random) -> dict[str, Any]:
        """Return an item with the order of its displays."""
        order = [TEST, REFERENCE]
        rng.shuffle(order)
        return {"item": candidate.id, "order": order}

    def _order(self, trial: PlannedTrial) -> list[str]:
        """Return the roles of the displays in the order of the places."""
        assert trial.item is not None
        order: list[str] = trial.item["order"]
        return order

    def _right(self, trial: PlannedTrial) -> str | None:
        """Return the place of the right answer; None for an item without one."""
        answer = self.answer_of(self.item_of(trial))
        return None if answer is None else self._places[self._order(trial).index(answer)]

    def _chosen(self, trial: PlannedTrial, response: ComparisonResponse) -> str:
        return self._order(trial)[self._places.index(response.choice)]

    def places(self, trial: PlannedTrial) -> list[int]:
        stimuli = self.item_of(trial).stimuli
        return [stimuli[role][0] for role in self._order(trial)]

    def show(self, trial: PlannedTrial, seed: int, image: ImageURL, tally: Tally) -> dict[str, Any]:
        chosen = self.parameters
        return {
            "question": chosen.question,
            "layout": chosen.layout,
            "images": [image(place) for place in self.places(trial)],
            "gap_ms": chosen.gap_ms,
            "confidence": chosen.confidence,
            "enable_after_ms": chosen.enable_after_ms,
        }

    def arrangement(self, trial: PlannedTrial, seed: int) -> dict[str, Any]:
        if trial.item is None:
            return {}
        return {"test_place": self._places[self._order(trial).index(TEST)]}

    def check(self, trial: PlannedTrial, response: ComparisonResponse) -> None:
        if response.choice not in self._places:
            allowed = f"the places are {' and '.join(self._places)}"
            raise ResponseFault("response.choice", f"{response.choice}; {allowed}")
        if (response.confidence is not None) != self.parameters.confidence:
            allowed = "1, 2 or 3" if self.parameters.confidence else "null: this study does not ask"
            raise ResponseFault("response.confidence", f"{response.confidence}; {allowed}")

    def score(self, trial: PlannedTrial, response: ComparisonResponse) -> bool | None:
        right = self._right(trial)
        return None if right is None else response.choice == right

    def feedback(self, trial: PlannedTrial, response: ComparisonResponse) -> dict[str, Any] | None:
        right = self._right(trial)
        if right is None or trial.phase not in self.parameters.feedback:
            return None
        return {
            "correct": response.choice == right,
            "answer": right,
            "duration_ms": self.parameters.feedback_ms,
        }

    def chance(self) -> float:
        return 0.5

    def judged(self) -> tuple[str, Judged] | None:
        if not self.parameters.attribute:
            return None
        return self.parameters.attribute, Judged(positive=TEST)

    def answered_in(self, row: Mapping[str, Any]) -> str | None:
        return row.get("chosen_role")

    def answered(self, trial: PlannedTrial, response: ComparisonResponse) -> str:
        # The chosen display: its place differs from trial to trial.
        return self._chosen(trial, response)

    def describe(self, trial: PlannedTrial) -> dict[str, Any]:
        if trial.item is None:
            return {}
        return {
            "item_id": self.item_of(trial).item_id,
            "stimulus_id": None,
            "label": self._right(trial),
        }

    def tabulate(self, trial: PlannedTrial, response: ComparisonResponse) -> dict[str, Any]:
        return {
            "response": response.choice,
            "chosen_role": self._chosen(trial, response),
            "confidence": response.confidence,
        }


def _gap(width: int) -> float:
    """Return the space between displays side by side in a window of a width, CSS pixels."""
    least, most = GAP_BOUNDS
    return min(max(least, GAP * width), most)
