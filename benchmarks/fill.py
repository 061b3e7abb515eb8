"""Fills a database with finished sessions, quickly: copies of one real session, row for row."""

from __future__ import annotations

import uuid

from sqlalchemy import Connection, Engine, create_engine, inspect, text


def _columns(connection: Connection, table: str, without: set[str]) -> list[str]:
    names = [c["name"] for c in inspect(connection).get_columns(table)]
    return [name for name in names if name not in without]


def fill(url: str, responses: int) -> int:
    """Copy the newest completed session until at least so many responses are stored.

    Parameters
    ----------
    url : str
        SQLAlchemy URL, with the driver named.
    responses : int
        Number of stored responses to reach.

    Returns
    -------
    int
        The number of responses stored then.

    Raises
    ------
    LookupError
        When no session is completed yet.
    """
    engine = create_engine(url)
    with engine.begin() as connection:
        found = connection.exec_driver_sql(
            "SELECT id, n_responses FROM sessions WHERE status = 'completed' "
            "ORDER BY id DESC LIMIT 1"
        ).one_or_none()
        if found is None:
            raise LookupError("no completed session to copy")
        stored = int(connection.exec_driver_sql("SELECT count(*) FROM responses").scalar_one())
        copies = -(-(responses - stored) // int(found.n_responses))
        if copies > 0:
            copy_session(connection, int(found.id), copies)
        total = int(connection.exec_driver_sql("SELECT count(*) FROM responses").scalar_one())
    as_after_a_while(engine)
    engine.dispose()
    return total


def as_after_a_while(engine: Engine, *, analyzed: bool = True) -> None:
    """Bring statistics and files to where they are after the time that a million answers take.

    Parameters
    ----------
    engine : Engine
        Of the database.
    analyzed : bool, optional
        False leaves SQLite without statistics, which it does not gather by itself;
        PostgreSQL does.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        postgresql = engine.dialect.name == "postgresql"
        if postgresql or analyzed:
            connection.exec_driver_sql("VACUUM ANALYZE" if postgresql else "ANALYZE")
        # A host in use has long written out what is stored.
        connection.exec_driver_sql(
            "CHECKPOINT" if postgresql else "PRAGMA wal_checkpoint(TRUNCATE)"
        )


def copy_session(connection: Connection, session: int, copies: int) -> str:
    """Copy a session with its trials and responses, each copy for a participant of its own.

    Returns
    -------
    str
        The mark of these copies: their `public_id`s are the mark, a dash and a number.
    """
    mark = uuid.uuid4().hex[:8]
    these = {"session": session, "mark": f"{mark}-%"}
    connection.execute(
        text("INSERT INTO participants (public_id, kind, created_at) VALUES (:name, 'person', 0)"),
        [{"name": f"{mark}-{n}"} for n in range(copies)],
    )
    names = _columns(connection, "sessions", {"id", "public_id", "participant_id"})
    connection.execute(
        text(
            f"INSERT INTO sessions (public_id, participant_id, {', '.join(names)}) "
            f"SELECT p.public_id, p.id, {', '.join('s.' + n for n in names)} "
            "FROM participants p CROSS JOIN sessions s "
            "WHERE s.id = :session AND p.public_id LIKE :mark"
        ),
        these,
    )
    for table in ("trials", "responses"):
        names = _columns(connection, table, {"session_id"})
        connection.execute(
            text(
                f"INSERT INTO {table} (session_id, {', '.join(names)}) "
                f"SELECT s.id, {', '.join('r.' + n for n in names)} "
                f"FROM sessions s CROSS JOIN {table} r "
                "WHERE r.session_id = :session AND s.public_id LIKE :mark"
            ),
            these,
        )
    return mark
