"""Estimation: a number for one display, typed or chosen on a slider."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from diptych.policies import Candidate
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
from diptych_analysis.tables.schema import Column

#: The image of an item, by its column in items.csv.
IMAGE = "image"
#: Estimates lie within this distance of a step: 0.1 has no exact binary form.
ROUNDING = 1e-6
#: The longest slider, in steps.
MOST_STEPS = 10_000


class EstimationParameters(JudgementParameters):
    """Parameters of the estimation task."""

    input: Literal["typed", "slider"] = Field(
        "typed",
        description="`typed`: the participant types a number; `slider`: chooses it on a line "
        "between the bounds, which has no mark before the first touch.",
    )
    least: float = Field(0, description="Smallest estimate that the page accepts.")
    most: float = Field(description="Largest estimate that the page accepts.")
    step: float = Field(
        1, gt=0, description="Estimates are `least` plus a multiple of this; 1: whole numbers."
    )
    unit: str = Field("", max_length=40, description='What is counted, such as `"dots"`.')
    answer: str = Field(
        "",
        max_length=100,
        description="Numeric column of items.csv with the true number. Empty: the same as "
        "`attribute`, or `answer`.",
    )
    tolerance: float | None = Field(
        None,
        ge=0,
        description="Largest relative error of a right estimate; 0.25 accepts 15 to 25 for 20. "
        "Without it, estimates are neither right nor wrong.",
    )

    @model_validator(mode="after")
    def _bounds_fit(self) -> Self:
        if not self.most > self.least:
            raise ValueError(f"most = {self.most:g}: allowed is more than least = {self.least:g}")
        if self.input == "slider" and (self.most - self.least) / self.step > MOST_STEPS:
            steps = f"{(self.most - self.least) / self.step:,.0f}"
            raise ValueError(f"{steps} steps of the slider: allowed are up to {MOST_STEPS:,}")
        return self


class EstimationResponse(TaskResponse):
    """The answer: a number."""

    estimate: float = Field(strict=True)


class EstimationShown(TaskShown):
    """One display, and how the number is given."""

    question: str
    image: str = Field(description="Address of the image.")
    input: Literal["typed", "slider"]
    least: float
    most: float
    step: float
    unit: str
    enable_after_ms: int = Field(description="Time before the page accepts an answer, in ms.")


class EstimationFeedback(TaskFeedback):
    """The true number."""

    correct: bool | None = Field(description="Null: the study sets no tolerance.")
    answer: float
    duration_ms: int = Field(description="0: until the participant selects Continue.")


class Estimation(JudgementTask):
    """One display, one number."""

    name = "estimation"
    Parameters = EstimationParameters
    Response = EstimationResponse
    Shown = EstimationShown
    Feedback = EstimationFeedback
    observers = "diptych.tasks.estimation.observers"
    figures = ("diptych.tasks.estimation.figures:Estimates",)
    items = ItemLayout((Role(IMAGE, IMAGE, single=True),))
    columns = (
        Column("estimate", "number", "The number that the participant gave."),
        Column("true_number", "number", "The true number, for items that have one."),
    )
    parameters: EstimationParameters

    @property
    def answer_column(self) -> str:
        return self.parameters.answer or self.parameters.attribute or "answer"

    def true_number(self, item: FrozenItem) -> float | None:
        """Return the true number of an item; None for an item without one."""
        value = item.attributes.get(self.answer_column)
        return float(value) if isinstance(value, int | float) else None

    def answer_of(self, item: FrozenItem) -> str | None:
        number = self.true_number(item)
        return None if number is None else f"{number:g}"

    def item_faults(self, item: FrozenItem, file: str) -> Iterator[Fault]:
        yield from super().item_faults(item, file)
        found = len(item.stimuli[IMAGE])
        if found != 1:
            yield Fault(file, f"{item.item_id}, {IMAGE}", f"{found} images", "one image")
        if item.kind == "catch" and self.parameters.tolerance is None:
            allowed = "a number: without it, no answer to a catch trial is right"
            yield Fault("study.toml", "task.tolerance", "nothing", allowed)
        number, chosen = self.true_number(item), self.parameters
        if number is not None and not chosen.least <= number <= chosen.most:
            allowed = f"{chosen.least:g} to {chosen.most:g}, as [task] least and most say"
            yield Fault(file, f"{item.item_id}, {self.answer_column}", f"{number:g}", allowed)

    def arranged(self, candidate: Candidate, rng: random.Random) -> dict[str, Any]:
        return {"item": candidate.id}

    def places(self, trial: PlannedTrial) -> list[int]:
        return [self.item_of(trial).stimuli[IMAGE][0]]

    def show(self, trial: PlannedTrial, seed: int, image: ImageURL, tally: Tally) -> dict[str, Any]:
        chosen = self.parameters
        return {
            "question": chosen.question,
            "image": image(self.places(trial)[0]),
            "input": chosen.input,
            "least": chosen.least,
            "most": chosen.most,
            "step": chosen.step,
            "unit": chosen.unit,
            "enable_after_ms": chosen.enable_after_ms,
        }

    def check(self, trial: PlannedTrial, response: EstimationResponse) -> None:
        estimate, chosen = response.estimate, self.parameters
        if not chosen.least <= estimate <= chosen.most:
            allowed = f"allowed are {chosen.least:g} to {chosen.most:g}"
            raise ResponseFault("response.estimate", f"{estimate:g}; {allowed}")
        steps = (estimate - chosen.least) / chosen.step
        if abs(steps - round(steps)) > ROUNDING:
            allowed = f"allowed are steps of {chosen.step:g} from {chosen.least:g}"
            raise ResponseFault("response.estimate", f"{estimate:g}; {allowed}")

    def score(self, trial: PlannedTrial, response: EstimationResponse) -> bool | None:
        true, tolerance = self.true_number(self.item_of(trial)), self.parameters.tolerance
        if true is None or tolerance is None:
            return None
        return abs(response.estimate - true) <= tolerance * abs(true) + ROUNDING

    def score_missed(self, trial: PlannedTrial) -> bool | None:
        return None if self.parameters.tolerance is None else super().score_missed(trial)

    def feedback(self, trial: PlannedTrial, response: EstimationResponse) -> dict[str, Any] | None:
        true = self.true_number(self.item_of(trial))
        if true is None or trial.phase not in self.parameters.feedback:
            return None
        return {
            "correct": self.score(trial, response),
            "answer": true,
            "duration_ms": self.parameters.feedback_ms,
        }

    def describe(self, trial: PlannedTrial) -> dict[str, Any]:
        if trial.item is None:
            return {}
        item = self.item_of(trial)
        return {
            "item_id": item.item_id,
            "stimulus_id": self.content.stimuli[item.stimuli[IMAGE][0]].stimulus_id,
            "label": self.answer_of(item),
            "true_number": self.true_number(item),
        }

    def tabulate(self, trial: PlannedTrial, response: EstimationResponse) -> dict[str, Any]:
        return {"response": f"{response.estimate:g}", "estimate": response.estimate}
