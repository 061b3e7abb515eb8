"""The pages of questions before and after the trials: what they show, and their answers."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, insert

from diptych.domain.rows import SessionRow
from diptych.domain.tables import QUESTION_ANSWERS
from diptych.ground.database import now_ms
from diptych.journey.faults import JourneyFault
from diptych.study import texts
from diptych.study.content import StudyContent
from diptych.study.questionnaire import MOST_QUESTIONS, AnswerFaults, Asked, checked


class QuestionAnswers(BaseModel):
    """The answers of one page of questions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    answers: dict[str, str | float | list[str] | dict[str, str] | None] = Field(
        max_length=MOST_QUESTIONS,
        description="By id: text; a number; an option or a list of options; by row, an option.",
    )


def questions_of(content: StudyContent, step: str) -> tuple[Asked, ...]:
    """Return the questions that a step asks; () where the study has none."""
    asked: tuple[Asked, ...] = getattr(content.spec, step)
    return asked


def shown(content: StudyContent, step: str, prefix: str) -> dict[str, Any]:
    """Return the content of a step, as the page shows it."""
    return {
        "questions": [
            {
                **question.model_dump(mode="json", exclude={"text"}),
                "html": texts.html(question.text, prefix),
            }
            for question in questions_of(content, step)
        ]
    }


def store(
    connection: Connection, session: SessionRow, content: StudyContent, body: QuestionAnswers
) -> None:
    """Check and store the answers of the step that a session is at.

    Raises
    ------
    JourneyFault
        `invalid`, with what is wrong with each answer. Nothing was stored.
    """
    questions = questions_of(content, session.step)
    if session.kind == "machine" and not body.answers:
        return  # which has nothing to say of itself
    try:
        answers = checked(questions, body.answers)
    except AnswerFaults as fault:
        raise JourneyFault("invalid", "Please answer every question.", fault.faults) from None
    at = now_ms()
    rows = [
        {
            "session_id": session.id,
            "question_id": name,
            "step": session.step,
            "answer": value,
            "answered_at": at,
        }
        for name, value in answers.items()
    ]
    if rows:
        connection.execute(insert(QUESTION_ANSWERS), rows)
