"""Back-ups: one file that holds a whole host's database, as it stood at one moment.

A back-up is a zip archive of `manifest.json` and the database: a copy that SQLite's own online
back-up made, or pg_dump's archive. Hosts go on answering while it is made. Before a back-up
replaces anything it is checked against its manifest, and nothing is replaced halfway.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import zipfile
import zlib
from contextlib import closing
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, create_engine, func, inspect, make_url, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from diptych import __version__, models  # noqa: F401  (the tables must be known)
from diptych.ground.database import Base

FORMAT = 1
_OTHERS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
    "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
)
MANIFEST, SQLITE, DUMP = "manifest.json", "database.sqlite3", "database.dump"


class BackupFault(Exception):
    """No back-up can be made or used; the message says why, and what to do."""


@dataclass(frozen=True)
class Manifest:
    """What stands in a back-up.

    Attributes
    ----------
    format : int
        Of the archive; this version reads 1.
    version : str
        Of Diptych that made it.
    database : str
        Sqlite or postgresql.
    revision : str
        Of the tables (Alembic).
    made_at : str
        ISO 8601, UTC.
    sha256 : str
        Of the database's file in the archive.
    rows : dict[str, int]
        Number of rows by table.
    """

    format: int
    version: str
    database: str
    revision: str
    made_at: str
    sha256: str
    rows: dict[str, int]


def backup(url: str, to: Path) -> Manifest:
    """Write a back-up of a live database.

    Parameters
    ----------
    url : str
        SQLAlchemy URL, with the driver named.
    to : Path
        The archive to write; it appears when it is whole.

    Raises
    ------
    BackupFault
        When the database has no tables, a program is missing, or `to` exists.
    """
    if to.exists():
        raise BackupFault(
            f"{to} already exists; a back-up never replaces another file: choose another name"
        )
    to.parent.mkdir(parents=True, exist_ok=True)
    where = make_url(url)
    with tempfile.TemporaryDirectory(dir=to.parent, prefix=".backup-") as folder:
        try:
            take = _copy_sqlite if where.get_backend_name() == "sqlite" else _dump_postgresql
            file, revision, rows = take(where, Path(folder))
        except DBAPIError as fault:
            raise BackupFault(f"the database cannot be read: {fault.orig}") from None
        manifest = Manifest(
            format=FORMAT,
            version=__version__,
            database=where.get_backend_name(),
            revision=revision,
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            sha256=_sha256(file),
            rows=rows,
        )
        archive = Path(folder) / "archive.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
            made.writestr(MANIFEST, json.dumps(asdict(manifest), indent=1))
            made.write(file, file.name)
        archive.chmod(0o600)  # it holds the participants' platform ids
        archive.replace(to)
    return manifest


def read_manifest(archive: Path) -> Manifest:
    """Read what a back-up says of itself.

    Raises
    ------
    BackupFault
        When the file is no back-up that this version reads.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            found = json.loads(opened.read(MANIFEST))
        manifest = Manifest(**{field.name: found[field.name] for field in fields(Manifest)})
    except FileNotFoundError:
        raise BackupFault(f"the file {archive} does not exist") from None
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, OSError):
        raise BackupFault(f"{archive} is damaged, or not a back-up of `diptych backup`") from None
    if manifest.format != FORMAT:
        raise BackupFault(f"{archive} has format {manifest.format}; this version reads {FORMAT}")
    return manifest


