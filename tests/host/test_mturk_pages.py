"""HITs from the dashboard and from the command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from support.dashboard import researcher
from support.local_mturk import LocalMTurk
from support.mturk_study import mturk_settings, open_on_mturk
from support.walker import rows

from diptych import models
from diptych.app import create_app
from diptych.cli import cli
from diptych.ground.database import db
from diptych.ground.settings import Settings
from diptych.host import Host
from diptych.mturk.hits import create_hit

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])


@pytest.fixture
def settings(database_url: str, tmp_path: Path, mturk: LocalMTurk) -> Settings:
    return mturk_settings(database_url, tmp_path, mturk, base_url="https://study.example.org/")


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    made = create_app(settings)
    open_on_mturk(made, settings.studies / "tiny")
    with made.app_context():
        yield made
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def host(app: Flask) -> Host:
    found: Host = app.extensions["diptych"]
    return found


# From the command line


def test_hits_from_the_command_line(
    mturk: LocalMTurk, app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in settings.model_dump().items():
        if value != "" and value is not None:
            monkeypatch.setenv(f"DIPTYCH_{name.upper()}", str(value))

    def run(*words: str, say: str | None = None) -> Any:
        return CliRunner().invoke(cli, ["mturk", *words], input=say)

    refused = run("hit", "create", "tiny", "--assignments", "12", say="n\n")
    assert "20.16 USD" in refused.output and "higher fee" in refused.output
    assert refused.exit_code == 1 and mturk.api.hits == {}
    made = run("hit", "create", "tiny", "--assignments", "12", "--split", "--yes")
    assert made.exit_code == 0, made.output
    first, second = mturk.api.hits
    assert "17.28 USD" in made.output and "sandbox" in made.output
    assert first in run("hit", "list", "tiny").output
    assert run("hit", "extend", "tiny", first, "--assignments", "1").exit_code == 0
    assert mturk.api.hits[first]["MaxAssignments"] == 7
    assert run("hit", "expire", "tiny").exit_code == 2
    assert run("hit", "expire", "tiny", "--all").exit_code == 0
    assert not mturk.site.may_have("A1", first) and not mturk.site.may_have("A1", second)
    assert "0 worker" in run("qualify", "tiny").output
    wrong = run("hit", "expire", "tiny", "3NONE")
    assert wrong.exit_code == 1 and "no HIT 3NONE" in wrong.output


# From the dashboard


def test_hits_on_the_dashboard(mturk: LocalMTurk, app: Flask, host: Host) -> None:
    editor, viewer = researcher(app, "editor"), researcher(app, "viewer")
    page = "/studies/tiny/recruitment/hits"
    assert "No HIT yet" in editor.get(page).text
    assert mturk.calls == [], "a study that never was on MTurk asks nothing of it"
    (made,) = create_hit(host, "tiny", 3)
    for who, changes in ((editor, True), (viewer, False)):
        text = who.get(page).text
        assert made.id in text and "1.20" in text
        assert ("Let it expire" in text) == changes and ("Extend a HIT" in text) == changes
    form = {"hit": made.id, "assignments": "2", "hours": "0", "token": "form-1"}
    for _ in range(2):
        reply = editor.post(f"{page}/extend", form, follow_redirects=True)
    assert "is extended" in reply.text and mturk.api.hits[made.id]["MaxAssignments"] == 5
    refused = editor.post(f"{page}/extend", form | {"assignments": "-1"}, follow_redirects=True)
    assert "not allowed for assignments" in refused.text
    refused = editor.post(f"{page}/expire", {"hit": "3NONE"}, follow_redirects=True)
    assert "no HIT 3NONE" in refused.text
    assert viewer.post(f"{page}/expire", {"hit": made.id}).status_code == 403
    assert (
        "has expired" in editor.post(f"{page}/expire", {"hit": made.id}, follow_redirects=True).text
    )
    assert not mturk.site.may_have("AWORKER", made.id)
    users = {e["action"]: e["actor"] for e in rows(app, models.AuditEntry)}
    assert users["hit.expire"] == users["hit.extend"] == "editor"


def test_a_page_of_hits_stands_when_mturk_does_not_answer(
    mturk: LocalMTurk, app: Flask, host: Host
) -> None:
    (made,) = create_hit(host, "tiny", 3)
    mturk.password = "AKIAOTHER"
    text = researcher(app, "viewer").get("/studies/tiny/recruitment/hits").text
    assert made.id in text and "does not answer" in text
