"""`diptych user …`, and what `diptych serve` says at the first start."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from support.dashboard import study_id
from support.servers import LiveServer
from support.walker import open_study

from diptych.accounts import administration, audit, links, passwords
from diptych.accounts.users import find_user, role_in
from diptych.cli import cli
from diptych.ground.settings import Settings

LINK = re.compile(r"http://127\.0\.0\.1:8000/dashboard/link/([\w-]{43})")


def run(settings: Settings, *arguments: str, given: str = "") -> Result:
    """`diptych user …` on the test's database."""
    environment = {
        "DIPTYCH_HOME": str(settings.home),
        "DIPTYCH_DATABASE_URL": settings.database_url,
        "DIPTYCH_SECRET_KEY": settings.secret_key,
        "DIPTYCH_STUDIES": str(settings.studies),
    }
    return CliRunner().invoke(cli, ["user", *arguments], env=environment, input=given)


def test_somebody_is_added_and_sets_a_password(app: Flask, settings: Settings) -> None:
    assert "No users yet" in run(settings, "list").output
    made = run(settings, "add", "Ada", "--admin")
    assert made.exit_code == 0, made.output
    token = LINK.search(made.output)
    assert token
    assert "administrator, no password yet" in run(settings, "list").output
    with app.app_context():
        links.use(token[1], "a long enough password")
        user = passwords.check("ada", "a long enough password")
        assert user and user.is_admin
    again = run(settings, "add", "ada")
    assert again.exit_code == 1 and "a user 'ada' already exists" in again.output
    bad = run(settings, "add", "two words")
    assert bad.exit_code == 1 and "letters, digits" in bad.output


def test_a_password_may_come_from_a_pipe(app: Flask, settings: Settings) -> None:
    short = run(settings, "add", "ada", "--password-stdin", given="short\n")
    assert short.exit_code == 1 and "at least 10 characters" in short.output
    made = run(settings, "add", "ada", "--password-stdin", given="a long enough password\n")
    assert made.exit_code == 0 and not LINK.search(made.output)
    with app.app_context():
        assert passwords.check("ada", "a long enough password")


def test_roles_links_and_disabling(app: Flask, settings: Settings, studies_folder: Path) -> None:
    open_study(app, studies_folder / "tiny")
    run(settings, "add", "ada", "--password-stdin", given="a long enough password\n")
    assert run(settings, "role", "ada", "tiny", "editor").exit_code == 0
    with app.app_context():
        user = find_user("ada")
        assert user and role_in(user, study_id("tiny")) == "editor"
    assert run(settings, "role", "ada", "tiny", "none").exit_code == 0
    with app.app_context():
        assert role_in(user, study_id("tiny")) is None
    for arguments, said in (
        (("role", "ada", "nothing", "viewer"), "no study 'nothing'"),
        (("role", "eve", "tiny", "viewer"), "no user 'eve'"),
        (("role", "ada", "tiny", "emperor"), "'emperor' is not one of"),
        (("link", "eve"), "no user 'eve'"),
        (("disable", "eve"), "no user 'eve'"),
    ):
        refused = run(settings, *arguments)
        assert refused.exit_code != 0 and said in refused.output, refused.output
    assert LINK.search(run(settings, "link", "ada").output)
    assert run(settings, "disable", "ada").exit_code == 0
    assert "disabled" in run(settings, "list").output
    assert run(settings, "link", "ada").exit_code == 1
    assert run(settings, "enable", "ada").exit_code == 0
    with app.app_context():
        said = {(entry.actor, entry.action) for entry in audit.read().entries}
        assert administration.any_user("ada") == user
    actions = ("user.add", "member.role", "user.link", "user.disable", "user.enable")
    assert {("command line", action) for action in actions} <= said


@pytest.mark.slow
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_the_first_start_prints_a_link_and_later_ones_do_not(live_server: LiveServer) -> None:
    said = live_server.log.read_text()
    printed = re.findall(rf"{re.escape(live_server.url)}/dashboard/link/([\w-]{{43}})", said)
    assert len(printed) == 1 and "No accounts yet" in said
    live_server.diptych("user", "add", "ada", "--admin")
    live_server.restart()
    assert live_server.log.read_text().count("No accounts yet") == 1
