"""Migrations on both databases: up from empty, down to empty, and nothing that they forget."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from click.testing import CliRunner
from flask import Flask
from support.walker import Walker, open_study

from diptych import migrate, models  # noqa: F401
from diptych.cli import cli
from diptych.ground.database import Base, db
from diptych.ground.settings import Settings

pytestmark = pytest.mark.both_databases


def tables(url: str) -> set[str]:
    engine = sa.create_engine(url)
    found = set(sa.inspect(engine).get_table_names()) - {"alembic_version"}
    engine.dispose()
    return found


def test_up_and_down_and_up(empty_database_url: str) -> None:
    url = Settings(database_url=empty_database_url).sqlalchemy_url
    migrate.upgrade(url)
    assert tables(url) == set(Base.metadata.tables)
    migrate.downgrade(url, "base")
    assert tables(url) == set()
    migrate.upgrade(url)
    assert tables(url) == set(Base.metadata.tables)


def test_autogenerate_finds_nothing(empty_database_url: str) -> None:
    url = Settings(database_url=empty_database_url).sqlalchemy_url
    migrate.upgrade(url)
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_an_empty_database_is_made_ready_by_the_first_command(
    empty_database_url: str, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("DIPTYCH_DATABASE_URL", empty_database_url)
    monkeypatch.setenv("DIPTYCH_HOME", str(tmp_path))
    result = CliRunner().invoke(cli, ["study", "list"])
    assert result.exit_code == 0, result.output
    assert "No studies yet" in result.output


def test_a_database_that_is_behind_is_refused(empty_database_url: str) -> None:
    url = Settings(database_url=empty_database_url).sqlalchemy_url
    migrate.upgrade(url)
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0000'"))
    try:
        migrate.ensure_head(engine, url)
    except migrate.BehindFault as fault:
        assert "diptych db upgrade" in str(fault)
    else:
        raise AssertionError("a database that is behind was taken")
    finally:
        engine.dispose()


@pytest.mark.parametrize(
    "change",
    [
        ("ALTER TABLE responses RENAME TO gone", "ALTER TABLE gone RENAME TO responses"),
        (
            "ALTER TABLE sessions RENAME COLUMN step TO gone",
            "ALTER TABLE sessions RENAME COLUMN gone TO step",
        ),
    ],
    ids=["table", "column"],
)
def test_tables_of_another_revision_are_waited_for(
    app: Flask, studies_folder: Path, change: tuple[str, str]
) -> None:
    """A host that runs while its tables are taken back or forth asks to try again."""
    open_study(app, studies_folder / "tiny")
    walker = Walker(app.test_client()).start()

    def alter(statement: str) -> None:
        with app.app_context(), db.engine.begin() as connection:
            connection.execute(sa.text(statement))

    alter(change[0])
    answer = {"ranking": walker.trial["show"]["classes"][: walker.trial["show"]["rank"]]}
    reply = walker.post(0, answer)
    assert (reply.status_code, reply.json["error"]["code"]) == (503, "busy")
    assert reply.headers["Retry-After"] == "1"
    alter(change[1])
    assert walker.post(0, answer).status_code == 200
