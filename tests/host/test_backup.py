"""Back-ups of both databases: whole, checked, never halfway, also under load."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import subprocess
import threading
import time
import zipfile
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from support.databases import client_programs
from support.rows import count
from support.servers import DIPTYCH, LiveServer

from diptych import migrate
from diptych.backup import BackupFault, backup, read_manifest, restore
from diptych.cli import cli
from diptych.ground.keys import study_key
from diptych.ground.settings import Settings
from diptych.simulation.run import simulate_async


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """pg_dump and pg_restore of the tests' own PostgreSQL."""
    monkeypatch.setenv("PATH", f"{client_programs()}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def url(settings: Settings) -> str:
    return settings.sqlalchemy_url


@pytest.fixture
def elsewhere(empty_database_url: str) -> str:
    """Another database, without tables."""
    return Settings(database_url=empty_database_url).sqlalchemy_url


def everything(url: str) -> dict[str, list[tuple]]:
    """Every row of every table."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        names = sa.inspect(connection).get_table_names()
        found = {
            name: sorted(map(repr, connection.exec_driver_sql(f'SELECT * FROM "{name}"')))
            for name in names
        }
    engine.dispose()
    return found


def answer_all(server: LiveServer, settings: Settings, n: int, run: str) -> int:
    """Answers that the host acknowledged."""
    key = study_key(settings.secret(), "simulate", "tiny")
    done = asyncio.run(
        simulate_async(
            server.url, settings.studies / "tiny", n, key=key, run=run, seed=1, concurrency=8
        )
    )
    assert not done.failed
    return done.answers


@pytest.mark.both_databases
def test_what_is_restored_is_what_was_there(
    live_server: LiveServer, settings: Settings, url: str, elsewhere: str, tmp_path: Path
) -> None:
    answers = answer_all(live_server, settings, 3, "a")
    live_server.stop()
    made = backup(url, tmp_path / "b.zip")
    assert made.rows["responses"] == answers
    assert (tmp_path / "b.zip").stat().st_mode & 0o077 == 0
    restore(tmp_path / "b.zip", elsewhere)
    assert everything(elsewhere) == everything(url)
    # Rows that are added later get new numbers, and not those of restored ones.
    engine = sa.create_engine(elsewhere)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO participants (public_id, kind, created_at) VALUES ('new', 'person', 0)"
        )
    engine.dispose()


class Load:
    """People who come and answer, in a thread beside the test, until it has seen enough."""

    def __init__(self, server: LiveServer, settings: Settings) -> None:
        self.settings, self.answers = settings, 0
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(server,))

    def _run(self, server: LiveServer) -> None:
        for number in itertools.count():
            if self._enough.is_set():
                return
            self.answers += answer_all(server, self.settings, 16, f"during{number}")

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()

    def wait_for_more(self) -> None:
        """Wait until another answer is stored."""
        before = count(self.settings, "responses")
        while count(self.settings, "responses") == before:
            assert self._thread.is_alive(), "the load failed"
            time.sleep(0.02)


@pytest.mark.slow
def test_made_and_restored_under_load(
    live_server: LiveServer, settings: Settings, url: str, elsewhere: str, tmp_path: Path
) -> None:
    before = answer_all(live_server, settings, 5, "before")
    made = []
    with Load(live_server, settings) as load:
        for number in range(8):
            load.wait_for_more()
            made.append(backup(url, tmp_path / f"{number}.zip").rows["responses"])
        load.wait_for_more()
    assert made == sorted(made)
    assert before < made[0] and made[-1] < before + load.answers
    restore(tmp_path / "7.zip", elsewhere)
    # Whole sessions: nothing that points to a row which is not there, no answer without a trial.
    engine = sa.create_engine(elsewhere)
    with engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT count(*) FROM responses").scalar_one()
        loose = connection.exec_driver_sql(
            "SELECT count(*) FROM sessions s WHERE n_responses != "
            "(SELECT count(*) FROM responses r WHERE r.session_id = s.id)"
        ).scalar_one()
    engine.dispose()
    assert (kept, loose) == (made[-1], 0)


@pytest.mark.both_databases
def test_a_database_with_rows_is_kept(
    live_server: LiveServer, settings: Settings, url: str, tmp_path: Path
) -> None:
    backup(url, tmp_path / "b.zip")
    answer_all(live_server, settings, 1, "later")
    live_server.stop()
    before = everything(url)
    with pytest.raises(BackupFault, match="--replace"):
        restore(tmp_path / "b.zip", url)
    assert everything(url) == before
    restore(tmp_path / "b.zip", url, replace=True)
    assert everything(url)["responses"] == []


@pytest.mark.both_databases
def test_a_database_is_not_replaced_under_a_running_host(
    live_server: LiveServer, settings: Settings, url: str, tmp_path: Path
) -> None:
    backup(url, tmp_path / "b.zip")
    answers = answer_all(live_server, settings, 1, "a")
    with pytest.raises(BackupFault, match=r"stop the hosts? first"):
        restore(tmp_path / "b.zip", url, replace=True)
    assert answer_all(live_server, settings, 1, "b") == answers


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_what_a_killed_host_has_left_is_not_played_into_the_restored_database(
    live_server: LiveServer, settings: Settings, url: str, tmp_path: Path
) -> None:
    backup(url, tmp_path / "b.zip")
    wanted = everything(url)
    answer_all(live_server, settings, 1, "later")
    live_server.kill()
    file = Path(sa.make_url(url).database or "")
    left = file.with_name(f"{file.name}-wal")
    assert left.stat().st_size
    kept = left.read_bytes()
    file.rename(tmp_path / "moved away")
    restore(tmp_path / "b.zip", url)
    assert everything(url) == wanted
    (aside,) = file.parent.glob(f"{left.name}.before-restore-*")
    assert aside.read_bytes() == kept, "with the database it belongs to, it can still be read"


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize("damage", ["no database", "a page is gone"])
def test_a_database_that_can_not_be_read_is_replaced(url: str, tmp_path: Path, damage: str) -> None:
    backup(url, tmp_path / "b.zip")
    wanted = everything(url)
    file = Path(sa.make_url(url).database or "")
    data = file.read_bytes()
    file.write_bytes(b"x" * 5000 if damage == "no database" else data[:100] + b"\xff" * 8000)
    with pytest.raises(BackupFault, match=r"cannot be read.*--replace"):
        restore(tmp_path / "b.zip", url)
    damaged = file.read_bytes()
    restore(tmp_path / "b.zip", url, replace=True)
    assert everything(url) == wanted
    (aside,) = file.parent.glob(f"{file.name}.before-restore-*")
    assert aside.read_bytes() == damaged


@pytest.mark.both_databases
def test_what_was_restored_is_counted(url: str, elsewhere: str, tmp_path: Path) -> None:
    backup(url, tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(parts["manifest.json"])
    manifest["rows"]["sessions"] += 3
    parts["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(BackupFault, match="sessions 0 of 3"):
        restore(tmp_path / "other.zip", elsewhere)


@pytest.mark.both_databases
def test_a_damaged_one_changes_nothing(url: str, elsewhere: str, tmp_path: Path) -> None:
    whole = tmp_path / "b.zip"
    backup(url, whole)
    data = bytearray(whole.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 40] = bytes(40)
    broken = tmp_path / "broken.zip"
    broken.write_bytes(data)
    with pytest.raises(BackupFault, match=r"damaged|no back-up"):
        restore(broken, elsewhere)
    (tmp_path / "short.zip").write_bytes(whole.read_bytes()[:middle])
    with pytest.raises(BackupFault, match="not a back-up"):
        restore(tmp_path / "short.zip", elsewhere)
    assert everything(elsewhere) == {}


def test_clear_errors(url: str, elsewhere: str, tmp_path: Path) -> None:
    with pytest.raises(BackupFault, match=r"nothing to back up|does not exist"):
        backup(elsewhere, tmp_path / "b.zip")
    assert not (tmp_path / "b.zip").exists()
    backup(url, tmp_path / "b.zip")
    with pytest.raises(BackupFault, match="already exists"):
        backup(url, tmp_path / "b.zip")
    with pytest.raises(BackupFault, match="does not exist"):
        read_manifest(tmp_path / "none.zip")
    other = "sqlite:////tmp/x" if url.startswith("postgresql") else "postgresql+psycopg://u@h/d"
    with pytest.raises(BackupFault, match="of the same kind"):
        restore(tmp_path / "b.zip", other)
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(".")] == []


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_postgresql_without_its_programs(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupFault, match="pg_dump is not installed"):
        backup(url, tmp_path / "b.zip")


def test_the_commands(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIPTYCH_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("DIPTYCH_HOME", str(tmp_path / "home"))
    run = CliRunner().invoke
    assert "0 sessions, 0 responses" in run(cli, ["backup"]).output
    (made,) = (tmp_path / "home" / "backups").glob("diptych-*.zip")
    assert "holds 0 sessions" in run(cli, ["restore", str(made), "--check"]).output
    assert "restored: 0 sessions" in run(cli, ["restore", str(made)]).output
    missing = run(cli, ["restore", "nothing.zip"])
    assert missing.exit_code == 1
    assert "does not exist" in missing.output


def test_the_command_in_a_process_of_its_own(settings: Settings, tmp_path: Path) -> None:
    """It knows the tables, whatever else was imported."""
    done = subprocess.run(
        [*DIPTYCH, "backup", tmp_path / "b.zip"],
        env={**os.environ, "DIPTYCH_DATABASE_URL": settings.database_url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "0 sessions, 0 responses" in done.stdout, done.stderr


@pytest.mark.both_databases
def test_an_older_one_can_be_brought_up(empty_database_url: str, tmp_path: Path) -> None:
    url = Settings(database_url=empty_database_url).sqlalchemy_url
    migrate.upgrade(url, "0001")
    made = backup(url, tmp_path / "b.zip")
    assert made.revision == "0001"
    restore(tmp_path / "b.zip", url, replace=True)
    migrate.upgrade(url)
    assert "users" in everything(url)


def test_passwords_are_not_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other users of the machine see the arguments of every program."""
    log = tmp_path / "arguments"
    fake = tmp_path / "pg_restore"
    fake.write_text(f'#!/bin/sh\necho "$@" > {log}\necho "$PGPASSWORD" >> {log}\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    from diptych.backup import _put_postgresql  # the one place where a password could leak

    _put_postgresql(tmp_path / "d", sa.make_url("postgresql+psycopg://u:geheim@h/d"))
    arguments, password = log.read_text().splitlines()
    assert "geheim" not in arguments
    assert password == "geheim"