def restore(archive: Path, url: str, *, replace: bool = False) -> Manifest:
    """Put a back-up in the place of a database. The host must be stopped.

    Parameters
    ----------
    archive : Path
        What `backup` wrote.
    url : str
        SQLAlchemy URL of the database, of the same kind as the one that was backed up.
    replace : bool, optional
        Whether a database that holds rows, or that can't be read, may be replaced. What
        can't be read is put aside under another name.

    Raises
    ------
    BackupFault
        When the archive is damaged, the database is of another kind, holds rows, or
        is in use. The database is as it was then. Also when what was restored is not what the
        back-up says it holds.
    """
    manifest = read_manifest(archive)
    where = make_url(url)
    if where.get_backend_name() != manifest.database:
        raise BackupFault(
            f"{archive} is a back-up of {manifest.database}, but the database here is "
            f"{where.get_backend_name()}; set DIPTYCH_DATABASE_URL to a database of the same "
            "kind"
        )
    if not replace and _holds_rows(where):
        raise BackupFault(
            "the database here contains rows; --replace replaces them with the back-up"
        )
    folder = Path(where.database or ".").parent if manifest.database == "sqlite" else None
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".restore-") as work:
        name = SQLITE if manifest.database == "sqlite" else DUMP
        file = _extract(archive, name, Path(work), manifest)
        if manifest.database == "sqlite":
            _put_sqlite(file, where, manifest)
        else:
            _refuse_in_use(where)
            _put_postgresql(file, where)
    _check_restored(where, manifest)
    return manifest


def _check_restored(where: URL, manifest: Manifest) -> None:
    """Hold what is there now against what the back-up says."""
    engine = create_engine(where)
    try:
        with engine.connect() as connection:
            if manifest.database == "sqlite":
                said = connection.exec_driver_sql("PRAGMA integrity_check").scalar()
                if said != "ok":
                    raise BackupFault(f"the restored database is damaged: {said}")
            there = _count_rows(connection)
    except DBAPIError as fault:
        raise BackupFault(f"the restored database cannot be read: {fault.orig}") from None
    finally:
        engine.dispose()
    wrong = [name for name, count in manifest.rows.items() if there.get(name) != count]
    if wrong:
        told = ", ".join(f"{name} {there.get(name)} of {manifest.rows[name]}" for name in wrong)
        raise BackupFault(f"the restored database has a wrong number of rows: {told}")


def _extract(archive: Path, name: str, folder: Path, manifest: Manifest) -> Path:
    try:
        with zipfile.ZipFile(archive) as opened:
            file = Path(opened.extract(name, folder))
    except (zipfile.BadZipFile, zlib.error, KeyError, OSError) as fault:
        raise BackupFault(f"{archive} is damaged: {fault}") from None
    if _sha256(file) != manifest.sha256:
        raise BackupFault(f"{archive} is damaged: the database in it is not the one of the back-up")
    return file


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _count_rows(connection: Connection) -> dict[str, int]:
    there = set(inspect(connection).get_table_names())
    return {
        table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in Base.metadata.sorted_tables
        if table.name in there
    }


def _revision(connection: Connection) -> str:
    if not inspect(connection).has_table("alembic_version"):
        raise BackupFault("this database has no tables of Diptych: there is nothing to back up")
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return str(found)


def _holds_rows(where: URL) -> bool:
    if where.get_backend_name() == "sqlite" and not Path(where.database or "").exists():
        return False
    engine = create_engine(where)
    try:
        with engine.connect() as connection:
            return any(_count_rows(connection).values())
    except DBAPIError as fault:
        raise BackupFault(
            f"the database here cannot be read: {fault.orig}; --replace moves it aside and "
            "restores the back-up"
        ) from None
    finally:
        engine.dispose()


def _copy_sqlite(where: URL, folder: Path) -> tuple[Path, str, dict[str, int]]:
    source, file = Path(where.database or ""), folder / SQLITE
    if not source.exists():
        raise BackupFault(f"the database {source} does not exist")
    with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(file)) as copy:
        live.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
    engine = create_engine(f"sqlite:///{file}")
    with engine.connect() as connection:
        found = _revision(connection), _count_rows(connection)
    engine.dispose()
    return file, *found


