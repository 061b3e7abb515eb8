"""Time of the first choice, and the size of the picture as drawn.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None
#: What a downgrade deletes, and the query that counts it (`diptych.migrate.losses`).
LOSES = (
    "first choices and shown sizes of {n} responses",
    "SELECT count(*) FROM responses WHERE first_choice_ms IS NOT NULL OR shown_width IS NOT NULL",
)

COLUMNS = ("first_choice_ms", "shown_width", "shown_height")


def upgrade() -> None:
    # Empty for the answers that are stored already: their pages did not measure it.
    for name in COLUMNS:
        op.add_column("responses", sa.Column(name, sa.Float(), nullable=True))


def downgrade() -> None:
    # Without copying the table, which SQLite can do since 3.35 (2021).
    for name in COLUMNS:
        op.drop_column("responses", name)
