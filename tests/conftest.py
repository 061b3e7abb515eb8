"""Fixtures of all tests: databases of both kinds, tiny studies, a live server, a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.browser import ARGUMENTS, NoBrowser, find_chromium
from support.databases import PostgreSQL, running_postgresql
from support.tiny_studies import category_study, two_afc_study

BOTH = [
    pytest.param("sqlite", id="sqlite"),
    pytest.param("postgresql", id="postgresql", marks=pytest.mark.postgres),
]


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A real PostgreSQL server, one a test run."""
    with running_postgresql({"max_connections": "100", "log_min_messages": "fatal"}) as server:
        yield server


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of a fresh, empty database (no tables): once SQLite, once PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'diptych.sqlite3'}"
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    name = server.new_database()
    yield server.url(name)
    server.drop_database(name)


@pytest.fixture
def studies_folder(tmp_path: Path) -> Path:
    """A studies folder that holds `tiny` (category learning) and `tiny_2afc` (2-AFC)."""
    folder = tmp_path / "studies"
    category_study(folder / "tiny")
    two_afc_study(folder / "tiny_2afc")
    return folder


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """pytest-playwright's `page`, `context`, `browser`: in the Chromium of this machine."""
    chromium = find_chromium()
    if chromium is None:
        raise NoBrowser("no Chromium here: `make browser` installs one")
    return {
        **browser_type_launch_args,
        "executable_path": str(chromium),
        "args": list(ARGUMENTS),
    }
