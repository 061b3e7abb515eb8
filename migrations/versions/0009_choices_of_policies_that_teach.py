"""how a policy that teaches chose what a trial shows.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None
#: What a downgrade deletes, and the query that counts it (`diptych.migrate.losses`).
LOSES = (
    "how a policy chose {n} trials: scores and probabilities of the candidates",
    "SELECT count(*) FROM trials WHERE choice IS NOT NULL",
)


def upgrade() -> None:
    # Empty for the trials that are stored already: their hosts did not keep the scores.
    op.add_column("trials", sa.Column("choice", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    # Without copying the table, which SQLite can do since 3.35 (2021).
    op.drop_column("trials", "choice")
