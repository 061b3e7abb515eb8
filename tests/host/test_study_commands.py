"""`diptych study links` and `diptych study checklist`, and what commands leave in the audit log."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from support.tiny_studies import category_study, merged
from support.walker import rows

from diptych import models
from diptych.cli import cli
from diptych.ground.settings import Settings

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])
IN_ORDER = {
    "contact": "Ada <ada@lab.edu>",
    "payment": {"reward": 0.15},
    "recruitment": {
        "prolific": {"completed": "C1A2B3", "screened_out": "C4D5E6", "declined": "C7F8A9"}
    },
}


@pytest.fixture
def host(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of a host, as commands find them."""
    for name, value in {
        "HOME": settings.home,
        "DATABASE_URL": settings.database_url,
        "STUDIES": settings.studies,
        "SECRET_KEY": "a secret for the tests, long enough for HTTPS",
        "BASE_URL": "https://study.lab.edu",
    }.items():
        monkeypatch.setenv(f"DIPTYCH_{name}", str(value))
    return settings


def diptych(*arguments: str) -> Result:
    """Run a command."""
    return CliRunner().invoke(cli, arguments)


def test_links_are_told_for_each_recruiter(host: Settings) -> None:
    category_study(host.studies / "tiny")
    assert diptych("study", "open", "tiny").exit_code == 0
    lines = dict(
        line.split(maxsplit=1) for line in diptych("study", "links", "tiny").output.splitlines()
    )
    assert list(lines) == ["direct", "prolific", "mturk"]
    assert lines["direct"] == "https://study.lab.edu/s/tiny"
    assert "PROLIFIC_PID={{%PROLIFIC_PID%}}" in lines["prolific"]


def test_a_study_that_was_never_opened_has_no_links(host: Settings) -> None:
    category_study(host.studies / "tiny")
    diptych("study", "preview", "tiny")
    assert diptych("study", "links", "tiny").exit_code != 0


def test_strict_fails_while_something_is_missing(host: Settings) -> None:
    category_study(host.studies / "tiny")
    told = diptych("study", "checklist", "tiny")
    assert told.exit_code == 0
    assert "missing  Contact" in told.output
    assert "<ada@example.org>" in told.output, "angle brackets are no markup"
    assert diptych("study", "checklist", "tiny", "--strict").exit_code == 1
    category_study(host.studies / "tiny", changes=IN_ORDER)
    strict = diptych("study", "checklist", "tiny", "--strict")
    assert strict.exit_code == 0, strict.output


def test_commands_are_noted_in_the_audit_log(host: Settings, app: Flask) -> None:
    category_study(host.studies / "tiny")
    for command in ("preview", "open", "pause", "close"):
        assert diptych("study", command, "tiny").exit_code == 0
    noted = [(entry["actor"], entry["action"]) for entry in rows(app, models.AuditEntry)]
    assert noted == [
        ("command line", "study.freeze"),
        ("command line", "key.make"),  # of the preview link that is told
        ("command line", "study.open"),
        ("command line", "study.pause"),
        ("command line", "study.close"),
    ]


def test_a_folder_with_faults_has_no_checklist(host: Settings, tmp_path: Path) -> None:
    folder = category_study(host.studies / "tiny")
    (folder / "consent.md").unlink()
    assert diptych("study", "checklist", "tiny").exit_code != 0


def test_a_misspelt_study_to_exclude_is_told_when_a_study_is_opened(host: Settings) -> None:
    category_study(host.studies / "discs")
    wish = merged(IN_ORDER, {"recruitment": {"exclude_studies": ["disc"]}})
    category_study(host.studies / "tiny", changes=wish)
    told = diptych("study", "open", "tiny")
    assert told.exit_code == 0 and "Excluded studies" in told.output
    told = diptych("study", "checklist", "tiny")
    assert "'disc' is similar to 'discs'" in " ".join(told.output.split())
    category_study(
        host.studies / "tiny", changes=merged(wish, {"recruitment": {"exclude_studies": ["discs"]}})
    )
    assert "Excluded studies" not in diptych("study", "open", "tiny").output