def _put_sqlite(file: Path, where: URL, manifest: Manifest) -> None:
    target = Path(where.database or "")
    with closing(sqlite3.connect(file)) as copy:
        said = copy.execute("PRAGMA integrity_check").fetchone()[0]
    if said != "ok":
        raise BackupFault(f"the database in the back-up is damaged: {said}")
    if target.exists() and not _is_left_alone(target):
        raise BackupFault(f"{target} is in use: stop the host first")
    # What a host that was killed had not yet written into the database would be played into the
    # restored one, which it does not belong to.
    for left in ("-wal", "-shm"):
        _put_aside(target.with_name(target.name + left))
    file.replace(target)


def _is_left_alone(target: Path) -> bool:
    """Say whether no program has a database open; put a damaged one aside."""
    with closing(sqlite3.connect(target, timeout=0.2)) as old:
        try:
            old.execute("SELECT count(*) FROM sqlite_master").fetchone()
            # Leaving WAL needs the file for oneself: this fails while a host has it open.
            return bool(old.execute("PRAGMA journal_mode=DELETE").fetchone()[0] == "delete")
        except sqlite3.OperationalError:
            return False
        except sqlite3.DatabaseError:  # no database, or not any more
            pass
    _put_aside(target)
    return True


def _put_aside(file: Path) -> None:
    """Give a file another name, so that nothing is lost that somebody may still need."""
    if file.exists():
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
        file.rename(file.with_name(f"{file.name}.before-restore-{moment}"))


def _libpq(where: URL) -> tuple[str, dict[str, str]]:
    """Return connection string and environment for PostgreSQL's programs; hides the password."""
    bare = URL.create(
        "postgresql", where.username, None, where.host, where.port, where.database, where.query
    )
    environment = dict(os.environ)
    if where.password:
        environment["PGPASSWORD"] = str(where.password)
    return bare.render_as_string(hide_password=False), environment


def _run(program: str, *arguments: str, environment: dict[str, str]) -> None:
    found = shutil.which(program)
    if found is None:
        raise BackupFault(
            f"{program} is not installed; it comes with PostgreSQL's client programs "
            "(on Debian: apt-get install postgresql-client)"
        )
    done = subprocess.run(
        [found, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        advice = ""
        if "version mismatch" in done.stderr:
            advice = (
                "\nInstall the client programs of the database's version or newer (on Debian: "
                "postgresql-client-18 from apt.postgresql.org, say), and have them first in PATH."
            )
        raise BackupFault(f"{program} failed: {done.stderr.strip()}{advice}")


def _dump_postgresql(where: URL, folder: Path) -> tuple[Path, str, dict[str, int]]:
    engine = create_engine(where, isolation_level="REPEATABLE READ")
    try:
        with engine.connect() as connection:
            dsn, environment = _libpq(where)
            # The counts are of the very moment that is dumped.
            snapshot = connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one()
            found = _revision(connection), _count_rows(connection)
            file = folder / DUMP
            _run(
                "pg_dump",
                "--format=custom",
                "--no-owner",
                "--no-privileges",
                f"--snapshot={snapshot}",
                f"--file={file}",
                f"--dbname={dsn}",
                environment=environment,
            )
    finally:
        engine.dispose()
    return file, *found


def _refuse_in_use(where: URL) -> None:
    engine = create_engine(where)
    try:
        with engine.connect() as connection:
            others = connection.exec_driver_sql(_OTHERS).scalar_one()
    except DBAPIError as fault:
        raise BackupFault(f"the database cannot be reached: {fault.orig}") from None
    finally:
        engine.dispose()
    if others:
        raise BackupFault(
            f"the database is in use by {others} other connection{'s' if others > 1 else ''}: "
            "stop the hosts first"
        )


def _put_postgresql(file: Path, where: URL) -> None:
    dsn, environment = _libpq(where)
    _run(
        "pg_restore",
        "--clean",
        "--if-exists",
        "--single-transaction",
        "--no-owner",
        "--no-privileges",
        f"--dbname={dsn}",
        str(file),
        environment=environment,
    )
