"""Odd one out: participants choose the image that does not belong with the others.

With three images and no right answer these are the triplets of Hebart et al., Nature Human
Behaviour 4, 2020.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from diptych.policies import Candidate
from diptych.study.content import FrozenItem
from diptych.study.faults import Fault
from diptych.tasks import (
    ImageURL,
    PlannedTrial,
    ResponseFault,
    Tally,
    TaskFeedback,
    TaskParameters,
    TaskResponse,
    TaskShown,
)
from diptych.tasks.item_task import ItemTask
from diptych.tasks.items import ItemLayout, Role
from diptych_analysis.tables.schema import Column

PHASES = ("practice", "test", "catch")


class OddOneOutParameters(TaskParameters):
    """Parameters of the odd-one-out task."""

    question: str = Field(
        "",
        description='Question above the images; empty: "Which picture does not belong with the '
        'others?", in the language of the study.',
    )
    n: int = Field(3, ge=3, le=16, description="Images of a trial.")
    feedback: tuple[Literal["practice", "test", "catch"], ...] = Field(
        ("practice",),
        description="Phases in which the right answer is shown afterwards, for items that have "
        "one.",
    )
    feedback_ms: int = Field(
        0, ge=0, le=60_000, description="How long feedback stays, in ms; 0: until Continue."
    )
    enable_after_ms: int = Field(
        500, ge=0, le=60_000, description="Time before the images can be chosen, in ms."
    )
    show_score: bool = Field(
        True, description="Whether the debrief tells the score, for items with a right answer."
    )


class OddOneOutResponse(TaskResponse):
    """The answer: the place of the chosen image on the page, from 0."""

    choice: int = Field(ge=0, strict=True)


class OddOneOutShown(TaskShown):
    """Several images, in the order of their places on the page."""

    question: str | None = Field(description="Null: the page's own question.")
    images: list[str] = Field(description="Addresses of the images.")
    enable_after_ms: int = Field(description="Time before the images can be chosen, in ms.")


class OddOneOutFeedback(TaskFeedback):
    """The right answer."""

    correct: bool
    odd: int = Field(description="Place of the right answer on the page, from 0.")
    duration_ms: int = Field(description="0: until the participant selects Continue.")


class OddOneOut(ItemTask):
    """Several images, one choice: the image that does not belong with the others."""

    name = "odd_one_out"
    phases = PHASES
    Parameters = OddOneOutParameters
    Response = OddOneOutResponse
    Shown = OddOneOutShown
    Feedback = OddOneOutFeedback
    public = ("enable_after_ms", "n")
    observers = "diptych.tasks.odd_one_out.observers"
    figures = (
        "diptych.tasks.odd_one_out.figures:Choices",
        "diptych.tasks.odd_one_out.figures:RightAnswers",
        "diptych.tasks.odd_one_out.figures:Places",
    )
    items = ItemLayout(
        (Role("images", "image"), Role("odd", "odd", single=True, required=False)),
    )
    columns = (
        Column("choices", "list", "The images (`stimulus_id`) in the order of their places."),
        Column("chosen", "string", "The image (`stimulus_id`) that was chosen."),
    )
    parameters: OddOneOutParameters

    def group_of(self, item: FrozenItem) -> str:
        return str(item.attributes.get("group") or "")

    def item_faults(self, item: FrozenItem, file: str) -> Iterator[Fault]:
        images, odd = item.stimuli["images"], item.stimuli["odd"]
        shown = {self.content.stimuli[place].stimulus_id for place in images}
        if item.kind not in PHASES:
            yield Fault(file, f"{item.item_id}, kind", repr(item.kind), ", ".join(PHASES))
        if len(images) != self.parameters.n:
            allowed = f"{self.parameters.n}, as [task] n says"
            yield Fault(file, f"{item.item_id}, images", f"{len(images)} images", allowed)
        elif len(shown) < len(images):
            found = "one picture more than once"
            yield Fault(file, f"{item.item_id}, images", found, "different pictures")
        if len(odd) > 1 or not set(odd) <= set(images):
            found = ", ".join(self.content.stimuli[place].file for place in odd)
            yield Fault(file, f"{item.item_id}, odd", found, "one of the item's images, or nothing")
        if item.kind == "catch" and not odd:
            allowed = "the right answer, for an item of kind catch"
            yield Fault(file, f"{item.item_id}, odd", "nothing", allowed)

    def arranged(self, candidate: Candidate, rng: random.Random) -> dict[str, Any]:
        """Return an item with the order in which its images are shown, places of `images`."""
        order = list(range(self.parameters.n))
        rng.shuffle(order)
        return {"item": candidate.id, "order": order}

    def _shown(self, trial: PlannedTrial) -> list[int]:
        """Return the places in the manifest of the images, in the order in which they are shown."""
        assert trial.item is not None
        images = self.item_of(trial).stimuli["images"]
        return [images[number] for number in trial.item["order"]]

    def _right(self, trial: PlannedTrial) -> int | None:
        """Return the place on the page of the right answer, from 0; None without one."""
        odd = self.item_of(trial).stimuli["odd"]
        return self._shown(trial).index(odd[0]) if odd else None

    def places(self, trial: PlannedTrial) -> list[int]:
        return list(self.item_of(trial).stimuli["images"])

    def show(self, trial: PlannedTrial, seed: int, image: ImageURL, tally: Tally) -> dict[str, Any]:
        return {
            "question": self.parameters.question or None,
            "images": [image(place) for place in self._shown(trial)],
            "enable_after_ms": self.parameters.enable_after_ms,
        }

    def arrangement(self, trial: PlannedTrial, seed: int) -> dict[str, Any]:
        if trial.item is None:
            return {}
        stimuli = self.content.stimuli
        return {"choices": [stimuli[place].stimulus_id for place in self._shown(trial)]}

    def check(self, trial: PlannedTrial, response: OddOneOutResponse) -> None:
        if response.choice >= self.parameters.n:
            allowed = f"0 to {self.parameters.n - 1} are the places on the page"
            raise ResponseFault("response.choice", f"{response.choice}; {allowed}")

    def score(self, trial: PlannedTrial, response: OddOneOutResponse) -> bool | None:
        right = self._right(trial)
        return None if right is None else response.choice == right

    def feedback(self, trial: PlannedTrial, response: OddOneOutResponse) -> dict[str, Any] | None:
        right = self._right(trial)
        if right is None or trial.phase not in self.parameters.feedback:
            return None
        return {
            "correct": response.choice == right,
            "odd": right,
            "duration_ms": self.parameters.feedback_ms,
        }

    def chance(self) -> float:
        return 1 / self.parameters.n

    def answered_in(self, row: Mapping[str, Any]) -> str | None:
        return row.get("chosen")

    def answered(self, trial: PlannedTrial, response: OddOneOutResponse) -> str:
        # The chosen image: its place on the page differs from trial to trial.
        return self.content.stimuli[self._shown(trial)[response.choice]].file

    def least_rt_ms(self) -> float:
        return float(self.parameters.enable_after_ms)

    def describe(self, trial: PlannedTrial) -> dict[str, Any]:
        if trial.item is None:
            return {}
        right = self._right(trial)
        return {
            "item_id": self.item_of(trial).item_id,
            "stimulus_id": None,
            "label": None if right is None else str(right + 1),
        }

    def tabulate(self, trial: PlannedTrial, response: OddOneOutResponse) -> dict[str, Any]:
        chosen = self.content.stimuli[self._shown(trial)[response.choice]]
        return {"response": str(response.choice + 1), "chosen": chosen.stimulus_id}
