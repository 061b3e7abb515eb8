"""What a participant answered to the questions before and after the trials, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from diptych.domain.tables import QUESTION_ANSWERS
from diptych.export.questionnaires import answer_cells
from diptych.study.content import StudyContent
from diptych.study.questionnaire import STEPS, Asked


@dataclass(frozen=True)
class QuestionAnswered:
    """One question with its answer.

    Attributes
    ----------
    step : str
        questions_before or questions_after.
    question : Asked
        The question.
    answers : Sequence[tuple[str | None, str]]
        (row of a grid or None, answer), one per row and per chosen option; empty for a question
        that was left out.
    """

    step: str
    question: Asked
    answers: Sequence[tuple[str | None, str]]


def answered(
    connection: Connection, session_id: int, content: StudyContent
) -> tuple[QuestionAnswered, ...]:
    """Return the questions of each page that a session has answered, in the order of the page.

    Parameters
    ----------
    connection : Connection
        For reading.
    session_id : int
        The session.
    content : StudyContent
        What the session was shown.
    """
    rows = connection.execute(
        select(QUESTION_ANSWERS).where(QUESTION_ANSWERS.c.session_id == session_id)
    ).all()
    stored: dict[tuple[str, str], Any] = {(row.step, row.question_id): row.answer for row in rows}
    pages = {step for step, _ in stored}
    found = []
    for step in STEPS:
        for question in getattr(content.spec, step) if step in pages else ():
            answer = stored.get((step, question.id))
            cells = () if answer is None else tuple(answer_cells(question, answer))
            given = tuple((cell["row"], str(cell["answer"])) for cell in cells)
            found.append(QuestionAnswered(step, question, given))
    return tuple(found)
