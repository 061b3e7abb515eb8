"""Rows of the tables `answers` and `questions`: questionnaires before and after the trials."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from diptych.study.content import StudyContent
from diptych.study.questionnaire import STEPS, Asked


def answer_cells(question: Asked | None, answer: Any) -> Iterator[dict[str, Any]]:
    """Yield the cells `row`, `answer` and `number` of one stored answer.

    Parameters
    ----------
    question : Asked | None
        The question; None where its version has none of this id.
    answer : Any
        As it is stored.

    Yields
    ------
    dict[str, Any]
        One per option that was chosen, or per row of a grid.
    """
    if isinstance(answer, Mapping):
        for row, option in answer.items():
            yield {"row": row, "answer": option, "number": _place(question, option)}
        return
    for each in answer if isinstance(answer, list) else [answer]:
        number = float(each) if isinstance(each, int | float) else _place(question, each)
        text = f"{each:.15g}" if isinstance(each, int | float) else each
        yield {"row": None, "answer": text, "number": number}


def _place(question: Asked | None, option: str) -> float | None:
    if question is None or option not in question.options:
        return None
    return 1.0 + question.options.index(option)


def question_rows(content: StudyContent) -> Iterator[dict[str, Any]]:
    """Yield the codebook of one version: a row per question, row of a grid, and option."""
    for page in STEPS:
        for place, question in enumerate(getattr(content.spec, page), 1):
            shared = {
                "study": content.name,
                "study_version": content.content_hash[:12],
                "page": page,
                "question_id": question.id,
                "place": place,
                "type": question.type,
                "text": question.text,
                "required": question.required,
                "multiple": question.multiple,
                "minimum": question.min,
                "maximum": question.max,
                "unit": question.unit or None,
            }
            for row in question.rows or (None,):
                for number, option in enumerate(question.options or (None,), 1):
                    of_option = {"option": option, "number": number if option else None}
                    yield {**shared, "row": row, **of_option}
