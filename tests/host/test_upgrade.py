"""docs/upgrade.md: a database of 0.1, upgraded in the middle of a session."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from support.walker import Walker, open_study

from diptych import migrate
from diptych.cli import cli
from diptych.ground.database import db
from diptych.ground.settings import Settings
from diptych_analysis.tables import read_tables

#: The revision of the database of version 0.1.
OLD = "0006"
PAGE = (Path(__file__).resolve().parents[2] / "docs" / "upgrade.md").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_session_goes_on_after_the_upgrade(
    app: Flask, settings: Settings, studies_folder: Path, tmp_path: Path
) -> None:
    environment = {
        "DIPTYCH_HOME": str(settings.home),
        "DIPTYCH_DATABASE_URL": settings.database_url,
        "DIPTYCH_SECRET_KEY": settings.secret_key,
        "DIPTYCH_STUDIES": str(settings.studies),
    }

    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(cli, arguments, env=environment)
        said = f"{result.output} {result.exception or ''}"
        return result.exit_code, " ".join(said.split())

    assert f"is at revision {OLD}" in PAGE
    open_study(app, studies_folder / "tiny")
    whole = Walker(app.test_client()).start(participant="ada")
    whole.finish()
    half = Walker(app.test_client()).start(participant="bob")
    half.answer()
    with app.app_context():
        db.engine.dispose()
    migrate.downgrade(settings.sqlalchemy_url, OLD, settings.key_of_identities())

    code, said = run("doctor")
    assert code == 1 and f"at revision {OLD}, but this version needs" in said
    code, said = run("study", "list")
    assert code == 1 and "diptych db upgrade" in said, "0.2 does not start before the upgrade"
    assert run("db", "upgrade")[0] == 0
    half.finish()
    to = tmp_path / "out"
    code, said = run("export", "tiny", "--to", str(to), "--format", "csv")
    assert code == 0, said
    tables = read_tables(to)
    assert list(tables.sessions["status"]) == ["completed", "completed"]
    counts = tables.trials.groupby("session_id").size()
    assert counts.nunique() == 1 and tables.trials["response"].notna().all()
