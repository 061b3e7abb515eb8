"""What `diptych doctor` and /readyz find, each in an installation that really has the fault."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import make_server

from diptych import create_app, installation, migrate, reachability
from diptych.cli import cli
from diptych.ground.database import db
from diptych.ground.settings import Settings, SettingsFault

STRONG = "q8Zr3_fWv1LxT7nB5kYdC0sJmHgE2aPu4o"
PUBLIC = {"base_url": "https://study.example.org"}


def with_(settings: Settings, **changes: object) -> Settings:
    return settings.model_copy(update=changes)


@pytest.fixture
def engine(app: Flask) -> Iterator[sa.Engine]:
    with app.app_context():
        yield db.engine


def test_a_good_installation_is_ready(client: FlaskClient) -> None:
    reply = client.get("/readyz")
    assert (reply.status_code, reply.json) == (
        200,
        {"ready": True, "database": True, "tables": True, "disk": True},
    )


def test_not_ready_with_tables_of_another_version(client: FlaskClient, settings: Settings) -> None:
    migrate.downgrade(settings.sqlalchemy_url, "0001")
    reply = client.get("/readyz")
    assert reply.status_code == 503
    assert reply.json["tables"] is False
    assert reply.json["database"] is True


def test_not_ready_without_a_database(tmp_path: Path) -> None:
    away = Settings(
        home=tmp_path, database_url="postgresql://nobody@127.0.0.1:1/none", secret_key="x" * 40
    )
    client = create_app(away).test_client()
    reply = client.get("/readyz")
    assert reply.status_code == 503
    assert reply.json["database"] is False
    assert "nobody" not in reply.text
    # The process itself is well: restarting it would not bring the database back.
    assert client.get("/healthz").status_code == 200


def test_a_full_disk(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    # No disk is filled for this: more room is asked for than any disk has.
    monkeypatch.setattr(installation, "LEAST_FREE_MB", 10**12)
    found = installation.disk(with_(settings, home=settings.home / "not" / "there" / "yet"))
    assert found.grade == "fault"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"secret_key": "short"}, "too weak"),
        ({"secret_key": "a" * 60}, "too weak"),
        ({"secret_key": "", "database_url": "postgresql://u@h/d"}, "is empty"),
        ({"secret_key": STRONG, "identity_key": "short"}, "IDENTITY_KEY is too weak"),
        ({"secret_key": STRONG, "metrics_token": "m" * 40}, "METRICS_TOKEN is too weak"),
    ],
)
@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_a_weak_secret_stops_the_start(
    changes: dict[str, str], words: str, settings: Settings
) -> None:
    weak = with_(settings, **PUBLIC, **changes)
    with pytest.raises(SettingsFault, match=words):
        create_app(weak)
    assert installation.secret(weak).grade == "fault"
    # On the loopback interface, for trials, anything goes.
    assert installation.secret_fault(with_(weak, base_url="http://127.0.0.1:8000")) is None


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_strong_secrets_are_taken(settings: Settings) -> None:
    create_app(with_(settings, **PUBLIC, secret_key=STRONG))
    create_app(with_(settings, **PUBLIC, secret_key=""))  # made at random, beside SQLite
    key = settings.home / "secret.key"
    settings.home.mkdir(exist_ok=True)
    key.write_text("x")
    key.chmod(0o644)
    assert "chmod 600" in installation.secret(with_(settings, secret_key="")).mend


@pytest.mark.parametrize(
    ("base_url", "grade"),
    [
        ("http://127.0.0.1:8000", "warning"),
        ("http://study.example.org", "fault"),
        ("https://study.example.org", "ok"),
    ],
)
def test_the_address(base_url: str, grade: str) -> None:
    assert installation.address(Settings(base_url=base_url)).grade == grade


def test_every_check_looks_and_says_what_to_mend(
    engine: sa.Engine, settings: Settings, tmp_path: Path
) -> None:
    found = {f.subject: f for f in installation.examine(engine, settings, tmp_path)}
    assert found["pages"].grade == "fault"
    assert found["studies"].grade == "warning"
    assert found["accounts"].grade == "warning"
    assert {found[name].grade for name in ("database", "tables", "clock", "disk")} == {"ok"}
    assert all(bool(f.mend) == (f.grade != "ok") for f in found.values())


def _nothing(_: Any, start_response: Any) -> list[bytes]:
    start_response("404 Not Found", [("Content-Type", "text/html")])
    return [b"<h1>The lab</h1>"]


def _no_host(_: Any, start_response: Any) -> list[bytes]:
    start_response("502 Bad Gateway", [("Content-Type", "text/html")])
    return [b"<h1>Bad gateway</h1>"]


@pytest.mark.parametrize("database_kind", ["sqlite"])
@pytest.mark.parametrize(
    ("path", "proxy", "grade", "says"),
    [
        ("", "host", "ok", "leads to this host"),
        ("/study", "host", "ok", "leads to this host"),
        ("/study", "only the root", "fault", "forwards / to this host, but not /study/"),
        ("/study", "host as it was", "fault", "DIPTYCH_BASE_URL is another address"),
        ("", "host as it was", "fault", "DIPTYCH_BASE_URL is another address"),
        ("/study", "nothing", "fault", "it is not Diptych (404)"),
        ("", "nothing", "fault", "it is not Diptych (404)"),
        ("/study", "no host", "warning", "answers 502"),
        ("/study", "closed", "warning", "this machine gets no answer"),
    ],
)
def test_where_the_address_leads(
    settings: Settings, path: str, proxy: str, grade: str, says: str
) -> None:
    server = make_server("127.0.0.1", 0, _nothing, threaded=True)
    public = with_(settings, base_url=f"http://127.0.0.1:{server.port}{path}")
    host = create_app(public)
    server.app = {
        "host": host,
        "only the root": DispatcherMiddleware(host, {path: _nothing}),
        "host as it was": create_app(settings),
        "no host": _no_host,
    }.get(proxy, _nothing)
    if proxy == "closed":
        server.server_close()
        found = reachability.reachable(public)
    else:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        found = reachability.reachable(public)
        server.shutdown()
        thread.join()
        server.server_close()
    assert (found.grade, bool(found.mend)) == (grade, grade != "ok")
    assert says in found.text
    if path and grade == "fault" and proxy != "host as it was":
        assert "location /study/" in found.mend


# SQLite's connections are opened by the host itself, with synchronous = FULL.
@pytest.mark.postgres
@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_a_database_that_forgets(engine: sa.Engine) -> None:
    @sa.event.listens_for(engine, "checkout")
    def hurry(connection: Any, *_: Any) -> None:
        connection.execute("SET synchronous_commit = off")

    found = installation.database(engine)
    assert found.grade == "fault"
    assert "synchronous_commit = off" in found.text
    assert "synchronous_commit = on" in found.mend


def test_as_many_connections_as_workers_may_open(engine: sa.Engine, settings: Settings) -> None:
    grade = "warning" if engine.dialect.name == "postgresql" else "ok"
    # The tests' PostgreSQL lets 100 in, and keeps 3 of them for its administrator.
    for pool_size, found in ((10, "ok"), (24, "ok"), (25, grade), (500, grade)):
        few = with_(settings, pool_size=pool_size)
        assert installation.connections(engine, few).grade == found


@pytest.mark.parametrize("database_kind", ["sqlite"])
def test_back_ups_are_looked_for(settings: Settings) -> None:
    folder = settings.home / "backups"
    assert installation.backups(settings).grade == "warning"
    folder.mkdir(parents=True)
    made = folder / "diptych-20260101-031500.zip"
    made.write_bytes(b"")
    assert installation.backups(settings).grade == "ok"
    old = made.stat().st_mtime - 3 * 24 * 3600
    os.utime(made, (old, old))
    assert installation.backups(settings).text == "the last back-up is 3 days old"


def test_a_database_without_tables_is_told_how_it_gets_them(
    engine: sa.Engine, settings: Settings
) -> None:
    migrate.downgrade(settings.sqlalchemy_url, "base")
    found = installation.tables(engine, settings)
    assert (found.grade, found.text) == ("fault", "none yet")
    assert "diptych serve" in found.mend and "backup" not in found.mend


@pytest.mark.parametrize(("version", "fits"), [("9.6.24", False), ("99.1 (Debian)", True)])
def test_a_pg_dump_older_than_the_database_is_found(
    engine: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, fits: bool
) -> None:
    program = tmp_path / "pg_dump"
    program.write_text(f"#!/bin/sh\necho 'pg_dump (PostgreSQL) {version}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    found = installation.dump_program(engine)
    if fits or engine.dialect.name == "sqlite":
        assert found is None
    else:
        assert found is not None and found.grade == "warning"
        assert "PostgreSQL 9" in found.text


def test_the_command(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIPTYCH_HOME", str(tmp_path))
    monkeypatch.setenv("DIPTYCH_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("DIPTYCH_BASE_URL", "http://study.example.org")
    monkeypatch.setenv("DIPTYCH_SECRET_KEY", "weak")
    result = CliRunner().invoke(cli, ["doctor"])
    assert result.exit_code == 1
    assert "not encrypted" in result.output
    assert "missing or weak" in result.output
    monkeypatch.setenv("DIPTYCH_BASE_URL", "https://study.example.org")
    monkeypatch.setenv("DIPTYCH_SECRET_KEY", STRONG)
    found = json.loads(CliRunner().invoke(cli, ["doctor", "--json"]).output)
    assert {f["subject"] for f in found if f["grade"] == "fault"} <= {"pages"}
