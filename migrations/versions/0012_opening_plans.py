"""when a study opens and ends, what pauses it, and why an alert was not sent.

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
#: What a downgrade deletes: the study is then open or paused as it is at that moment.
LOSES = ("the dates and limits of {n} studies", "SELECT count(*) FROM opening_plans")


def upgrade() -> None:
    op.create_table(
        "opening_plans",
        sa.Column("study_id", KEY, nullable=False),
        sa.Column("opens_at", sa.BigInteger(), nullable=True),
        sa.Column("ends_at", sa.BigInteger(), nullable=True),
        sa.Column("end_state", sa.String(16), nullable=False),
        sa.Column("most_kept", sa.Integer(), nullable=True),
        sa.Column("stops_at_budget", sa.Boolean(), nullable=False),
        sa.Column("stopped_because", sa.String(200), nullable=True),
        sa.Column("stopped_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["study_id"], ["studies.id"], name=op.f("fk_opening_plans_study_id_studies")
        ),
        sa.PrimaryKeyConstraint("study_id", name=op.f("pk_opening_plans")),
    )

    op.add_column("alerts", sa.Column("fault", sa.String(200), nullable=True))
    op.add_column("alerts", sa.Column("failed_at", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    for name in ("failed_at", "fault"):
        op.drop_column("alerts", name)
    op.drop_table("opening_plans")
