"""`[[questions_before]]` and `[[questions_after]]`: what is asked before and after the trials."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from diptych.ground.clean_text import storable
from diptych.study.section import Section

QuestionType = Literal["text", "number", "choice", "likert", "slider"]
#: The steps of a session that ask, in their order; also the sections of study.toml.
STEPS = ("questions_before", "questions_after")
MOST_QUESTIONS = 100
#: The keys that each type has beside `id`, `type`, `text` and `required`.
KEYS: Mapping[QuestionType, frozenset[str]] = {
    "text": frozenset({"max_length", "lines"}),
    "number": frozenset({"min", "max", "unit"}),
    "choice": frozenset({"options", "multiple"}),
    "likert": frozenset({"options", "rows"}),
    "slider": frozenset({"min", "max", "step", "ends"}),
}
_SHARED = {"id", "type", "text", "required"}
Line = Annotated[str, Field(min_length=1, max_length=500)]


class Asked(Section):
    """`[[questions_before]]`, `[[questions_after]]`: one question per entry.

    Participants see the questions of a section on one page: those before the trials after the
    consent, those after the trials before the free text.
    """

    id: Annotated[
        str,
        Field(
            pattern=r"^[a-z][a-z0-9_]{0,39}$",
            description="Name of the question in the tables; each question has another one.",
        ),
    ]
    type: QuestionType = Field(description="What kind of answer is asked for.")
    text: str = Field(
        min_length=1, max_length=5000, description="The question, in Markdown without pictures."
    )
    required: bool = Field(True, description="Whether it must be answered to continue.")
    options: tuple[Line, ...] = Field(
        (),
        max_length=100,
        description="`choice`: the options. `likert`: the points of the scale, in order.",
    )
    multiple: bool = Field(False, description="`choice`: whether several options can be chosen.")
    rows: tuple[Line, ...] = Field(
        (), max_length=50, description="`likert`: the statements, one row each."
    )
    min: float | None = Field(None, description="`number`, `slider`: smallest answer.")
    max: float | None = Field(None, description="`number`, `slider`: largest answer.")
    step: float = Field(1, gt=0, description="`slider`: distance of two answers.")
    ends: tuple[Line, ...] = Field(
        (), max_length=2, description="`slider`: words at its lower and its upper end."
    )
    unit: str = Field("", max_length=40, description="`number`: unit, shown beside the field.")
    max_length: int = Field(
        1000, ge=1, le=10_000, description="`text`: largest number of characters."
    )
    lines: int = Field(1, ge=1, le=30, description="`text`: height of the field, in lines.")

    @model_validator(mode="after")
    def _keys_fit_the_type(self) -> Asked:
        # A frozen study has every key: those at their default say nothing.
        fields = type(self).model_fields
        odd = sorted(
            name
            for name in fields.keys() - _SHARED - KEYS[self.type]
            if getattr(self, name) != fields[name].default
        )
        if odd:
            allowed = ", ".join(sorted(KEYS[self.type]))
            raise ValueError(f"{odd[0]} is no key of a question of type {self.type}: {allowed}")
        if "![" in self.text:
            raise ValueError("the text of a question cannot have pictures")
        return self

    @model_validator(mode="after")
    def _can_be_answered(self) -> Asked:
        if self.type in ("choice", "likert") and len(set(self.options)) < max(2, len(self.options)):
            raise ValueError("options must be two or more, and all different")
        if self.type == "likert" and len(set(self.rows)) < max(1, len(self.rows)):
            raise ValueError("rows must be one or more, and all different")
        if self.type == "slider" and (self.min is None or self.max is None):
            raise ValueError("a slider needs min and max")
        if self.min is not None and self.max is not None and self.min >= self.max:
            raise ValueError("min must be less than max")
        if self.type == "slider" and len(self.ends) == 1:
            raise ValueError("ends must be two texts, for the lower and the upper end")
        return self


def check_ids(before: Sequence[Asked], after: Sequence[Asked]) -> None:
    """Refuse questions of one study that have the same id.

    Raises
    ------
    ValueError
        Naming the id.
    """
    seen: set[str] = set()
    for question in (*before, *after):
        if question.id in seen:
            raise ValueError(f"two questions have the id {question.id!r}: each needs another one")
        seen.add(question.id)


def checked(questions: Sequence[Asked], given: Mapping[str, Any]) -> dict[str, Any]:
    """Check the answers to the questions of one page.

    Parameters
    ----------
    questions : Sequence[Asked]
        All questions of the page.
    given : Mapping[str, Any]
        Answers by id: text; a number; an option, or a list of options; by row, an option.

    Returns
    -------
    dict[str, Any]
        The answers to store; questions that were not answered are missing.

    Raises
    ------
    AnswerFaults
        With every question whose answer is missing or does not fit.
    """
    faults = dict.fromkeys(given.keys() - _ids(questions), "this page has no such question")
    answers: dict[str, Any] = {}
    for question in questions:
        value = given.get(question.id)
        try:
            value = None if value is None else _CHECKS[question.type](question, value)
        except ValueError as fault:
            faults[question.id] = str(fault)
            continue
        if value in (None, "", [], {}):
            if question.required:
                faults[question.id] = "an answer is required"
        else:
            answers[question.id] = value
    if faults:
        raise AnswerFaults(faults)
    return answers


def as_markdown(question: Asked) -> str:
    """Write a question with its options, for a page that only shows it."""
    lines = [f"- {line}" for line in (*question.rows, *question.options, *question.ends)]
    kind = question.type if question.required else f"{question.type}, optional"
    return "\n\n".join([question.text, f"*{kind}*", "\n".join(lines)]).strip()


class AnswerFaults(Exception):
    """Answers that do not fit; `faults` says what is wrong by the id of the question."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {fault}" for name, fault in faults.items()))
        self.faults = dict(faults)


def _ids(questions: Sequence[Asked]) -> set[str]:
    return {question.id for question in questions}


def _text(question: Asked, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("the answer must be text")
    text = str(storable(value)).strip()
    if len(text) > question.max_length:
        raise ValueError(f"{len(text)} characters; allowed: {question.max_length}")
    return text


def _number(question: Asked, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("the answer must be a number")
    if not math.isfinite(value) or abs(value) > 1e15:
        raise ValueError("the answer must be a number that is not too large")
    if question.min is not None and value < question.min:
        raise ValueError(f"at least {question.min:g}")
    if question.max is not None and value > question.max:
        raise ValueError(f"at most {question.max:g}")
    return float(value)


def _option(question: Asked, value: Any) -> str:
    if not isinstance(value, str) or value not in question.options:
        raise ValueError(f"the answer must be one of: {', '.join(question.options)}")
    return value


def _choice(question: Asked, value: Any) -> str | list[str]:
    if not question.multiple:
        return _option(question, value)
    if not isinstance(value, list) or len(value) > len(question.options):
        raise ValueError("the answer must be a list of options")
    chosen = {_option(question, each) for each in value}
    return [option for option in question.options if option in chosen]


def _likert(question: Asked, value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not value.keys() <= {*question.rows}:
        raise ValueError("the answer must name an option by row")
    missing = [row for row in question.rows if row not in value]
    if missing and question.required:
        raise ValueError(f"no answer in the row {missing[0]!r}")
    return {row: _option(question, value[row]) for row in question.rows if row in value}


_CHECKS: Mapping[QuestionType, Callable[[Asked, Any], Any]] = {
    "text": _text,
    "number": _number,
    "choice": _choice,
    "likert": _likert,
    "slider": _number,
}
