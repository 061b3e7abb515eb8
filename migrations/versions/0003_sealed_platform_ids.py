"""Platform ids are sealed.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import json
from collections.abc import Callable

import sqlalchemy as sa
from alembic import context, op

from diptych.ground.seal import Seal

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

IDENTITIES = sa.table(
    "identities", sa.column("recruiter", sa.String), sa.column("external_id", sa.String)
)
ARRIVALS = sa.table("arrivals", sa.column("id", sa.Integer), sa.column("parameters", sa.JSON))


def upgrade() -> None:
    _rewrite(
        lambda seal: seal.close,
        lambda seal: lambda value: {"sealed": seal.close(json.dumps(value))},
    )


def downgrade() -> None:
    _rewrite(
        lambda seal: seal.open,
        lambda seal: lambda value: json.loads(seal.open(value["sealed"])),
    )


def _rewrite(
    text: Callable[[Seal], Callable[[str], str]], thing: Callable[[Seal], Callable[..., object]]
) -> None:
    """Write every platform id anew; asks for the key only where there is one to write."""
    connection = op.get_bind()
    ids = connection.execute(sa.select(IDENTITIES)).all()
    arrivals = connection.execute(sa.select(ARRIVALS)).all()
    if not ids and not arrivals:
        return
    secret = context.config.attributes.get("identity_key")
    if secret is None:
        raise RuntimeError("platform ids stand in this database: their key is needed to migrate")
    seal = Seal(secret)
    for row in ids:
        connection.execute(
            sa.update(IDENTITIES)
            .where(
                IDENTITIES.c.recruiter == row.recruiter,
                IDENTITIES.c.external_id == row.external_id,
            )
            .values(external_id=text(seal)(row.external_id))
        )
    for row in arrivals:
        connection.execute(
            sa.update(ARRIVALS)
            .where(ARRIVALS.c.id == row.id)
            .values(parameters=thing(seal)(row.parameters))
        )
