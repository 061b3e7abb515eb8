"""The parts of `make demo` that go wrong on other people's machines."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.servers import free_port

from diptych import demo


def test_a_taken_port_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(demo.main, ["--port", str(port), "--once"])
    assert result.exit_code == 1
    said = " ".join(result.output.split())
    assert f"Port {port} can't be used" in said
    assert f"make demo PORT={port + 1}" in said
    assert list(tmp_path.iterdir()) == [], "nothing is made before it is known to work"


def test_outside_the_repository_it_says_where_it_must_be_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(demo.main, ["--port", str(free_port()), "--once"])
    assert result.exit_code == 1
    assert "repository" in result.output


def test_the_report_is_served_beside_the_studies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DIPTYCH_HOME", str(tmp_path / "home"))
    (tmp_path / "demo" / "report").mkdir(parents=True)
    (tmp_path / "demo" / "report" / "index.html").write_text("<h1>Report</h1>", encoding="utf-8")
    client = demo.application().test_client()
    assert client.get("/report/index.html").data == b"<h1>Report</h1>"
    assert client.get("/report/../instance/secret.key").status_code == 404
    assert client.get("/healthz").status_code == 200
