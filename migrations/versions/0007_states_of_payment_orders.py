"""The state of each payment order, kept beside its lines in the ledger.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer, "sqlite")
OLD_INDEX = "ix_ledger_study_id_key_currency_state_amount"
OLD_COLUMNS = ["study_id", "key", "currency", "state", "amount"]
# The keys that are stored stay what they are: `HASH-ACTION-ATTEMPT`, the hash of 32 letters. A
# platform knows orders by them, so that nothing that was sent can be sent again.
FILL = """
INSERT INTO payment_orders (
    key, study_id, session_id, participation, attempt, recruiter, action, amount, currency, actor,
    state, reference, reason, at, sent_at, first_at
)
SELECT
    line.key, line.study_id, line.session_id,
    CASE WHEN {formed} THEN substr(line.key, 1, 32) ELSE line.key END,
    CASE WHEN {formed} THEN CAST(substr(line.key, 35 + length(line.action)) AS INTEGER) ELSE 1 END,
    line.recruiter, line.action, line.amount, line.currency, line.actor,
    CASE found.furthest WHEN 1 THEN 'intended' WHEN 4 THEN 'failed' WHEN 5 THEN 'confirmed'
        ELSE 'sent' END,
    (SELECT named.reference FROM ledger named WHERE named.id = found.named),
    furthest.reason, furthest.at, found.sent_at, line.at
FROM (
    SELECT
        key,
        min(id) AS first,
        max({rank}) AS furthest,
        max(CASE WHEN reference <> '' THEN id END) AS named,
        min(CASE WHEN state = 'sent' THEN at END) AS sent_at
    FROM ledger GROUP BY key
) found
JOIN ledger line ON line.id = found.first
JOIN ledger furthest ON furthest.key = found.key AND {furthest_rank} = found.furthest
ORDER BY found.first
"""
RANK = (
    "CASE {of}state WHEN 'intended' THEN 1 WHEN 'sent' THEN 2 WHEN 'named' THEN 3"
    " WHEN 'failed' THEN 4 WHEN 'confirmed' THEN 5 ELSE 0 END"
)
FORMED = "substr(line.key, 33, length(line.action) + 2) = '-' || line.action || '-'"


def upgrade() -> None:
    op.create_table(
        "payment_orders",
        sa.Column("id", KEY, nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("study_id", KEY, nullable=False),
        sa.Column("session_id", KEY, nullable=False),
        sa.Column("participation", sa.String(64), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("retries", KEY, nullable=True),
        sa.Column("recruiter", sa.String(32), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("actor", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reference", sa.String(128), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["study_id"], ["studies.id"], name=op.f("fk_payment_orders_study_id_studies")
        ),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_payment_orders_session_id_sessions")
        ),
        sa.ForeignKeyConstraint(
            ["retries"],
            ["payment_orders.id"],
            name=op.f("fk_payment_orders_retries_payment_orders"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_orders")),
        sa.UniqueConstraint("key", name=op.f("uq_payment_orders_key")),
    )
    for columns in (["study_id", "state", "currency", "amount"], ["study_id", "id"]):
        op.create_index(f"ix_payment_orders_{'_'.join(columns)}", "payment_orders", columns)
    op.create_index("ix_payment_orders_session_id", "payment_orders", ["session_id"])
    op.execute(
        FILL.format(
            formed=FORMED, rank=RANK.format(of=""), furthest_rank=RANK.format(of="furthest.")
        )
    )
    connection = op.get_bind()
    number = sa.text("SELECT id FROM payment_orders WHERE key = :key")
    retried = sa.text("UPDATE payment_orders SET retries = :retries WHERE key = :key")
    for _, detail in _decisions(connection):
        failed = connection.execute(number, {"key": detail.get("again")}).scalar()
        if failed is not None:
            connection.execute(retried, {"retries": failed, "key": detail.get("key")})
    op.drop_index(OLD_INDEX, "ledger")


def downgrade() -> None:
    op.create_index(OLD_INDEX, "ledger", OLD_COLUMNS)
    # Revision 0006 looks in the decisions for orders that were tried again.
    connection = op.get_bind()
    pairs = sa.text(
        "SELECT later.key, earlier.key FROM payment_orders later "
        "JOIN payment_orders earlier ON earlier.id = later.retries"
    )
    earlier: dict[str, str] = {row[0]: row[1] for row in connection.execute(pairs)}
    noted = sa.text("UPDATE decisions SET detail = :detail WHERE id = :id").bindparams(
        sa.bindparam("detail", type_=sa.JSON)
    )
    for number, detail in _decisions(connection) if earlier else ():
        if detail.get("key") in earlier:
            again = detail | {"again": earlier[detail["key"]]}
            connection.execute(noted, {"id": number, "detail": again})
    op.drop_table("payment_orders")


def _decisions(connection: sa.Connection) -> list[tuple[int, dict[str, str]]]:
    """Return the id and the detail of each decision that made an order."""
    rows = connection.execute(
        sa.text("SELECT id, detail FROM decisions WHERE CAST(detail AS TEXT) LIKE '%\"key\"%'")
    )
    return [(id_, json.loads(said) if isinstance(said, str) else said) for id_, said in rows]
