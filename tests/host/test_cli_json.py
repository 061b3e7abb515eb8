"""`--json`: standard output holds JSON and nothing else, with the numbers of the words."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from support.tiny_studies import category_study
from support.walker import Walker, open_study
from werkzeug.serving import make_server

from diptych.cli import cli
from diptych.ground.settings import Settings

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])
RULES = {"quality": {"min_instructions_s": 25}}


@pytest.fixture
def host(app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """A host with the open study `tiny`, which one person has completed and one has begun."""
    for name in ("HOME", "DATABASE_URL", "STUDIES", "SECRET_KEY"):
        monkeypatch.setenv(f"DIPTYCH_{name}", str(getattr(settings, name.lower())))
    open_study(app, category_study(settings.studies / "tiny", changes=RULES))
    Walker(app.test_client()).start().finish()
    Walker(app.test_client()).start().answer()
    return app


def diptych(*arguments: str, code: int = 0) -> Result:
    """Run a command; it must end with a code."""
    done = CliRunner().invoke(cli, arguments)
    assert done.exit_code == code, done.output
    return done


def as_json(*arguments: str, code: int = 0) -> Any:
    """What a command prints with `--json`."""
    return json.loads(diptych(*arguments, "--json", code=code).stdout)


def words(*arguments: str) -> str:
    """What it prints without, in one line."""
    return " ".join(diptych(*arguments).output.replace("│", " ").split())


def test_list(host: Flask) -> None:
    row = {"study": "tiny", "state": "open", "versions": 1, "completed": 1, "under_way": 1}
    assert as_json("study", "list") == [{**row, "other": 0}]
    assert "tiny open 1 1 1 0" in words("study", "list")


def test_validate(host: Flask) -> None:
    told = as_json("study", "validate", "tiny")
    assert (told["study"], told["valid"], told["faults"]) == ("tiny", True, [])
    said = words("study", "validate", "tiny")
    phases = ", ".join(f"{count} {name}" for name, count in told["phases"].items())
    assert f"{told['task']}: {phases} trials; {told['stimuli']} stimuli, {told['items']}" in said
    assert f"{told['conditions']} condition; version {told['version']}" in said


def test_faults_are_json_too(host: Flask, settings: Settings) -> None:
    category_study(settings.studies / "tiny", changes={"minutes": "fünf"})
    for command in ("validate", "checklist"):
        done = diptych("study", command, "tiny", "--json", code=1)
        told = json.loads(done.stdout)
        assert (told["study"], told["valid"]) == ("tiny", False)
        (fault,) = told["faults"]
        assert list(fault) == ["file", "key", "found", "allowed"]
        assert (fault["file"], fault["key"], fault["found"]) == ("study.toml", "minutes", "'fünf'")
        assert "'fünf'".encode() in done.stdout_bytes


def test_a_failure_of_another_kind_leaves_standard_output_empty(host: Flask) -> None:
    done = diptych("pay", "tiny", "budget", "1.234", "--json", code=1)
    assert done.stdout == "" and "too many decimal places" in done.stderr


def test_checklist(host: Flask) -> None:
    told = as_json("study", "checklist", "tiny", "--strict", code=1)
    said = words("study", "checklist", "tiny")
    for check in told["checks"]:
        assert f"{check['state']} {check['title']}: {check['found']}".strip() in said
    assert {"done", "missing"} <= {check["state"] for check in told["checks"]}


def test_export(host: Flask, tmp_path: Path) -> None:
    to = tmp_path / "out"
    told = as_json("export", "tiny", "--to", str(to), "--with-ids")
    assert told["folder"] == str(to)
    assert sorted(told["files"]) == sorted(
        str(path.relative_to(to)) for path in to.rglob("*") if path.is_file()
    )
    assert (told["rows"]["sessions"], told["rows"]["trials"]) == (2, 12)
    assert told["only_counted"] == {"declined": 0, "withdrawn": 0, "expired": 0}
    said = words("export", "tiny", "--to", str(to))
    for name, count in {**told["rows"], **told["only_counted"]}.items():
        assert f"{name} {count}" in said


def test_pay(host: Flask) -> None:
    assert as_json("pay", "tiny", "status") == {"study": "tiny", "orders": [], "budget": None}
    told = as_json("pay", "tiny", "budget", "5")
    currency = told["budget"].pop("currency")
    assert told["budget"] == {"amount_minor": 500, "spent_minor": 0, "left_minor": 500}
    assert f"0.00 {currency} of 5.00 {currency}" in words("pay", "tiny", "status")
    sent = as_json("pay", "tiny", "send")["sent"]
    assert sent == {"confirmed": 0, "failed": 0, "in_doubt": 0, "waiting": 0, "problems": []}
    assert as_json("pay", "tiny", "reconcile")["reconciled"]["differences"] == []


def test_users(host: Flask) -> None:
    assert as_json("user", "list") == []
    diptych("user", "add", "zoe", "--admin")
    user = {"user": "zoe", "admin": True, "studies": 0, "disabled": False, "has_password": False}
    assert as_json("user", "list") == [user]
    assert "zoe administrator, no password yet" in words("user", "list")


def test_quality(host: Flask) -> None:
    told = as_json("quality", "tiny", "--recompute")
    (rule,) = told["rules"]
    assert (rule["rule"], rule["judged"], rule["flagged"]) == ("min_instructions_s", 1, 1)
    assert f"{told['completed']} completed, {told['excluded']} of them" in words("quality", "tiny")


def test_doctor(host: Flask) -> None:
    done = CliRunner().invoke(cli, ["doctor", "--json"])
    said = CliRunner().invoke(cli, ["doctor"])
    grades = [finding["grade"] for finding in json.loads(done.stdout)]
    assert done.exit_code == said.exit_code
    marks = [len(re.findall(rf"^ *{mark}", said.output, re.MULTILINE)) for mark in "✓!✗"]
    assert marks == [grades.count(grade) for grade in ("ok", "warning", "fault")]


@pytest.fixture
def address(host: Flask) -> Iterator[str]:
    """Where the host is served for the length of a test."""
    server = make_server("127.0.0.1", 0, host, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.slow
def test_simulate(address: str) -> None:
    run = ("simulate", "tiny", "-n", "3", "--observer", "guesser", "--base-url", address)
    told = as_json(*run, "--run", "one")
    assert (told["study"], told["kind"], told["run"]) == ("tiny", "simulated", "one")
    assert (told["outcomes"], told["answers"], told["failed"]) == ({"completed": 3}, 18, {})
    assert [taken["participant"] for taken in told["sessions"]] == [f"one-000{n}" for n in range(3)]
    assert all(len(taken["session"]) == 32 and taken["answers"] == 6 for taken in told["sessions"])
    assert "3 simulated people (3 completed), 18 answers" in words(*run, "--run", "two")
    unknown = diptych("simulate", "tiny", "--observer", "sage", "--json", code=1)
    assert unknown.stdout == ""
