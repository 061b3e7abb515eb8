"""parts of a study: sessions on later days.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None
#: What a downgrade deletes, and the query that counts it (`diptych.migrate.losses`).
LOSES = (
    "which part of the study {n} sessions are of: later parts become further sessions of the study",
    "SELECT count(*) FROM sessions WHERE part > 1",
)

PLACES = "ix_sessions_study_id_kind_status_version_id_condition"
COLUMNS = ["study_id", "kind", "status", "version_id", "condition"]


def upgrade() -> None:
    op.add_column("sessions", sa.Column("part", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("sessions", sa.Column("first_ended_at", sa.BigInteger(), nullable=True))
    op.drop_index(PLACES, "sessions")
    op.create_index(f"{PLACES}_part", "sessions", [*COLUMNS, "part"])


def downgrade() -> None:
    op.drop_index(f"{PLACES}_part", "sessions")
    op.create_index(PLACES, "sessions", COLUMNS)
    op.drop_column("sessions", "first_ended_at")
    op.drop_column("sessions", "part")
