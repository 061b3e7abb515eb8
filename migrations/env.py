"""Runs the migrations on the database that `diptych.migrate` names."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine

from diptych import models  # noqa: F401  (the tables must be known)
from diptych.ground.database import Base

engine = create_engine(context.config.get_main_option("sqlalchemy.url") or "")
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        # SQLite can't alter most things: Alembic copies the table instead.
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
