"""Point: click where a word is in an image, or say that it is not there.

The same question can be asked of a network: where its attention to a word is highest (the
pointing game: Zhang et al., IJCV 2018).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

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

#: The image of an item, and its word, by their columns in items.csv.
IMAGE, WORD = "image", "word"
#: Where the word is, by columns in items.csv: shares of the image's width and height.
BOX = ("left", "top", "right", "bottom")
#: Where the question has the word.
PLACE_OF_WORD = "{word}"
PLACE, ABSENT = "place", "absent"


class PointParameters(JudgementParameters):
    """Parameters of the point task."""

    question: str = Field(
        PLACE_OF_WORD,
        min_length=1,
        max_length=500,
        description="The question of every trial. `{word}` becomes the word of the item, as in "
        '`"Click on the {word}."`.',
    )
    absent: str = Field(
        "",
        max_length=60,
        description='Text of the button for "not there". Empty: the page\'s own, in the language '
        "of the study.",
    )


class PointResponse(TaskResponse):
    """The answer: a place in the image, or none."""

    choice: Literal["place", "absent"]
    x: float | None = Field(None, strict=True, description="Share of the image's width.")
    y: float | None = Field(None, strict=True, description="Share of the image's height.")


class PointShown(TaskShown):
    """One image and one word."""

    question: str
    word: str
    image: str = Field(description="Address of the image.")
    absent: str = Field(description='Text of the button for "not there"; empty: the page\'s own.')
    enable_after_ms: int = Field(description="Time before the page accepts an answer, in ms.")


class PointFeedback(TaskFeedback):
    """Where the word is."""

    correct: bool
    box: list[float] | None = Field(
        description="Left, top, right and bottom as shares of the image; null: it is not there."
    )
    duration_ms: int = Field(description="0: until the participant selects Continue.")


class Point(JudgementTask):
    """One image and one word: where it is."""

    name = "point"
    Parameters = PointParameters
    Response = PointResponse
    Shown = PointShown
    Feedback = PointFeedback
    observers = "diptych.tasks.point.observers"
    figures = ("diptych.tasks.point.figures:Pointing",)
    items = ItemLayout((Role(IMAGE, IMAGE, single=True),))
    columns = (
        Column("word", "string", "The word that was looked for."),
        Column("point_x", "number", "Where the participant clicked: share of the image's width."),
        Column("point_y", "number", "Where the participant clicked: share of the image's height."),
    )
    parameters: PointParameters

    def word_of(self, item: FrozenItem) -> str:
        """Return the word of an item."""
        return str(item.attributes.get(WORD) or "")

    def box_of(self, item: FrozenItem) -> tuple[float, float, float, float] | None:
        """Return where the word is, as shares of the image; None for an item without a box."""
        values = [item.attributes.get(side) for side in BOX]
        if not all(isinstance(value, int | float) for value in values):
            return None
        left, top, right, bottom = (float(value) for value in values)  # type: ignore[arg-type]
        return left, top, right, bottom

    def answer_of(self, item: FrozenItem) -> str | None:
        if self.box_of(item) is not None:
            return PLACE
        return ABSENT if item.attributes.get(self.answer_column) == ABSENT else None

    def group_of(self, item: FrozenItem) -> str:
        return str(item.attributes.get("group") or self.word_of(item))

    def item_faults(self, item: FrozenItem, file: str) -> Iterator[Fault]:
        yield from super().item_faults(item, file)
        found = len(item.stimuli[IMAGE])
        if found != 1:
            yield Fault(file, f"{item.item_id}, {IMAGE}", f"{found} images", "one image")
        if not self.word_of(item):
            yield Fault(file, f"{item.item_id}, {WORD}", "nothing", "the word to look for")
        answer = item.attributes.get(self.answer_column)
        if answer not in (None, "", PLACE, ABSENT):
            allowed = f"{ABSENT}, or nothing; with {', '.join(BOX)}: where the word is"
            yield Fault(file, f"{item.item_id}, answer", repr(answer), allowed)
        given = [side for side in BOX if item.attributes.get(side) not in (None, "")]
        box = self.box_of(item)
        if box is None:
            if given or answer == PLACE:
                allowed = f"numbers in all of {', '.join(BOX)}"
                yield Fault(
                    file, f"{item.item_id}, {BOX[0]}", ", ".join(given) or "nothing", allowed
                )
            return
        left, top, right, bottom = box
        if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
            allowed = "shares of the image from 0 to 1, left below right and top below bottom"
            found_box = ", ".join(f"{value:g}" for value in box)
            yield Fault(file, f"{item.item_id}, {BOX[0]}", found_box, allowed)
        if answer == ABSENT:
            yield Fault(file, f"{item.item_id}, answer", ABSENT, "nothing, for an item with a box")

    def arranged(self, candidate: Any, rng: random.Random) -> dict[str, Any]:
        return {"item": candidate.id}

    def places(self, trial: PlannedTrial) -> list[int]:
        return [self.item_of(trial).stimuli[IMAGE][0]]

    def show(self, trial: PlannedTrial, seed: int, image: ImageURL, tally: Tally) -> dict[str, Any]:
        chosen, word = self.parameters, self.word_of(self.item_of(trial))
        return {
            "question": chosen.question.replace(PLACE_OF_WORD, word),
            "word": word,
            "image": image(self.places(trial)[0]),
            "absent": chosen.absent,
            "enable_after_ms": chosen.enable_after_ms,
        }

    def check(self, trial: PlannedTrial, response: PointResponse) -> None:
        for name in ("x", "y"):
            value = getattr(response, name)
            if response.choice == ABSENT and value is not None:
                raise ResponseFault(f"response.{name}", f"{value:g}; allowed is none with absent")
            if response.choice == PLACE and (value is None or not 0 <= value <= 1):
                raise ResponseFault(f"response.{name}", f"{value}; allowed are 0 to 1")

    def score(self, trial: PlannedTrial, response: PointResponse) -> bool | None:
        item = self.item_of(trial)
        box, answer = self.box_of(item), self.answer_of(item)
        if answer is None:
            return None
        if box is None or response.x is None or response.y is None:
            return response.choice == answer
        left, top, right, bottom = box
        return left <= response.x <= right and top <= response.y <= bottom

    def feedback(self, trial: PlannedTrial, response: PointResponse) -> dict[str, Any] | None:
        correct = self.score(trial, response)
        if correct is None or trial.phase not in self.parameters.feedback:
            return None
        box = self.box_of(self.item_of(trial))
        return {
            "correct": correct,
            "box": None if box is None else list(box),
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
            "word": self.word_of(item),
        }

    def tabulate(self, trial: PlannedTrial, response: PointResponse) -> dict[str, Any]:
        return {"response": response.choice, "point_x": response.x, "point_y": response.y}
