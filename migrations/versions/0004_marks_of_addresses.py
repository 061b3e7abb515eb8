"""Marks of addresses.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INDEX = "ix_sessions_address_hash"
MARKED = sa.text("address_hash IS NOT NULL")


def upgrade() -> None:
    op.add_column("sessions", sa.Column("address_hash", sa.String(length=6), nullable=True))
    op.create_index(
        INDEX,
        "sessions",
        ["study_id", "address_hash"],
        unique=False,
        sqlite_where=MARKED,
        postgresql_where=MARKED,
    )


def downgrade() -> None:
    op.drop_index(INDEX, "sessions")
    # Without copying the table, which SQLite can do since 3.35 (2021).
    op.drop_column("sessions", "address_hash")
