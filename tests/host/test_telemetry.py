"""Logs and metrics: they say what happens, and never to whom."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from support.servers import LiveServer
from support.walker import Walker, link, open_study

from diptych.app import create_app
from diptych.ground.database import db
from diptych.ground.settings import Settings
from diptych.tasks.category_learning.task import CategoryLearning

pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"])
SECRETS = ("A1b2C3workerid", "5f0e1d2c3b4a5968")


@pytest.fixture
def logged(settings: Settings, studies_folder: Path) -> Flask:
    app = create_app(settings.model_copy(update={"log": "json", "metrics_token": "m" * 20}))
    open_study(app, studies_folder / "tiny")
    return app


def test_a_line_a_request_without_any_id(
    logged: Flask, capsys: pytest.CaptureFixture[str], settings: Settings
) -> None:
    app = create_app(settings.model_copy(update={"log": "json"}))
    walker = Walker(app.test_client())
    walker.enter(**link(app, "simulate", "tiny"), participant=SECRETS[0])
    walker.take("consent", agreed=True)
    app.test_client().get(f"/s/tiny?PROLIFIC_PID={SECRETS[1]}")
    app.test_client().get(f"/{SECRETS[1]}")
    written = capsys.readouterr().err
    lines = [json.loads(line) for line in written.splitlines()]
    assert [line["route"] for line in lines] == [
        "/api/v1/sessions",
        "/api/v1/session/steps/consent",
        "/s/<study>",
        "unknown",
    ]
    assert {line["status"] for line in lines} == {201, 200, 404}
    assert all(line["ms"] >= 0 and line["level"] == "INFO" for line in lines)
    secrets = (*SECRETS, walker.state["session"]["id"], str(walker.token))
    assert not any(secret in written for secret in secrets)


@pytest.mark.parametrize("log", ["json", "text", "quiet"])
def test_what_goes_wrong_is_told_without_saying_with_whom(
    log: str,
    settings: Settings,
    studies_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A statement that fails, a database and a platform that quote what they refuse."""
    app = create_app(settings.model_copy(update={"log": log}))
    open_study(app, studies_folder / "tiny")
    walker = Walker(app.test_client()).start()
    session = walker.state["session"]["id"]
    worker, submission = "A2QR7XW6UV1ZTP", "5f0e1d2c3b4a59687a6b5c4d"
    capsys.readouterr()

    def refuse(*_: object) -> bool:
        with app.app_context(), db.engine.connect() as connection:
            connection.execute(
                sa.text("INSERT INTO studies (name) VALUES (:name)"), {"name": f"secret-{session}"}
            )
        return True

    def quote(*_: object) -> bool:
        raise RuntimeError(
            f"duplicate key\nDETAIL:  Key (answer)=(my name is Ada) exists.\n{worker} "
            f"{submission} {session} {walker.token} /i/{walker.trial['images'][0]}"
        )

    for fault, kind in ((refuse, "IntegrityError"), (quote, "RuntimeError")):
        monkeypatch.setattr(CategoryLearning, "score", fault)
        assert walker.post(0, {"ranking": ["Bari", "Agara"]}).status_code == 500
        told = capsys.readouterr().err
        assert "unexpected error on POST /api/v1/trials/<int:index>/response" in told
        assert kind in told and "test_telemetry.py" in told
        for part in (worker, submission, session, str(walker.token), "Ada", "secret-"):
            assert part not in told
    assert "[id] [id] [id] [id]." in told  # of a token, its time may stay


def test_a_request_id_that_no_proxy_has_set_is_not_written(logged: Flask) -> None:
    given = {"X-Request-ID": "5f0e1d2c3b4a59687a6b5c4d"}
    assert logged.test_client().get("/healthz", headers=given).headers["X-Request-ID"] not in (
        *given.values(), "",
    )  # fmt: skip


def test_a_proxys_request_id_is_kept_if_it_is_one(settings: Settings) -> None:
    client = create_app(settings.model_copy(update={"proxy_hops": 1})).test_client()

    def told(given: str) -> str:
        return client.get("/healthz", headers={"X-Request-ID": given}).headers["X-Request-ID"]

    assert told("0123456789abcdef") == "0123456789abcdef"
    assert told("<script>alert(1)</script>") != "<script>alert(1)</script>"
    assert told("a") != told("a")


@pytest.mark.slow
def test_requests_that_can_not_be_read_leave_nobody_in_the_log(live_server: LiveServer) -> None:
    """Gunicorn quotes them."""
    person, key = "5f0e1d2c3b4a59687a6b5c4d", "A2QR7XW6UV1ZTP"
    for line in (
        f"GET /s/tiny?PROLIFIC_PID={person} HTTP/9.9\r\n\r\n",
        f"GET /s/tiny?workerId={key} {key} HTTP/1.1\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: here\r\n{key} {person}: x\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: here\r\nContent-Length: {person}\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", live_server.port), timeout=60) as visitor:
            visitor.sendall(line.encode())
            assert b" 400 " in visitor.makefile("rb").readline()
    told = [line for line in live_server.log.read_text().splitlines() if "Invalid" in line]
    assert len(told) == 4
    for part in (person, key, "127.0.0.1"):
        assert not [line for line in told if part in line]


def test_quiet_by_default(app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    app.test_client().get("/healthz")
    assert capsys.readouterr().err == ""


def test_metrics_are_for_who_has_the_token(logged: Flask, app: Flask) -> None:
    client = logged.test_client()
    assert client.get("/metrics").status_code == 401
    wrong = {"Authorization": "Bearer " + "n" * 20}
    assert client.get("/metrics", headers=wrong).status_code == 401
    right = {"Authorization": "Bearer " + "m" * 20}
    client.get("/healthz")
    text = client.get("/metrics", headers=right).text
    assert 'diptych_request_seconds_count{method="GET",route="/healthz",status="200"}' in text


def test_metrics_do_not_exist_unless_asked_for(settings: Settings) -> None:
    assert create_app(settings).test_client().get("/metrics").status_code == 404


@pytest.mark.slow
def test_metrics_count_all_workers_together(settings: Settings, studies_folder: Path) -> None:
    server = LiveServer(
        {
            "DIPTYCH_HOME": str(settings.home),
            "DIPTYCH_DATABASE_URL": settings.database_url,
            "DIPTYCH_STUDIES": str(settings.studies),
            "DIPTYCH_METRICS_TOKEN": "m" * 20,
        },
        settings.home.parent / "server.log",
        workers=3,
    )
    server.start()
    try:
        for _ in range(30):
            with urllib.request.urlopen(f"{server.url}/readyz"):
                pass
        ask = urllib.request.Request(
            f"{server.url}/metrics", headers={"Authorization": "Bearer " + "m" * 20}
        )
        with urllib.request.urlopen(ask) as reply:
            lines = reply.read().decode().splitlines()
        counts = [
            float(line.rsplit(" ", 1)[1])
            for line in lines
            if line.startswith("diptych_request_seconds_count") and "/readyz" in line
        ]
        assert counts == [30.0]
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"{server.url}/metrics")
    finally:
        server.stop()


def test_a_wrong_setting_is_named(database_kind: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from diptych.cli import main; main()", "study", "list"],
        env={**os.environ, "DIPTYCH_LOG": "loud"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "DIPTYCH_LOG is 'loud'" in done.stderr
