"""The columns of `answers` and `questions`."""

from __future__ import annotations

from typing import Final

from diptych_analysis.tables.columns.column import Column
from diptych_analysis.tables.columns.shared import PART, PARTICIPANT, SESSION_ID, STUDY

_QUESTION_ID = Column("question_id", "string", "Question, as study.toml names it.", required=True)
_PAGE = Column(
    "page",
    "string",
    "When the question was asked.",
    levels=("questions_before", "questions_after"),
    required=True,
)
ANSWERS: Final = (
    SESSION_ID,
    *PARTICIPANT,
    PART[1],
    _PAGE,
    _QUESTION_ID,
    Column("row", "string", "Statement of a Likert grid; empty for other questions."),
    Column("answer", "string", "The answer as text: what was typed, or the option.", required=True),
    Column(
        "number",
        "number",
        "The answer as a number: of `number` and `slider`; otherwise the place of the option, "
        "from 1. Empty for text.",
    ),
    Column("answered_at", "datetime", "When the server stored the answer.", "UTC", required=True),
)
QUESTIONS: Final = (
    *STUDY[:2],
    _PAGE,
    _QUESTION_ID,
    Column("place", "integer", "Place on its page, from 1.", minimum=1, required=True),
    Column(
        "type",
        "string",
        "Kind of answer.",
        levels=("text", "number", "choice", "likert", "slider"),
        required=True,
    ),
    Column("text", "string", "The question, in Markdown.", required=True),
    Column("required", "boolean", "Whether it had to be answered.", required=True),
    Column("multiple", "boolean", "Whether several options could be chosen.", required=True),
    Column("row", "string", "Statement of a Likert grid, one row each; else empty."),
    Column("option", "string", "Option or point of the scale, one row each; else empty."),
    Column("number", "integer", "Place of the option, from 1, as in `answers`.", minimum=1),
    Column("minimum", "number", "Smallest answer allowed."),
    Column("maximum", "number", "Largest answer allowed."),
    Column("unit", "string", "Unit of the number."),
)
