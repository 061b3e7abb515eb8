"""answers to the questions before and after the trials.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "question_answers",
        sa.Column("session_id", KEY, nullable=False),
        sa.Column("question_id", sa.String(40), nullable=False),
        sa.Column("step", sa.String(16), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_question_answers_session_id_sessions")
        ),
        sa.PrimaryKeyConstraint("session_id", "question_id", name=op.f("pk_question_answers")),
    )


def downgrade() -> None:
    op.drop_table("question_answers")
