"""Migrations on both databases: up from empty, down to empty, and nothing that they forget."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from click.testing import CliRunner
from flask import Flask
from support.tiny_studies import category_study
from support.walker import Walker, change, open_study, rows

from diptych import migrate, models
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


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_downgrade_says_what_it_deletes(
    app: Flask, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = {
        "after_days": 1,
        "phases": {"test": 1},
        "recruitment": {"prolific": {"completed": "B"}},
    }
    changes = {"policy": {"name": "mastery"}, "part": [part]}
    open_study(app, category_study(tmp_path / "studies/tiny", changes=changes))
    Walker(app.test_client()).start(participant="ada").finish()
    (first,) = rows(app, models.Session)
    change(app, models.Session, {"ended_at": first["ended_at"] - 36 * 3_600_000}, id=1)
    Walker(app.test_client()).start(participant="ada", part="2").finish()
    chosen = sum(row["choice"] is not None for row in rows(app, models.Trial))
    monkeypatch.setenv("DIPTYCH_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("DIPTYCH_HOME", str(settings.home))

    def said(revision: str) -> str:
        result = CliRunner().invoke(cli, ["db", "downgrade", revision], input="n\n")
        assert result.exit_code == 1
        return result.output

    assert "which part of the study 1 sessions are of" in said("0009")
    assert "how a policy chose" not in said("0009")
    assert f"how a policy chose {chosen} trials" in said("0008")
    assert "Lost" not in said("0010")
    assert "'9999' is not a revision before" in said("9999")
    assert len(rows(app, models.Session)) == 2, "nothing was deleted"
