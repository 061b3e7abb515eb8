"""Answers to the questions before and after the trials."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from diptych.models.base import Base


class QuestionAnswer(Base):
    """The answer to one question of one session; none where the question was left out."""

    __tablename__ = "question_answers"

    session_id: Mapped[int] = mapped_column(ForeignKey("sessions.id"), primary_key=True)
    question_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    step: Mapped[str] = mapped_column(String(16))
    # Text, a number, an option, a list of options, or an option by row (`study.questionnaire`).
    answer: Mapped[Any] = mapped_column(JSON)
    answered_at: Mapped[int] = mapped_column(BigInteger)
