"""A study that takes a while, a host, and how long each fault is kept up."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.crowd import Crowd
from support.lanes import fault_seconds
from support.servers import LiveServer
from support.set_clock import Clock, build
from support.tiny_studies import category_study
from support.walker import open_study

from diptych import migrate
from diptych.app import create_app
from diptych.ground.database import db
from diptych.ground.keys import study_key
from diptych.ground.settings import Settings


@pytest.fixture
def seconds(pytestconfig: pytest.Config) -> float:
    """How long a fault is kept up, s."""
    return fault_seconds(pytestconfig)


@pytest.fixture
def steady(settings: Settings) -> Path:
    """A study of 16 trials for as many people as come, in the studies folder."""
    return category_study(
        settings.studies / "steady",
        training=12,
        test=4,
        changes={"recruitment": {"participants": 1_000_000, "once": False}},
    )


def open_here(settings: Settings, folder: Path) -> None:
    """Open a study as `diptych study open` does, without the time that a process takes to begin."""
    app = create_app(settings)
    open_study(app, folder)
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def server(settings: Settings, steady: Path) -> Iterator[LiveServer]:
    """A running host with the study open."""
    made = LiveServer(
        {
            "DIPTYCH_HOME": str(settings.home),
            "DIPTYCH_DATABASE_URL": settings.database_url,
            "DIPTYCH_STUDIES": str(settings.studies),
            "DIPTYCH_SECRET_KEY": settings.secret_key,
        },
        settings.home.parent / "server.log",
    )
    migrate.upgrade(settings.sqlalchemy_url, "head", settings.key_of_identities())
    open_here(settings, steady)
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def faketime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library by which a clock can be set for some processes."""
    if sys.platform != "linux":
        pytest.skip("the clock of single processes can be set on Linux only")
    return build(tmp_path_factory.mktemp("faketime") / "src")


@pytest.fixture
def clock(tmp_path: Path, faketime: Path) -> Clock:
    """A clock for the hosts that live by it."""
    return Clock(tmp_path / "clock", faketime)


@pytest.fixture
def crowd(server: LiveServer, settings: Settings) -> Crowd:
    """Twelve people at once who take the study through everything."""
    return Crowd(server.url, "steady", study_key(settings.secret(), "simulate", "steady"))
