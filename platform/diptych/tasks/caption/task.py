"""Caption: say what an image shows, in one sentence or by ticking words.

Participants' captions can be prompts of a diffusion model, beside those of a captioner (`diptych
captions`).
"""

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
from diptych_analysis.tables.schema import LIST_SEPARATOR, Column

#: The image of an item, by its column in items.csv.
IMAGE = "image"
LONGEST = 500
MOST_WORDS = 40


class CaptionParameters(JudgementParameters):
    """Parameters of the caption task."""

    input: Literal["sentence", "words"] = Field(
        "sentence",
        description="`sentence`: the participant writes one sentence; `words`: ticks words.",
    )
    words: tuple[str, ...] = Field(
        (), max_length=MOST_WORDS, description="The words to tick, in their order; up to 40."
    )
    least: int = Field(3, ge=1, le=100, description="Fewest characters of a sentence.")

    @model_validator(mode="after")
    def _words_fit(self) -> Self:
        if self.input == "words" and len(self.words) < 2:
            raise ValueError(f"{len(self.words)} words: allowed are 2 to {MOST_WORDS} to tick")
        if self.input == "sentence" and self.words:
            raise ValueError('words with input = "sentence": allowed are none')
        if any(not word.strip() or LIST_SEPARATOR in word for word in self.words):
            raise ValueError(f"words: allowed are texts without {LIST_SEPARATOR}")
        if len(set(self.words)) < len(self.words):
            raise ValueError("words: one text twice; allowed are different texts")
        return self


class CaptionResponse(TaskResponse):
    """The answer: a sentence, or words."""

    text: str | None = Field(None, max_length=LONGEST)
    words: list[str] | None = Field(None, max_length=MOST_WORDS)


class CaptionShown(TaskShown):
    """One image, and how it is described."""

    question: str
    image: str = Field(description="Address of the image.")
    input: Literal["sentence", "words"]
    words: list[str] = Field(description="The words to tick; empty for a sentence.")
    least: int = Field(description="Fewest characters of a sentence.")
    longest: int = Field(description="Most characters of a sentence.")
    enable_after_ms: int = Field(description="Time before the page accepts an answer, in ms.")


class CaptionFeedback(TaskFeedback):
    """The right words."""

    correct: bool
    answer: list[str] = Field(description="The words that fit.")
    duration_ms: int = Field(description="0: until the participant selects Continue.")


class Caption(JudgementTask):
    """One image: a sentence about it, or the words that fit."""

    name = "caption"
    Parameters = CaptionParameters
    Response = CaptionResponse
    Shown = CaptionShown
    Feedback = CaptionFeedback
    observers = "diptych.tasks.caption.observers"
    figures = ("diptych.tasks.caption.figures:NamedWords",)
    items = ItemLayout((Role(IMAGE, IMAGE, single=True),))
    columns = (
        Column("caption", "string", "The sentence that the participant wrote."),
        Column("words", "list", "The words that the participant ticked."),
    )
    parameters: CaptionParameters

    def right_words(self, item: FrozenItem) -> tuple[str, ...] | None:
        """Return the words that fit, from the column `answer`; None for an item without them.

        The column holds words with `;` between.
        """
        answer = self.answer_of(item)
        if answer is None:
            return None
        return tuple(part.strip() for part in answer.split(";") if part.strip())

    def item_faults(self, item: FrozenItem, file: str) -> Iterator[Fault]:
        yield from super().item_faults(item, file)
        found = len(item.stimuli[IMAGE])
        if found != 1:
            yield Fault(file, f"{item.item_id}, {IMAGE}", f"{found} images", "one image")
        right = self.right_words(item)
        if right is None or self.parameters.input == "sentence":
            return
        wrong = [word for word in right if word not in self.parameters.words]
        if wrong or not right:
            allowed = f"{', '.join(self.parameters.words)}, with ; between, or nothing"
            yield Fault(file, f"{item.item_id}, answer", repr(", ".join(wrong)), allowed)

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
            "words": list(chosen.words),
            "least": chosen.least,
            "longest": LONGEST,
            "enable_after_ms": chosen.enable_after_ms,
        }

    def check(self, trial: PlannedTrial, response: CaptionResponse) -> None:
        chosen = self.parameters
        if chosen.input == "sentence":
            length = len((response.text or "").strip())
            if response.words is not None or length < chosen.least:
                allowed = f"allowed is a sentence of {chosen.least} to {LONGEST} characters"
                raise ResponseFault("response.text", f"{length} characters; {allowed}")
            return
        ticked = response.words or []
        wrong = [word for word in ticked if word not in chosen.words]
        if response.text is not None or not ticked or wrong or len(set(ticked)) < len(ticked):
            allowed = f"allowed are different words of {', '.join(chosen.words)}, at least one"
            raise ResponseFault("response.words", f"{', '.join(ticked) or 'nothing'}; {allowed}")

    def score(self, trial: PlannedTrial, response: CaptionResponse) -> bool | None:
        """Tell whether exactly the right words are ticked; a sentence has no score.

        A catch trial needs a score: there, a sentence must hold one of the right words.
        """
        right = self.right_words(self.item_of(trial))
        if right is None:
            return None
        if response.words is not None:
            return set(response.words) == set(right)
        if trial.phase != "catch":
            return None
        text = (response.text or "").casefold()
        return any(word.casefold() in text for word in right)

    def feedback(self, trial: PlannedTrial, response: CaptionResponse) -> dict[str, Any] | None:
        right, correct = self.right_words(self.item_of(trial)), self.score(trial, response)
        if right is None or correct is None or trial.phase not in self.parameters.feedback:
            return None
        duration = self.parameters.feedback_ms
        return {"correct": correct, "answer": list(right), "duration_ms": duration}

    def describe(self, trial: PlannedTrial) -> dict[str, Any]:
        if trial.item is None:
            return {}
        item = self.item_of(trial)
        return {
            "item_id": item.item_id,
            "stimulus_id": self.content.stimuli[item.stimuli[IMAGE][0]].stimulus_id,
            "label": self.answer_of(item),
        }

    def tabulate(self, trial: PlannedTrial, response: CaptionResponse) -> dict[str, Any]:
        if response.words is not None:
            ticked = [word for word in self.parameters.words if word in response.words]
            return {"response": ";".join(ticked), "words": ticked}
        text = (response.text or "").strip()
        return {"response": text, "caption": text}
