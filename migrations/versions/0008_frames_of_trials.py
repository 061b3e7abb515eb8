"""onset and offset of what a trial shows, counted in frames.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None
#: What a downgrade deletes, and the query that counts it (`diptych.migrate.losses`).
LOSES = (
    "the timing in frames of {n} responses",
    "SELECT count(*) FROM responses WHERE display_frames IS NOT NULL",
)

COLUMNS = {
    "fixation_onset_ms": sa.Float(),
    "display_offset_ms": sa.Float(),
    "display_frames": sa.Integer(),
    "mask_onset_ms": sa.Float(),
    "mask_offset_ms": sa.Float(),
    "timing_fault": sa.Boolean(),
}


def upgrade() -> None:
    # Empty for the answers that are stored already: their pages counted no frames.
    for name, kind in COLUMNS.items():
        op.add_column("responses", sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    # Without copying the table, which SQLite can do since 3.35 (2021).
    for name in COLUMNS:
        op.drop_column("responses", name)
