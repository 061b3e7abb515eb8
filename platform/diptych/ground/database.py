"""The database handle, and how a connection is opened: the same code on SQLite and PostgreSQL."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, Insert, Table, event
from sqlalchemy.orm import DeclarativeBase

from diptych.ground.group_commit import GroupCommit

T = TypeVar("T")


class Base(DeclarativeBase):
    """Base class of all tables."""


db = SQLAlchemy(model_class=Base)


def table(model: type[Base]) -> Table:
    """Return the table of a model; the journey writes its SQL statement by statement."""
    return cast(Table, model.__table__)


def insert_row(
    connection: Connection, statement: Insert, values: Mapping[str, Any] | None = None
) -> int:
    """Insert one row and return the number it got as its key.

    Parameters
    ----------
    connection : Connection
        A transaction.
    statement : Insert
        The insert, with its values or without.
    values : Mapping[str, Any] | None, optional
        Those of the row: a statement that holds none is the same each time, and costs less.
    """
    key = connection.execute(statement, values).inserted_primary_key
    assert key is not None
    return int(key[0])


#: So many values go into one `IN (…)`.
AT_ONCE = 500


def in_parts(values: Sequence[T], size: int = AT_ONCE) -> Iterator[Sequence[T]]:
    """Yield the values in their order, in parts: for statements, or transactions, of each."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def now_ms() -> int:
    """Return the server time in milliseconds since 1970-01-01 UTC: how every time is stored."""
    return time.time_ns() // 1_000_000


def engine_options(url: str, pool_size: int, *, prepared: bool = True) -> dict[str, Any]:
    """Return the options of the SQLAlchemy engine for a database URL.

    Parameters
    ----------
    url : str
        SQLAlchemy URL, with the driver named.
    pool_size : int
        Connections that are kept open.
    prepared : bool, optional
        Whether psycopg prepares a statement on the server once it has sent it often. A pooler that
        gives every transaction another connection to PostgreSQL does not find it again.
    """
    if url.startswith("sqlite"):
        # The driver must not open transactions by itself: `_begin_sqlite` decides how each begins.
        return {
            "connect_args": {"isolation_level": None, "timeout": 30},
            "pool_size": pool_size,
            "hide_parameters": True,
        }
    # Errors that are logged name the statement, never what it was given: that is somebody's.
    options = {"pool_size": pool_size, "max_overflow": pool_size, "hide_parameters": True}
    return options if prepared else options | {"connect_args": {"prepare_threshold": None}}


def prepare_engine(engine: Engine) -> None:
    """Set what every new connection needs. Call once an engine."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _open_sqlite)
        event.listen(engine, "begin", _begin_sqlite)


def _open_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    # WAL lets readers go on beside the one writer; FULL makes each commit survive a power cut,
    # which an acknowledged answer must.
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=30000",
        "cache_size=-32000",
        "temp_store=MEMORY",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that will write takes the write lock at once: one that upgrades later can be
    # refused halfway.
    options = connection.get_execution_options()
    if options.get("writes"):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    elif not options.get("singly"):
        connection.exec_driver_sql("BEGIN")


_group_commits: WeakKeyDictionary[Engine, GroupCommit] = WeakKeyDictionary()


def _group_commit(engine: Engine) -> GroupCommit | None:
    """Return the group commit of an SQLite file; None for databases that commit so themselves."""
    database = engine.url.database
    if engine.dialect.name != "sqlite" or not database or database == ":memory:":
        return None
    if engine not in _group_commits:
        _group_commits.setdefault(engine, GroupCommit(Path(database)))
    return _group_commits[engine]


@contextmanager
def writing(engine: Engine | None = None) -> Iterator[Connection]:
    """Open one transaction that may write: on the disk at the end, undone on an error."""
    engine = engine or db.engine
    together = _group_commit(engine)
    if together is not None:
        with together.writing(engine) as connection:
            yield connection
    else:
        with engine.begin() as connection:
            yield connection


@contextmanager
def reading(engine: Engine | None = None) -> Iterator[Connection]:
    """Open a connection for single statements, each its own transaction.

    No BEGIN and no COMMIT are sent: on PostgreSQL they would be round trips of their own, on SQLite
    they cost as much as what is asked.
    """
    engine = engine or db.engine
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        else:
            connection = connection.execution_options(singly=True)
        yield connection
