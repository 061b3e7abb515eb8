"""Identify: which of 2 to 16 answers fits one display, or a sequence of displays.

An n-way forced choice: the class of an image that is seen for a moment, or what happened between
two frames (`put`, `take` or `shake`: Kondapaneni and Perona, Scientific Reports 14, 2024).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, Self

from pydantic import Field, model_validator

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

#: The displays of an item, by their column in items.csv.
IMAGES = "images"
MOST_DISPLAYS = 16


class IdentifyParameters(JudgementParameters):
    """Parameters of the identify task."""

    labels: tuple[str, ...] = Field(
        min_length=2,
        max_length=16,
        description="The answers, in the order of their buttons; 2 to 16 different texts.",
    )
    keys: tuple[str, ...] = Field(
        (),
        description="A letter or digit for each answer. Empty: 1 to 9 for the first nine.",
    )
    gap_ms: int = Field(
        500,
        ge=0,
        le=60_000,
        description="Blank time between the displays of a sequence, in ms.",
    )

    @model_validator(mode="after")
    def _labels_fit(self) -> Self:
        if any(not label.strip() for label in self.labels):
            raise ValueError("labels: an empty text; allowed are texts")
        if len(set(self.labels)) < len(self.labels):
            raise ValueError("labels: one text twice; allowed are different texts")
        if self.keys and len(self.keys) != len(self.labels):
            raise ValueError(f"{len(self.keys)} keys: allowed are {len(self.labels)}, or none")
        folded = [key.lower() for key in self.keys]
        if any(len(key) != 1 or not key.isalnum() for key in folded) or len(set(folded)) < len(
            folded
        ):
            raise ValueError(
                f"keys {', '.join(self.keys)}: allowed are different letters or digits"
            )
        return self


class IdentifyResponse(TaskResponse):
    """The answer: one of the labels."""

    choice: str


class IdentifyShown(TaskShown):
    """One display, or several in turn, and the answers."""

    question: str
    images: list[str] = Field(description="Addresses, in the order in which they are shown.")
    gap_ms: int = Field(description="Blank time between displays, in ms.")
    labels: list[str]
    keys: list[str] = Field(description="A letter or digit for each label; empty: digits.")
    enable_after_ms: int = Field(description="Time before the page accepts an answer, in ms.")


class IdentifyFeedback(TaskFeedback):
    """The right answer."""

    correct: bool
    answer: str
    duration_ms: int = Field(description="0: until the participant selects Continue.")


class Identify(JudgementTask):
    """One display or a sequence, and a choice between several answers."""

    name = "identify"
    Parameters = IdentifyParameters
    Response = IdentifyResponse
    Shown = IdentifyShown
    Feedback = IdentifyFeedback
    observers = "diptych.tasks.identify.observers"
    figures = (
        "diptych.tasks.identify.figures:Confusion",
        "diptych.tasks.identify.figures:RightAnswers",
    )
    items = ItemLayout((Role(IMAGES, "image"),))
    parameters: IdentifyParameters

    def group_of(self, item: FrozenItem) -> str:
        # With a right answer, policies such as `balanced` see it as the class.
        return str(item.attributes.get("group") or self.answer_of(item) or "")

    def faults(self, policy: Policy, policy_key: str) -> Iterator[Fault]:
        yield from super().faults(policy, policy_key)
        items = self.content.items.values()
        if not self.timing.exposure_ms and any(len(item.stimuli[IMAGES]) > 1 for item in items):
            allowed = "above 0: each display of a sequence is shown for this time"
            yield Fault("study.toml", "timing.exposure_ms", "0", allowed)

    def item_faults(self, item: FrozenItem, file: str) -> Iterator[Fault]:
        yield from super().item_faults(item, file)
        displays, labels = len(item.stimuli[IMAGES]), self.parameters.labels
        if not 1 <= displays <= MOST_DISPLAYS:
            allowed = f"1 to {MOST_DISPLAYS} images"
            yield Fault(file, f"{item.item_id}, {IMAGES}", f"{displays} images", allowed)
        answer = self.answer_of(item)
        if answer is not None and answer not in labels:
            allowed = f"{', '.join(labels)}, or nothing"
            yield Fault(file, f"{item.item_id}, answer", repr(answer), allowed)

    def arranged(self, candidate: Candidate, rng: random.Random) -> dict[str, Any]:
        return {"item": candidate.id}

    def places(self, trial: PlannedTrial) -> list[int]:
        return list(self.item_of(trial).stimuli[IMAGES])

    def show(self, trial: PlannedTrial, seed: int, image: ImageURL, tally: Tally) -> dict[str, Any]:
        chosen = self.parameters
        return {
            "question": chosen.question,
            "images": [image(place) for place in self.places(trial)],
            "gap_ms": chosen.gap_ms,
            "labels": list(chosen.labels),
            "keys": list(chosen.keys),
            "enable_after_ms": chosen.enable_after_ms,
        }

    def check(self, trial: PlannedTrial, response: IdentifyResponse) -> None:
        if response.choice not in self.parameters.labels:
            allowed = f"allowed are {', '.join(self.parameters.labels)}"
            raise ResponseFault("response.choice", f"{response.choice!r}; {allowed}")

    def score(self, trial: PlannedTrial, response: IdentifyResponse) -> bool | None:
        right = self.answer_of(self.item_of(trial))
        return None if right is None else response.choice == right

    def feedback(self, trial: PlannedTrial, response: IdentifyResponse) -> dict[str, Any] | None:
        right = self.answer_of(self.item_of(trial))
        if right is None or trial.phase not in self.parameters.feedback:
            return None
        return {
            "correct": response.choice == right,
            "answer": right,
            "duration_ms": self.parameters.feedback_ms,
        }

    def chance(self) -> float:
        return 1 / len(self.parameters.labels)

    def describe(self, trial: PlannedTrial) -> dict[str, Any]:
        if trial.item is None:
            return {}
        item = self.item_of(trial)
        places = item.stimuli[IMAGES]
        return {
            "item_id": item.item_id,
            "stimulus_id": self.content.stimuli[places[0]].stimulus_id
            if len(places) == 1
            else None,
            "label": self.answer_of(item),
        }

    def tabulate(self, trial: PlannedTrial, response: IdentifyResponse) -> dict[str, Any]:
        return {"response": response.choice}
