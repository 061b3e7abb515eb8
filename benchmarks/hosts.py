"""The hosts of a load: one, or three behind one address, on a database of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import sqlalchemy
from books import Books
from flask import Flask
from load_study import write_study
from processes import postmaster
from support.databases import PostgreSQL
from support.reverse_proxy import ReverseProxy
from support.rows import query
from support.servers import LiveServer

from diptych.app import create_app
from diptych.authoring.folder import load_study
from diptych.ground.database import db
from diptych.ground.settings import Settings
from diptych.migrate import upgrade
from diptych.study.versions import freeze

LABELS = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}


@dataclass(frozen=True)
class Prepared:
    """A migrated database with one study open.

    Attributes
    ----------
    settings : Settings
        Of its hosts.
    app : Flask
        A host in this process.
    server : PostgreSQL | None
        The PostgreSQL server; None on SQLite.
    folder : Path
        For files of the hosts.
    """

    settings: Settings
    app: Flask
    server: PostgreSQL | None
    folder: Path

    @property
    def database(self) -> str:
        """Name of the PostgreSQL database."""
        return sqlalchemy.make_url(self.settings.database_url).database or ""


@contextmanager
def prepared(server: PostgreSQL | None, task: str, trials: int) -> Iterator[Prepared]:
    """Prepare a new database, on PostgreSQL if there is a server, with the study of a task."""
    with prepared_with(server, lambda studies: [write_study(studies, task, trials)]) as found:
        yield found


@contextmanager
def prepared_with(
    server: PostgreSQL | None, write: Callable[[Path], Sequence[Path]]
) -> Iterator[Prepared]:
    """Prepare a new database with the studies that `write` writes into a folder, all open."""
    with TemporaryDirectory(prefix="diptych-bench-") as temporary:
        folder = Path(temporary)
        studies = write(folder / "studies")
        if server is None:
            url = f"sqlite:///{folder / 'bench.sqlite3'}"
        else:
            url = server.url(server.new_database())
        settings = Settings(
            home=folder / "home", database_url=url, studies=folder / "studies",
            secret_key="bench",
        )  # fmt: skip
        upgrade(settings.sqlalchemy_url)
        app = create_app(settings)
        with app.app_context():
            for study in studies:
                freeze(load_study(study), opening=True)
            try:
                yield Prepared(settings, app, server, folder)
            finally:
                db.engine.dispose()


@dataclass(frozen=True)
class Hosts:
    """Running hosts.

    Attributes
    ----------
    port : int
        Of the one address they are reached at.
    programs : dict[str, list[int]]
        What is measured: name -> first processes (`processes.Meter`).
    proxy : str
        What stands before several hosts; empty where nothing does.
    """

    port: int
    programs: dict[str, list[int]]
    proxy: str = ""


def environment(settings: Settings, home: str = "") -> dict[str, str]:
    """Return the environment variables of a host."""
    return {
        "DIPTYCH_HOME": str(settings.home / home),
        "DIPTYCH_DATABASE_URL": settings.database_url,
        "DIPTYCH_STUDIES": str(settings.studies),
        "DIPTYCH_SECRET_KEY": settings.secret_key,
        # Everybody comes from one address here, more than a campus ever sends.
        "DIPTYCH_LIMIT_ENTRIES": "0",
    }


@contextmanager
def running(on: Prepared, hosts: int, workers: int) -> Iterator[Hosts]:
    """Start hosts, each with so many workers, and a proxy if there are several."""
    with ExitStack() as stack:
        servers = []
        for number in range(hosts):
            own = environment(on.settings, f"host{number}")
            if hosts > 1:
                own["DIPTYCH_PROXY_HOPS"] = "1"
            live = LiveServer(own, on.folder / f"server{number}.log", workers)
            live.start()
            stack.callback(live.stop)
            servers.append(live)
        programs = {"server": [live.pid for live in servers]}
        if on.server is not None:
            programs["database"] = [postmaster(on.server.socket_folder)]
        if hosts == 1:
            yield Hosts(servers[0].port, programs)
            return
        proxy = stack.enter_context(ReverseProxy([live.port for live in servers]))
        programs["proxy"] = [proxy.pid]
        yield Hosts(proxy.port, programs, "nginx" if proxy.nginx else "a proxy in Python")


def not_kept(settings: Settings, books: Books) -> list[str]:
    """List what is wrong with the stored answers; empty when every acknowledged one is there.

    A session's answers come one after the other, and the table's key holds each to one row; so
    their number says all: at least those acknowledged, at most those sent.
    """
    stored = {
        session: (counted, rows)
        for session, counted, rows in query(
            settings,
            "SELECT s.public_id, s.n_responses, count(r.trial_index) FROM sessions s "
            "LEFT JOIN responses r ON r.session_id = s.id GROUP BY s.id, s.public_id, "
            "s.n_responses",
        )
    }
    wrong = []
    for session, acknowledged in books.acknowledged.items():
        counted, rows = stored.get(session, (0, 0))
        if not acknowledged <= rows <= books.sent[session] or counted != rows:
            wrong.append(
                f"{session}: {acknowledged} acknowledged, {books.sent[session]} sent, "
                f"{rows} stored, {counted} counted"
            )
    return wrong
