"""Fixtures of all tests: databases of both kinds, tiny studies, a live server, a browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import expect
from support import running
from support.browser import ARGUMENTS, NoBrowser, find_chromium
from support.databases import PostgreSQL, running_postgresql
from support.running import pytest_addoption as pytest_addoption
from support.running import pytest_configure as pytest_configure
from support.running import pytest_generate_tests as pytest_generate_tests
from support.servers import LiveServer
from support.templates import share_compiled_templates
from support.tiny_studies import category_study, two_afc_study

from diptych.app import create_app
from diptych.authoring.folder import load_study
from diptych.ground.database import db
from diptych.ground.settings import Settings
from diptych.migrate import upgrade
from diptych.study.versions import freeze


def pytest_sessionstart() -> None:
    """Compile each template of the pages once for all applications of this process."""
    share_compiled_templates()


#: Modules for which something is made once that takes long, in one process of several.
TOGETHER = (
    "analysis/test_models.py",
    "analysis/test_trace_command.py",
    "host/test_dashboard_figures.py",
    "host/test_figure_counts.py",
    "host/test_machines.py",
    "host/test_shipped_divided_digits.py",
    "host/test_shipped_greebles.py",
    "host/test_shipped_lite0_units.py",
    "host/test_shipped_numerosity.py",
    "host/test_shipped_studies.py",
    "host/test_shipped_which_unit.py",
    "host/test_simulate.py",
    "tests/test_first_study.py",
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the lane does not run; order the rest.

    Faults come late and browsers last: Playwright keeps an event loop running in the thread. Of
    several processes one begins with all faults, so that the others have tests left meanwhile.
    """
    running.pytest_collection_modifyitems(config, items)
    several = hasattr(config, "workerinput")
    items.sort(key=lambda item: -1 if several and _turn(item) == 1 else _turn(item))


def _turn(item: pytest.Item) -> int:
    if item.get_closest_marker("browser") is not None:
        return 2
    return int("faults" in item.path.parts)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With `--dist loadgroup`: never two faults at a time, and what takes long is made once.

    Two faults would leave neither of them much of the machine. Tests are told by their names: the
    mark `xdist_group` does nothing with pytest 9.2, which keeps the names that xdist would change.
    """
    if config.getoption("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Groups(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            path = nodeid.partition("::")[0]
            if path.endswith(TOGETHER):
                return path
            # Those with a browser come last, in all processes.
            is_fault = "/faults/" in path and not path.endswith("_browser.py")
            return "faults" if is_fault else nodeid

    return Groups(config, log)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """A table of what each fault test has sent, been told and found, to be copied into the docs."""
    wanted = ("sent", "acknowledged", "stored", "sessions", "faults")
    rows = []
    for outcome in ("passed", "failed"):
        for each in terminalreporter.stats.get(outcome, ()):
            told = dict(getattr(each, "user_properties", ()))
            if each.when == "call" and all(name in told for name in wanted):
                name = each.nodeid.rpartition("/")[2]
                rows.append((name, *(f"{told[key]:,}" for key in wanted)))
    if not rows:
        return
    terminalreporter.section("answers and faults")
    for row in [("test", *wanted), ("---", *["---:"] * len(wanted)), *sorted(set(rows))]:
        terminalreporter.write_line(f"| {' | '.join(row)} |")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A real PostgreSQL server, one a test run."""
    with running_postgresql({"log_min_messages": "fatal"}) as server:
        yield server


@pytest.fixture
def database_kind(request: pytest.FixtureRequest) -> str:
    """`sqlite` or `postgresql`: see `lanes.choose_databases`."""
    kind: str = getattr(request, "param", "sqlite")
    return kind


@pytest.fixture
def empty_database_url(
    database_kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[str]:
    """URL of a fresh database without tables: once SQLite, once PostgreSQL."""
    if database_kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite3'}"
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    name = server.new_database()
    yield server.url(name)
    server.drop_database(name)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all tables and no rows, to copy."""
    path = tmp_path_factory.mktemp("migrated") / "template.sqlite3"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql: PostgreSQL) -> str:
    """Name of a PostgreSQL database with all tables and no rows, to copy."""
    name = postgresql.new_database()
    upgrade(Settings(database_url=postgresql.url(name)).sqlalchemy_url)
    return name


@pytest.fixture
def database_url(
    database_kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[str]:
    """URL of a fresh database with all tables: once SQLite, once PostgreSQL."""
    if database_kind == "sqlite":
        path = tmp_path / "diptych.sqlite3"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
        yield f"sqlite:///{path}"
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    name = server.new_database(request.getfixturevalue("migrated_postgresql"))
    yield server.url(name)
    server.drop_database(name)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of a host on the fresh database; its studies folder is `studies_folder`'s."""
    return Settings(
        home=tmp_path / "home",
        database_url=database_url,
        studies=tmp_path / "studies",
        secret_key="a secret for the tests",
        base_url="http://127.0.0.1:8000",
    )


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """A host on the fresh database, with no studies yet."""
    made = create_app(settings)
    yield made
    with made.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Speaks to `app` without a network."""
    return app.test_client()


@pytest.fixture
def studies_folder(tmp_path: Path) -> Path:
    """A studies folder that holds `tiny` (category learning) and `tiny_2afc` (2-AFC)."""
    folder = tmp_path / "studies"
    category_study(folder / "tiny")
    two_afc_study(folder / "tiny_2afc")
    return folder


@pytest.fixture
def live_server(settings: Settings, studies_folder: Path) -> Iterator[LiveServer]:
    """A running gunicorn on the fresh database, with both tiny studies open.

    A test that wants other studies writes them into `studies_folder` before it asks for this.
    """
    server = LiveServer(
        {
            "DIPTYCH_HOME": str(settings.home),
            "DIPTYCH_DATABASE_URL": settings.database_url,
            "DIPTYCH_STUDIES": str(settings.studies),
            "DIPTYCH_SECRET_KEY": settings.secret_key,
        },
        settings.home.parent / "server.log",
    )
    open_studies(settings)
    server.start()
    yield server
    server.stop()


def open_studies(settings: Settings) -> None:
    """Open every study of the studies folder."""
    host = create_app(settings)
    with host.app_context():
        for folder in sorted(settings.studies.iterdir()):
            freeze(load_study(folder), opening=True)
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """pytest-playwright's `page`, `context`, `browser`: in the Chromium of this machine."""
    chromium = find_chromium()
    if chromium is None:
        raise NoBrowser("no Chromium here: `make browser` installs one")
    # Of its own it waits 5 s, which a page takes on a busy machine.
    expect.set_options(timeout=60_000)
    return {
        **browser_type_launch_args,
        "executable_path": str(chromium),
        "args": list(ARGUMENTS),
    }
