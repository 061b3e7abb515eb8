"""The lanes choose what their names say; a stopped run goes on; a gate over its budget fails."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.kept import copy_of, kept

TESTS = Path(__file__).parent
#: None of the plugins that are installed beside pytest: they take longer than the tests.
BARE = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
CONFTEST = """
import pytest
from support.running import *

@pytest.fixture
def database_kind(request):
    return request.param
"""
MARKS = """
[pytest]
markers =
    exhaustive
    both_databases
    postgres
    slow
    browser
"""
MODULE = """
import os, pytest
from hypothesis import settings
from support.properties import costly

def test_plain(): pass

def test_on_a_database(database_kind): assert database_kind in ("sqlite", "postgresql")

@pytest.mark.both_databases
def test_on_both(database_kind): pass

@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_on_sqlite_only(database_kind): pass

@pytest.mark.slow
def test_slow(): pass

@pytest.mark.exhaustive
def test_exhaustive(): pass

def test_says_its_examples():
    print(f"examples {settings.default.max_examples} {costly().max_examples}")

def test_that_fails_at_first():
    assert os.environ.get("MENDED")
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A checkout with a few tests, which run with the hooks of this suite."""
    folder = tmp_path / "suite"
    folder.mkdir()
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "test_some.py").write_text(MODULE)
    (folder / "pytest.ini").write_text(MARKS)
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    return folder


def run(suite: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    """Run the few tests; returns exit status and what was printed."""
    done = subprocess.run(
        [sys.executable, "-B", "-m", "pytest", "-v", "-rA", "-p", "no:cacheprovider", *arguments],
        env={**os.environ, "PYTHONPATH": str(TESTS), **BARE, **environment},
        capture_output=True,
        text=True,
        check=False,
        cwd=suite,
    )
    return done.returncode, done.stdout + done.stderr


def names(printed: str) -> set[str]:
    """Names of the tests that ran."""
    return set(re.findall(r"::(\S+) (?:PASSED|FAILED)", printed))


CHECK = {"test_plain", "test_says_its_examples", "test_that_fails_at_first"}
GATE = CHECK | {
    "test_on_a_database[sqlite]", "test_on_both[sqlite]", "test_on_both[postgresql]",
    "test_on_sqlite_only[sqlite]", "test_slow",
}  # fmt: skip
ALL = GATE | {"test_on_a_database[postgresql]", "test_exhaustive"}


@pytest.mark.parametrize(
    ("lane", "wanted", "examples"),
    [("check", CHECK, "30 6"), ("gate", GATE, "30 6"), ("all", ALL, "1000 125")],
)
def test_a_lane_runs_what_its_marks_say(
    suite: Path, lane: str, wanted: set[str], examples: str
) -> None:
    _, printed = run(suite, "--lane", lane)
    assert names(printed) == wanted
    assert f"examples {examples}\n" in printed
    assert "slowest tests (wall s, CPU s)" in printed


def test_a_stopped_run_goes_on_with_what_has_not_passed(suite: Path) -> None:
    going_on = ("--lane=all", f"--resume={suite.parent / 'passed.txt'}")
    status, printed = run(suite, *going_on)
    assert status == 1 and names(printed) == ALL
    status, printed = run(suite, *going_on, MENDED="1")
    assert status == 0 and names(printed) == {"test_that_fails_at_first"}
    assert f"{len(ALL)} tests have passed, {len(ALL) - 1} of them in earlier runs" in printed
    # Another content of the checkout: nothing has passed with it yet.
    (suite / "new.txt").write_text("A file that git does not ignore.")
    _, printed = run(suite, *going_on, MENDED="1")
    assert names(printed) == ALL


@pytest.mark.parametrize(("budget", "status"), [("", 0), ("1", 1), ("30", 0)])
def test_only_a_machine_that_sets_a_budget_is_held_to_it(
    suite: Path, budget: str, status: int
) -> None:
    ten_minutes_ago = str(time.time() - 600)
    given = {"DIPTYCH_GATE_BUDGET": budget, "DIPTYCH_GATE_BEGAN": ten_minutes_ago, "MENDED": "1"}
    assert run(suite, "--lane", "gate", "-k", "plain", **given)[0] == status


def test_what_is_kept_is_made_once_and_its_copies_may_be_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("support.kept.FOLDER", tmp_path / "kept")
    made: list[Path] = []

    def make(folder: Path) -> None:
        made.append(folder)
        (folder / "below").mkdir()
        (folder / "below" / "file").write_text("drawn")

    copy = copy_of(kept(make, "this test"), tmp_path / "copy")
    (copy / "below" / "file").write_text("changed")
    again = kept(make, "this test")
    assert (again / "below" / "file").read_text() == "drawn"
    assert len(made) == 1
    assert kept(make, "this test", "of other arguments") != again
