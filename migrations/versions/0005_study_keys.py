"""Study keys.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None
#: What a downgrade deletes, and the query that counts it (`diptych.migrate.losses`).
LOSES = (
    "{n} keys of preview, simulation and machine links",
    "SELECT count(*) FROM study_keys",
)

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "study_keys",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("study_id", KEY, nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("user_id", KEY, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["study_id"], ["studies.id"], name=op.f("fk_study_keys_study_id_studies")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_study_keys_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_study_keys")),
        sa.UniqueConstraint("name", name=op.f("uq_study_keys_name")),
    )
    op.create_index(op.f("ix_study_keys_study_id"), "study_keys", ["study_id"], unique=False)


def downgrade() -> None:
    op.drop_table("study_keys")
